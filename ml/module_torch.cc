/* The border of the wall: devices, tensors by name, every exception as words. */
#include "ml/module_torch.hh"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace {

using torch::Tensor;

/* one line of what libtorch says: its messages carry a stack of C++ frames */
int said(char *words, const char *what) {
  std::snprintf(words, CNN_WORDS, "%s", what);
  /* TorchScript's words go on with the source text and paths of whoever exported the file */
  for (const char *end : {"\nException raised from", "\n:\n  File", ":\n  File", "  File \""}) {
    char *rest = std::strstr(words, end);
    if (rest) *rest = '\0';
  }
  for (char *c = words; *c; c++)
    if (*c == '\n') *c = ' ';
  return 1;
}

template <class F> int guarded(char *words, F f) {
  try {
    f();
    return 0;
  } catch (const c10::Error &e) {
    return said(words, e.what_without_backtrace());
  } catch (const std::exception &e) {
    return said(words, e.what());
  } catch (...) {
    return said(words, "unknown exception");
  }
}

void about(char words[CNN_WORDS]) {
  if (torch::cuda::is_available())
    std::snprintf(words, CNN_WORDS, "%s, CUDA, %d device(s)", TORCH_VERSION,
                  static_cast<int>(torch::cuda::device_count()));
  else
    std::snprintf(words, CNN_WORDS, "%s, CPU", TORCH_VERSION);
}

/* Does the device take `bytes`? Asking by allocating works in every version without CUDA headers.
 */
bool takes(const torch::Device &device, int64_t bytes) {
  try {
    Tensor probe = torch::empty({bytes}, torch::TensorOptions().dtype(torch::kByte).device(device));
    return probe.numel() == bytes;
  } catch (const std::exception &) {
    return false;
  }
}

int choose_device(cnn_device *out, const char *wish, int64_t bytes, int threads, char *words) {
  return guarded(words, [&] {
    std::string w = wish && *wish ? wish : "auto";
    bool any = torch::cuda::is_available();
    out->threads = threads;
    if (threads > 0) at::set_num_threads(threads);
    if (w != "auto" && w != "cpu" && w.compare(0, 4, "cuda") != 0)
      throw std::invalid_argument("device \"" + w + "\": auto, cpu, cuda or cuda:N");
    if (w.compare(0, 4, "cuda") == 0 && !any)
      throw std::invalid_argument("device " + w +
                                  ": this libtorch (" TORCH_VERSION ") sees no CUDA device");
    std::string name = w == "auto" ? (any ? "cuda:0" : "cpu") : w == "cuda" ? "cuda:0" : w;
    const char *why =
        w == "auto" ? (any ? "the first CUDA device" : "no CUDA device") : "asked for";
    if (name != "cpu" && !takes(torch::Device(name), bytes)) {
      if (w != "auto")
        throw std::invalid_argument("device " + name + " has not enough free memory");
      name = "cpu";
      why = "the CUDA device has not enough free memory";
    }
    std::snprintf(out->name, sizeof out->name, "%s", name.c_str());
    std::snprintf(out->words, sizeof out->words, "%s (%s), libtorch %s, %d thread(s)", name.c_str(),
                  why, TORCH_VERSION, at::get_num_threads());
  });
}

void to_device(cnn_net *net, const torch::Device &device) {
  net->device = device;
  for (named_tensor &t : net->tensors) {
    bool learns = t.tensor.requires_grad();
    t.tensor = t.tensor.detach().to(device);
    if (learns) t.tensor.set_requires_grad(true);
  }
}

int create(cnn_net **out, const cnn_arch *arch, const cnn_device *device, char *words) {
  return guarded(words, [&] {
    cnn_net *net = net_make(*arch);
    to_device(net, torch::Device(device ? device->name : "cpu"));
    *out = net;
  });
}

int load(cnn_net **out, const char *path, const cnn_device *device, char *words) {
  return guarded(words, [&] {
    torch::Device d(device ? device->name : "cpu");
    cnn_net *net = script_load(path, d);
    net->device = d;
    *out = net;
  });
}

int extra(char **text, const char *path, const char *name, char *words) {
  return guarded(words, [&] {
    std::string found = script_extra(path, name);
    *text = found.empty() ? nullptr : strdup(found.c_str());
  });
}

int save(cnn_net *net, const char *path, const char *name, const char *text, char *words) {
  return guarded(words, [&] { script_save(net, path, name, text); });
}

void destroy(cnn_net *net) {
  delete net;
}

int64_t tensors(const cnn_net *net, int optimiser) {
  return static_cast<int64_t>(net->tensors.size() + (optimiser ? net->moments.size() : 0));
}

const named_tensor &at_index(const cnn_net *net, int64_t i) {
  size_t k = static_cast<size_t>(i), n = net->tensors.size();
  return k < n ? net->tensors[k] : net->moments.at(k - n);
}

