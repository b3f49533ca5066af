#include "models/families/roberta.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "models/families/checkpoint.h"
#include "models/torch/tensors.h"

namespace sightline {

namespace {

/// Very old files call a norm's weight gamma and its bias beta.
std::vector<NameRule> names_of(const TensorFile& file) {
  std::vector<NameRule> rules;
  for (const std::string& name : file.names()) {
    for (const auto& [old, current] : {std::pair("LayerNorm.gamma", "LayerNorm.weight"),
                                       std::pair("LayerNorm.beta", "LayerNorm.bias")}) {
      if (!name.ends_with(old)) continue;
      rules.push_back({name, name.substr(0, name.size() - std::string_view(old).size()) + current});
    }
  }
  return rules;
}

struct Layer {
  Linear qkv, out;
  LayerNorm attention_norm, output_norm;
  Mlp mlp;
};

/// Post-norm: x = LN(x + attention(x)); x = LN(x + mlp(x)).
class Roberta final : public EntailmentModel {
 public:
  explicit Roberta(Checkpoint checkpoint);

  std::vector<EntailmentScores> classify(std::span<const EntailmentPair> pairs) override {
    if (pairs.empty()) return {};
    const InferenceScope scope;
    return with_torch_errors([&] { return scores_of(pairs); });
  }
  const std::string& weights_sha256() const override { return sha256_; }

 private:
  std::vector<EntailmentScores> scores_of(std::span<const EntailmentPair> pairs) const;
  void read_sizes(const ConfigFields& config);
  void read_labels(const ConfigFields& config);
  Layer load_layer(Weights& weights, std::int64_t index, Activation activation) const;
  at::Tensor embed(std::span<const TokenId> ids) const;
  at::Tensor run_layer(const Layer& layer, const at::Tensor& x,
                       std::span<const std::size_t> ends) const;

  Compute compute_;
  std::int64_t width_ = 0, layers_count_ = 0, heads_ = 0, hidden_ = 0;
  double eps_ = 1e-5;
  TokenId pad_ = 1;
  std::int64_t vocabulary_ = 0, positions_count_ = 0;
  std::array<std::int64_t, 3> labels_{};  ///< entailment, neutral, contradiction
  at::Tensor words_, positions_, type_;
  LayerNorm norm_;
  std::vector<Layer> layers_;
  Linear dense_, out_;
  std::optional<Tokenizer> tokenizer_;
  std::string sha256_;
};

Roberta::Roberta(Checkpoint checkpoint) {
  const ConfigFields config = checkpoint.fields();
  const TensorFile file = open_tensor_file(checkpoint.settings.path);
  checkpoint.weights.add(file, names_of(file));
  compute_ = choose_compute(checkpoint.settings, checkpoint.weights.usual_dtype());
  Weights& weights = checkpoint.weights;
  read_sizes(config);
  read_labels(config);
  const std::string embeddings = "roberta.embeddings.";
  const auto load = [&](const std::string& name, std::initializer_list<std::int64_t> shape) {
    return weights.take_floats(embeddings + name, shape).to(compute_.device, compute_.dtype);
  };
  words_ = load("word_embeddings.weight", {vocabulary_, width_});
  positions_ = load("position_embeddings.weight", {positions_count_, width_});
  type_ = load("token_type_embeddings.weight", {config.whole("type_vocab_size", 1, 1, 16), width_})
              .select(0, 0);
  norm_ = LayerNorm(weights, compute_, embeddings + "LayerNorm", width_, eps_);
  const Activation activation = read_activation(config, "hidden_act", "gelu");
  for (std::int64_t i = 0; i < layers_count_; ++i) {
    layers_.push_back(load_layer(weights, i, activation));
  }
  dense_ = Linear(weights, compute_, {"classifier.dense", width_}, width_, {});
  out_ = Linear(weights, compute_, {"classifier.out_proj", 3}, width_, {});
  weights.ignore_suffix(".position_ids");
  weights.ignore_prefix("roberta.pooler.");
  weights.require_all_taken();
  tokenizer_ = find_tokenizer(checkpoint);
  require(tokenizer_.has_value(), "{} has no tokenizer.json", checkpoint.folder.string());
  sha256_ = file.sha256();
}

void Roberta::read_sizes(const ConfigFields& config) {
  width_ = need(config, "hidden_size");
  layers_count_ = need(config, "num_hidden_layers");
  heads_ = need(config, "num_attention_heads");
  hidden_ = need(config, "intermediate_size");
  vocabulary_ = need(config, "vocab_size");
  positions_count_ = need(config, "max_position_embeddings");
  check_width(config, width_, heads_);
  eps_ = config.positive("layer_norm_eps", 1e-5);
  pad_ = static_cast<TokenId>(config.whole("pad_token_id", 1, 0, 1 << 24));
}

void Roberta::read_labels(const ConfigFields& config) {
  constexpr std::array<std::string_view, 3> kNames{"entailment", "neutral", "contradiction"};
  labels_.fill(-1);
  const nlohmann::json* labels = config.find("id2label");
  if (labels == nullptr || !labels->is_object()) {
    config.fail_field("id2label", "an object of three labels");
  }
  for (const auto& [id, value] : labels->items()) {
    std::string name = value.is_string() ? value.get<std::string>() : "";
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto place = std::ranges::find(kNames, name) - kNames.begin();
    const bool known = place < 3 && (id == "0" || id == "1" || id == "2");
    if (known) labels_[static_cast<std::size_t>(place)] = id[0] - '0';
  }
  if (std::ranges::min(labels_) < 0) {
    config.fail_field("id2label", "the labels entailment, neutral and contradiction");
  }
}

Layer Roberta::load_layer(Weights& weights, std::int64_t index, Activation activation) const {
  const std::string name = fmt::format("roberta.encoder.layer.{}.", index);
  const std::array<Linear::Part, 3> parts{{{name + "attention.self.query", width_},
                                           {name + "attention.self.key", width_},
                                           {name + "attention.self.value", width_}}};
  return {.qkv = Linear(weights, compute_, parts, width_, {}),
          .out = Linear(weights, compute_, {name + "attention.output.dense", width_}, width_, {}),
          .attention_norm =
              LayerNorm(weights, compute_, name + "attention.output.LayerNorm", width_, eps_),
          .output_norm = LayerNorm(weights, compute_, name + "output.LayerNorm", width_, eps_),
          .mlp = Mlp(weights, compute_, name,
                     {.fc1 = "intermediate.dense",
                      .fc2 = "output.dense",
                      .in = width_,
                      .hidden = hidden_,
                      .out = width_,
                      .activation = activation})};
}

at::Tensor Roberta::embed(std::span<const TokenId> ids) const {
  const auto count = static_cast<std::int64_t>(ids.size());
  const std::vector<std::int64_t> rows(ids.begin(), ids.end());
  require(std::ranges::max(rows) < vocabulary_, "token id {} lies beyond the vocabulary of {}",
          std::ranges::max(rows), vocabulary_);
  // Positions are counted from behind the padding's own.
  return words_.index_select(0, at::tensor(rows, at::kLong).to(compute_.device)) +
         positions_.narrow(0, pad_ + 1, count) + type_;
}

at::Tensor Roberta::run_layer(const Layer& layer, const at::Tensor& x,
                              std::span<const std::size_t> ends) const {
  const std::int64_t dim = width_ / heads_;
  const AttentionShape shape{.heads = heads_,
                             .kv_heads = heads_,
                             .head_dim = dim,
                             .scale = 1 / std::sqrt(static_cast<double>(dim))};
  const at::Tensor qkv = layer.qkv(x, ends);
  std::vector<std::vector<KeyRange>> ranges;
  std::vector<AttentionPart> parts;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    ranges.push_back(all_keys(end - begin));
    begin = end;
  }
  begin = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const auto count = static_cast<std::int64_t>(ends[i] - begin);
    const at::Tensor rows = qkv.narrow(0, static_cast<std::int64_t>(begin), count);
    const auto heads = [&](std::int64_t third) {
      return rows.narrow(1, third * width_, width_).unflatten(1, {heads_, dim});
    };
    parts.push_back({rows.narrow(1, 0, width_), heads(1), heads(2), ranges[i]});
    begin = ends[i];
  }
  const at::Tensor y = layer.attention_norm(x + layer.out(attend(compute_, shape, parts), ends));
  return layer.output_norm(y + layer.mlp(y, ends));
}

