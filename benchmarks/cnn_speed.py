"""The 3-D ResNet-10 of cnn_selftest in Python's torch: times of a training step and of inference on 4 images of 64^3.
usage: cnn_speed.py THREADS"""
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]))
device = "cuda" if torch.cuda.is_available() else "cpu"


class Block(nn.Module):
    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv3d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(n_out)
        self.conv2 = nn.Conv3d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.side = None
        if stride != 1 or n_in != n_out:
            self.side = nn.Sequential(nn.Conv3d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm3d(n_out))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (self.side(x) if self.side else x))


net = nn.Sequential(nn.Conv3d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm3d(64), nn.ReLU(inplace=True), nn.MaxPool3d(3, 2, 1),
                    Block(64, 64, 1), Block(64, 128, 2), Block(128, 256, 2), Block(256, 512, 2),
                    nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(512, 1)).to(device)
optimiser = torch.optim.SGD(net.parameters(), 1e-4, momentum=0.9)
image, target = torch.randn(4, 1, 64, 64, 64), torch.tensor([[0.0], [1], [0], [1]])
step, infer, step_cpu, infer_cpu = [], [], [], []
for turn in range(7):
    start, cpu = time.perf_counter(), time.process_time()
    net.train()
    optimiser.zero_grad(set_to_none=True)
    loss = ((net(image.to(device)) - target.to(device)) ** 2).mean()
    loss.backward()
    optimiser.step()
    loss.item()
    step.append(time.perf_counter() - start)
    step_cpu.append(time.process_time() - cpu)
    start, cpu = time.perf_counter(), time.process_time()
    net.eval()
    with torch.no_grad():
        net(image.to(device)).cpu()
    infer.append(time.perf_counter() - start)
    infer_cpu.append(time.process_time() - cpu)
print("torch %s, %s: training step %.4f s (processor %.4f), inference %.4f s (processor %.4f)"
      % (torch.__version__, device, min(step[2:]), min(step_cpu[2:]), min(infer[2:]), min(infer_cpu[2:])))