int tensor(cnn_tensor *out, const cnn_net *net, int64_t i, char *words) {
  return guarded(words, [&] {
    const named_tensor &t = at_index(net, i);
    *out = cnn_tensor{};
    std::snprintf(out->name, sizeof out->name, "%s", t.name.c_str());
    out->role = t.role;
    out->last = t.last;
    out->rank = static_cast<int>(t.tensor.dim());
    for (int d = 0; d < out->rank && d < 8; d++) out->dims[d] = t.tensor.size(d);
    out->count = t.tensor.numel();
    if (t.role == CNN_WEIGHT && out->rank > 1) out->fan_in = out->count / out->dims[0];
  });
}

int get(double *data, const cnn_net *net, int64_t i, char *words) {
  return guarded(words, [&] {
    Tensor t = at_index(net, i).tensor.detach().to(torch::kCPU).to(torch::kDouble).contiguous();
    std::memcpy(data, t.data_ptr<double>(), static_cast<size_t>(t.numel()) * sizeof *data);
  });
}

int set(cnn_net *net, int64_t i, const double *data, char *words) {
  return guarded(words, [&] {
    torch::NoGradGuard none;
    Tensor t = at_index(net, i).tensor;
    Tensor from = torch::from_blob(const_cast<double *>(data), t.sizes(), torch::kDouble);
    t.copy_(from);
  });
}

int optimise(cnn_net *net, int sgd, int64_t steps, char *words) {
  return guarded(words, [&] { optimiser_start(net, sgd, steps); });
}

int64_t steps(const cnn_net *net) {
  return net->steps;
}

int step(double *loss, cnn_net *net, const cnn_batch *b, const cnn_step *s, char *words) {
  return guarded(words, [&] { *loss = train_step(net, *b, *s); });
}

int loss_only(double *loss, cnn_net *net, const cnn_batch *b, const cnn_step *s, char *words) {
  return guarded(words, [&] { *loss = evaluate_loss(net, *b, *s); });
}

float *taken(const Tensor &from, int64_t *count) {
  Tensor t = from.detach().to(torch::kCPU).to(torch::kFloat).contiguous();
  *count = t.numel();
  size_t bytes = static_cast<size_t>(t.numel()) * sizeof(float);
  auto *out = static_cast<float *>(std::malloc(bytes ? bytes : 1));
  if (!out) throw std::bad_alloc();
  std::memcpy(out, t.data_ptr<float>(), bytes);
  return out;
}

int forward(float **out, int64_t *count, cnn_net *net, const cnn_batch *b, int half, char *words) {
  return guarded(words, [&] {
    torch::NoGradGuard none;
    net->training = false;
    half_scope scope(half && net->device.is_cuda());
    *out = taken(net->forward(image_tensor(net, *b), columns_tensor(net, *b)), count);
  });
}

int map(float **out, int64_t grid[3], float **weights, int64_t *channels, cnn_net *net,
        const cnn_batch *b, int index, int which, char *words) {
  return guarded(words, [&] {
    Tensor alpha, m = map_make(&alpha, net, *b, index, which);
    int64_t count, rank = m.dim();
    grid[0] = m.size(rank - 1);
    grid[1] = m.size(rank - 2);
    grid[2] = rank > 2 && net->dims == 3 ? m.size(rank - 3) : 1;
    *out = taken(m, &count);
    if (weights && alpha.defined()) *weights = taken(alpha, channels);
  });
}

} // namespace

Tensor image_tensor(const cnn_net *net, const cnn_batch &b) {
  if (!b.image) return Tensor();
  int64_t voxels = b.size[0] * b.size[1] * b.size[2];
  if (b.n < 1 || voxels < 1) throw std::invalid_argument("a batch without images");
  dims_list shape{b.n, b.channels};
  if (net->dims == 3) shape.push_back(b.size[2]);
  shape.push_back(b.size[1]);
  shape.push_back(b.size[0]);
  Tensor t = torch::from_blob(const_cast<float *>(b.image), shape, torch::kFloat);
  if (!net->device.is_cuda()) return t;
  t = t.to(net->device);
  return t.contiguous(net->dims == 3 ? at::MemoryFormat::ChannelsLast3d
                                     : at::MemoryFormat::ChannelsLast);
}

Tensor columns_tensor(const cnn_net *net, const cnn_batch &b) {
  if (!b.columns) return Tensor();
  return torch::from_blob(const_cast<float *>(b.columns), {b.n, b.column_count}, torch::kFloat)
      .to(net->device);
}

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
half_scope::half_scope(bool wanted)
    : on(wanted), before(at::autocast::is_autocast_enabled(at::kCUDA)) {
  if (!on) return;
  at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCUDA, true);
}
half_scope::~half_scope() {
  if (!on) return;
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCUDA, before);
}
#else
half_scope::half_scope(bool wanted) : on(wanted), before(at::autocast::is_enabled()) {
  if (!on) return;
  at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
  at::autocast::set_enabled(true);
}
half_scope::~half_scope() {
  if (!on) return;
  at::autocast::clear_cache();
  at::autocast::set_enabled(before);
}
#endif

extern "C" __attribute__((visibility("default"))) const cnn_torch cnn_torch_module;
const cnn_torch cnn_torch_module = {
    CNN_TORCH_VERSION, about,  choose_device, create, load,     extra, save, destroy,
    tensors,           tensor, get,           set,    optimise, steps, step, loss_only,
    forward,           map};
