/* Losses and one step of the optimiser. */
#include "ml/module_torch.hh"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace {

using torch::Tensor;

Tensor as_shape(const float *data, const Tensor &like) {
  return torch::from_blob(const_cast<float *>(data), like.sizes(), torch::kFloat).to(like.device());
}

Tensor weighted_mean(const Tensor &loss, const float *weight) {
  if (!weight) return loss.mean();
  Tensor w = as_shape(weight, loss);
  return (loss * w).sum() / w.sum().clamp_min(1e-12);
}

Tensor huber(const Tensor &difference, double delta) {
  Tensor a = difference.abs();
  return torch::where(a <= delta, 0.5 * difference * difference, delta * (a - 0.5 * delta));
}

Tensor logistic(const Tensor &y, const cnn_batch &b, const cnn_step &s) {
  Tensor t = as_shape(b.target, y);
  Tensor loss = torch::clamp_min(y, 0) - y * t + torch::log1p(torch::exp(-y.abs()));
  if (s.class_weight) { /* here [0] for target 0, [1] for target 1 */
    double w0 = static_cast<double>(s.class_weight[0]), w1 = static_cast<double>(s.class_weight[1]);
    loss = loss * (w0 + (w1 - w0) * t);
  }
  return weighted_mean(loss, b.weight);
}

Tensor class_tensor(const Tensor &y, const cnn_batch &b) {
  dims_list shape = y.sizes().vec();
  shape.erase(shape.begin() + 1);
  return torch::from_blob(const_cast<uint8_t *>(b.klass), shape, torch::kByte)
      .to(y.device())
      .to(torch::kLong);
}

Tensor cross_entropy(const Tensor &y, const Tensor &klass, const float *class_weight) {
  Tensor w;
  if (class_weight)
    w = torch::from_blob(const_cast<float *>(class_weight), {y.size(1)}, torch::kFloat)
            .to(y.device());
  return torch::nll_loss_nd(torch::log_softmax(y, 1), klass, w);
}

/* 1 - mean over classes but the background of 2 sum(p t) / (sum p + sum t), over the whole batch
 */
Tensor soft_dice(const Tensor &y, const Tensor &klass) {
  int64_t classes = y.size(1);
  Tensor p = torch::softmax(y, 1).flatten(2);
  Tensor t = torch::one_hot(klass.flatten(1), classes).transpose(1, 2).to(torch::kFloat);
  const dims_list over{0, 2};
  Tensor both = (p * t).sum(over), sum = p.sum(over) + t.sum(over);
  Tensor dice = (2 * both + 1) / (sum + 1);
  return 1 - dice.slice(0, 1).mean();
}

/* Efron's partial likelihood as one matrix: a row for each event and its share l/d of the tied
 * ones; loss = mean over events of log(sum of the row x exp(y)) - y of the event */
Tensor cox(const Tensor &y, const cnn_batch &b) {
  int64_t n = b.n, events = 0;
  for (int64_t i = 0; i < n; i++) events += b.event[i] == 1;
  if (!events) return y.sum() * 0;
  std::vector<float> rows(static_cast<size_t>(events * n), 0), is_event(static_cast<size_t>(n), 0);
  int64_t row = 0;
  for (int64_t i = 0; i < n; i++) {
    if (b.event[i] != 1) continue;
    is_event[static_cast<size_t>(i)] = 1;
    int64_t before = 0, tied = 0;
    for (int64_t j = 0; j < n; j++) {
      bool same = b.event[j] == 1 && b.time[j] == b.time[i];
      tied += same;
      before += same && j < i;
    }
    double share = static_cast<double>(before) / static_cast<double>(tied);
    for (int64_t j = 0; j < n; j++) {
      bool same = b.event[j] == 1 && b.time[j] == b.time[i];
      if (b.time[j] >= b.time[i])
        rows[static_cast<size_t>(row * n + j)] = static_cast<float>(same ? 1 - share : 1);
    }
    row++;
  }
  Tensor m = torch::from_blob(rows.data(), {events, n}, torch::kFloat).clone().to(y.device());
  Tensor e = torch::from_blob(is_event.data(), {n}, torch::kFloat).clone().to(y.device());
  Tensor eta = y.flatten();
  Tensor top = eta.max().detach();
  Tensor log_sums = torch::log(m.mv(torch::exp(eta - top))) + top;
  return (log_sums.sum() - (eta * e).sum()) / static_cast<double>(events);
}