std::vector<EntailmentScores> Roberta::scores_of(std::span<const EntailmentPair> pairs) const {
  const auto most = static_cast<std::size_t>(positions_count_ - pad_ - 1);
  std::vector<at::Tensor> rows;
  std::vector<std::size_t> ends;
  std::vector<std::int64_t> firsts;
  std::size_t count = 0;
  for (const EntailmentPair& pair : pairs) {
    const Encoding encoding =
        tokenizer_->encode_pair(pair.premise, pair.hypothesis, {.max_length = most});
    rows.push_back(embed(encoding.ids));
    firsts.push_back(static_cast<std::int64_t>(count));
    ends.push_back(count += encoding.ids.size());
  }
  at::Tensor x = norm_(at::cat(rows));
  for (const Layer& layer : layers_) x = run_layer(layer, x, ends);
  x = x.index_select(0, at::tensor(firsts, at::kLong).to(x.device()));
  const at::Tensor logits = out_(at::tanh(dense_(x))).to(at::kCPU, at::kFloat);
  const at::Tensor p = at::softmax(logits, -1).contiguous();
  std::vector<EntailmentScores> scores(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const float* row = p.data_ptr<float>() + 3 * i;
    scores[i] = {row[labels_[0]], row[labels_[1]], row[labels_[2]]};
  }
  return scores;
}

}  // namespace

std::unique_ptr<EntailmentModel> make_entailment(const EntailmentSettings& settings) {
  NetworkSettings network;
  network.path = settings.path;
  network.device = settings.device;
  network.precision = Precision::kFp32;
  Checkpoint checkpoint = open_checkpoint(network);
  const std::string type = checkpoint.fields().text("model_type", "");
  require(type == "roberta", "{}: the model_type is '{}'; want 'roberta'", checkpoint.config_name,
          type);
  return std::make_unique<Roberta>(std::move(checkpoint));
}

}  // namespace sightline