Tensor loss_of(const Tensor &out, const cnn_batch &b, const cnn_step &s) {
  Tensor y = out.to(torch::kFloat);
  switch (s.loss) {
  case CNN_LOSS_SQUARED:
    return weighted_mean((y - as_shape(b.target, y)).square(), b.weight);
  case CNN_LOSS_HUBER:
    return weighted_mean(huber(y - as_shape(b.target, y), s.huber), b.weight);
  case CNN_LOSS_LOGISTIC:
    return logistic(y, b, s);
  case CNN_LOSS_CLASSES:
    return cross_entropy(y, class_tensor(y, b), s.class_weight);
  case CNN_LOSS_COX:
    return cox(y, b);
  case CNN_LOSS_DICE: {
    Tensor k = class_tensor(y, b);
    return soft_dice(y, k) + cross_entropy(y, k, s.class_weight);
  }
  default:
    throw std::invalid_argument("unknown loss " + std::to_string(s.loss));
  }
}

bool learns(const named_tensor &t) {
  return t.role <= CNN_SCALE;
}

void clip_gradient(cnn_net *net, double most) {
  double sum = 0;
  for (named_tensor &t : net->tensors)
    if (learns(t) && t.tensor.grad().defined()) {
      double norm = t.tensor.grad().norm().item<double>();
      sum += norm * norm;
    }
  double norm = std::sqrt(sum);
  if (norm <= most) return;
  for (named_tensor &t : net->tensors)
    if (learns(t) && t.tensor.grad().defined()) t.tensor.mutable_grad().mul_(most / norm);
}

/* AdamW (loshchilov2019) with beta 0.9, 0.999, epsilon 1e-8 */
void step_adam(cnn_net *net, const cnn_step &s) {
  const double b1 = 0.9, b2 = 0.999, epsilon = 1e-8;
  double n = static_cast<double>(net->steps);
  double c1 = 1 - std::pow(b1, n), c2 = 1 - std::pow(b2, n);
  size_t at = 0;
  for (named_tensor &t : net->tensors) {
    if (!learns(t)) continue;
    Tensor m = net->moments[at++].tensor, v = net->moments[at++].tensor;
    const Tensor &g = t.tensor.grad();
    if (!g.defined()) continue;
    if (t.role == CNN_WEIGHT && s.decay > 0) t.tensor.mul_(1 - s.rate * s.decay);
    m.mul_(b1).add_(g, 1 - b1);
    v.mul_(b2).addcmul_(g, g, 1 - b2);
    t.tensor.addcdiv_(m, (v.sqrt() / std::sqrt(c2)).add_(epsilon), -s.rate / c1);
  }
}

void step_sgd(cnn_net *net, const cnn_step &s) {
  size_t at = 0;
  for (named_tensor &t : net->tensors) {
    if (!learns(t)) continue;
    Tensor m = net->moments[at++].tensor;
    const Tensor &g = t.tensor.grad();
    if (!g.defined()) continue;
    if (t.role == CNN_WEIGHT && s.decay > 0) t.tensor.mul_(1 - s.rate * s.decay);
    m.mul_(0.9).add_(g);
    t.tensor.add_(m, -s.rate);
  }
}

void forget_gradient(cnn_net *net) {
  for (named_tensor &t : net->tensors)
    if (t.tensor.grad().defined()) t.tensor.mutable_grad() = Tensor();
}

Tensor loss_through(cnn_net *net, const cnn_batch &b, const cnn_step &s) {
  Tensor out;
  {
    half_scope half(s.half && net->device.is_cuda());
    out = net->forward(image_tensor(net, b), columns_tensor(net, b));
  }
  return loss_of(out, b, s);
}

} // namespace

void optimiser_start(cnn_net *net, int sgd, int64_t steps) {
  net->moments.clear();
  net->steps = steps;
  for (const named_tensor &t : net->tensors) {
    if (!learns(t)) continue;
    net->moments.push_back(
        {"first/" + t.name, torch::zeros_like(t.tensor.detach()), CNN_MOMENT, false});
    if (!sgd)
      net->moments.push_back(
          {"second/" + t.name, torch::zeros_like(t.tensor.detach()), CNN_MOMENT, false});
  }
}

double train_step(cnn_net *net, const cnn_batch &b, const cnn_step &s) {
  net->training = true;
  net->seed = s.seed;
  Tensor loss = loss_through(net, b, s);
  (loss * s.share).backward();
  net->training = false;
  double value = loss.item<double>();
  if (!s.apply) return value;
  torch::NoGradGuard none;
  if (s.clip > 0) clip_gradient(net, s.clip);
  net->steps++;
  if (s.sgd)
    step_sgd(net, s);
  else
    step_adam(net, s);
  forget_gradient(net);
  return value;
}

double evaluate_loss(cnn_net *net, const cnn_batch &b, const cnn_step &s) {
  torch::NoGradGuard none;
  net->training = false;
  return loss_through(net, b, s).item<double>();
}
