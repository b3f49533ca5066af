#include "models/nn/decoder.h"

#include <ATen/ATen.h>

#include <array>
#include <cstring>
#include <map>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// The keys that the token at `position` sees.
KeyRange visible(std::size_t position, std::size_t bidirectional, std::size_t window) {
  if (position < bidirectional) return {0, bidirectional};
  const std::size_t end = position + 1;
  return {window > 0 && end > window ? end - window : 0, end};
}

}  // namespace

struct Decoder::Plan {
  std::span<const Rows> sequences;
  std::vector<std::size_t> ends;  ///< of the sequences among the rows
  Rotation rotation;
  /// By window: what each row of each sequence sees.
  std::map<std::int64_t, std::vector<std::vector<KeyRange>>> ranges;
};

Decoder::Decoder(Weights& weights, const Compute& compute, const DecoderConfig& config)
    : compute_(compute), config_(config) {
  const std::string table = "text.embed_tokens";
  embeddings_ = weights.take(table + ".weight", {config.vocabulary, config.width});
  embeddings_file_ = weights.file_of(table + ".weight");
  if (!config.tied) weights.count(embeddings_.bytes.size());
  const std::size_t before = weights.bytes();
  for (std::int64_t i = 0; i < config.layers; ++i) layers_.push_back(load_layer(weights, i));
  norm_ = RmsNorm(weights, compute, "text.norm", config.width, config.norm);
  head_ = Linear(weights, compute, {config.tied ? table : "lm_head", config.vocabulary},
                 config.width, {.bias = false, .quantise = false});
  bytes_ = weights.bytes() - before;
  rotary_ = config.inverse_frequencies.empty() ? Rotary(compute, config.head_dim, config.rope_theta)
                                               : Rotary(compute, config.inverse_frequencies);
}

Decoder::Layer Decoder::load_layer(Weights& weights, std::int64_t index) const {
  const std::string name = fmt::format("text.layers.{}.", index);
  const auto norm = [&](const char* which, std::int64_t width) {
    return RmsNorm(weights, compute_, name + which, width, config_.norm);
  };
  const std::int64_t kv = config_.kv_heads * config_.head_dim;
  const std::int64_t queries = config_.heads * config_.head_dim;
  const std::array<Linear::Part, 3> parts{{{name + "self_attn.q_proj", queries},
                                           {name + "self_attn.k_proj", kv},
                                           {name + "self_attn.v_proj", kv}}};
  Layer layer;
  layer.input_norm = norm("input_layernorm", config_.width);
  layer.qkv = Linear(weights, compute_, parts, config_.width, {.bias = config_.qkv_bias});
  layer.out = Linear(weights, compute_, {name + "self_attn.o_proj", config_.width}, queries,
                     {.bias = false});
  if (config_.query_key_norm) {
    layer.query_norm = norm("self_attn.q_norm", config_.head_dim);
    layer.key_norm = norm("self_attn.k_norm", config_.head_dim);
  }
  if (config_.gemma2_norms) {
    layer.attention_norm = norm("post_attention_layernorm", config_.width);
    layer.mlp_norm = norm("pre_feedforward_layernorm", config_.width);
    layer.output_norm = norm("post_feedforward_layernorm", config_.width);
  } else {
    layer.mlp_norm = norm("post_attention_layernorm", config_.width);
  }
  if (config_.experts) {
    layer.mlp = Experts(weights, compute_, name + "mlp.", config_.width, *config_.experts,
                        config_.activation);
  } else {
    layer.mlp = GatedMlp(weights, compute_, name + "mlp.", config_.width, config_.hidden,
                         config_.activation);
  }
  return layer;
}

std::unique_ptr<KvCache> Decoder::new_cache(std::size_t capacity) const {
  const KvCache::Shape shape{layers_.size(), config_.kv_heads, config_.head_dim};
  return std::make_unique<KvCache>(compute_, shape, capacity);
}

at::Tensor Decoder::embed(std::span<const TokenId> ids) const {
  // Read where the file is mapped: a prompt needs few of the rows.
  const auto row_bytes = embeddings_.bytes.size() / static_cast<std::size_t>(config_.vocabulary);
  std::vector<std::byte> rows(ids.size() * row_bytes);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    require(ids[i] >= 0 && ids[i] < config_.vocabulary,
            "token id {} lies beyond the model's vocabulary of {}: tokenizer.json and config.json "
            "do not fit together",
            ids[i], config_.vocabulary);
    std::memcpy(rows.data() + i * row_bytes,
                embeddings_.bytes.data() + static_cast<std::size_t>(ids[i]) * row_bytes, row_bytes);
  }
  const auto count = static_cast<std::int64_t>(ids.size());
  const at::Tensor x = to_floats({embeddings_.dtype, {count, config_.width}, rows})
                           .to(compute_.device, compute_.dtype);
  if (config_.embedding_scale == 1) return x;
  return x * at::full({}, config_.embedding_scale, at::kFloat).to(x.options());
}

at::Tensor Decoder::attention(std::size_t index, const at::Tensor& x, const Plan& plan) const {
  const Layer& layer = layers_[index];
  const std::int64_t d = config_.head_dim, queries = config_.heads * d, kv = config_.kv_heads * d;
  const at::Tensor qkv = layer.qkv(x, plan.ends);
  at::Tensor q = qkv.narrow(1, 0, queries).unflatten(1, {config_.heads, d});
  at::Tensor k = qkv.narrow(1, queries, kv).unflatten(1, {config_.kv_heads, d});
  const at::Tensor v = qkv.narrow(1, queries + kv, kv).unflatten(1, {config_.kv_heads, d});
  if (config_.query_key_norm) {
    q = layer.query_norm(q);
    k = layer.key_norm(k);
  }
  rotate(compute_, q, plan.rotation);
  rotate(compute_, k, plan.rotation);
  const at::Tensor flat = q.flatten(1);

  const AttentionShape shape{.heads = config_.heads,
                             .kv_heads = config_.kv_heads,
                             .head_dim = d,
                             .scale = config_.attention_scale,
                             .softcap = config_.attention_softcap};
  const bool is_last = index + 1 == layers_.size();
  const auto& ranges = plan.ranges.at(config_.windows.empty() ? 0 : config_.windows[index]);
  std::vector<AttentionPart> parts;
  std::int64_t begin = 0;
  for (std::size_t s = 0; s < plan.sequences.size(); ++s) {
    const Rows& rows = plan.sequences[s];
    const auto count = static_cast<std::int64_t>(rows.count);
    rows.cache->append(index, k.narrow(0, begin, count), v.narrow(0, begin, count));
    const std::size_t length = rows.cache->length() + rows.count;
    const std::int64_t skipped = is_last && !rows.all_outputs ? count - 1 : 0;
    parts.push_back({flat.narrow(0, begin + skipped, count - skipped),
                     rows.cache->keys(index, length), rows.cache->values(index, length),
                     std::span(ranges[s]).subspan(static_cast<std::size_t>(skipped))});
    begin += count;
  }
  return attend(compute_, shape, parts);
}

at::Tensor Decoder::run_mlp(const Layer& layer, const at::Tensor& x, const Plan& plan) const {
  return std::visit([&](const auto& mlp) { return mlp(x, plan.ends); }, layer.mlp);
}

at::Tensor Decoder::forward(at::Tensor x, std::span<const Rows> sequences) const {
  Plan plan = make_plan(sequences);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    at::Tensor attended = attention(i, layer.input_norm(x), plan);
    if (i + 1 == layers_.size()) keep_outputs(plan, x);
    attended = layer.out(attended, plan.ends);
    x = x + (config_.gemma2_norms ? layer.attention_norm(attended) : attended);
    const at::Tensor y = run_mlp(layer, layer.mlp_norm(x), plan);
    x = x + (config_.gemma2_norms ? layer.output_norm(y) : y);
  }
  for (const Rows& rows : sequences) rows.cache->advance(rows.count);
  return norm_(x);
}

Decoder::Plan Decoder::make_plan(std::span<const Rows> sequences) const {
  Plan plan{.sequences = sequences};
  std::vector<std::int64_t> positions;
  std::vector<std::int64_t> windows = config_.windows;
  if (windows.empty()) windows = {0};
  for (const Rows& rows : sequences) {
    rows.cache->make_room(rows.count);
    const std::size_t past = rows.cache->length();
    for (std::size_t i = 0; i < rows.count; ++i) {
      positions.push_back(static_cast<std::int64_t>(past + i) + config_.first_position);
    }
    plan.ends.push_back(positions.size());
  }
  for (const std::int64_t window : windows) {
    if (plan.ranges.contains(window)) continue;
    auto& ranges = plan.ranges[window];
    for (const Rows& rows : sequences) {
      const std::size_t past = rows.cache->length();
      std::vector<KeyRange>& own = ranges.emplace_back();
      for (std::size_t i = 0; i < rows.count; ++i) {
        own.push_back(visible(past + i, rows.bidirectional, static_cast<std::size_t>(window)));
      }
    }
  }
  plan.rotation = rotary_.at(positions);
  return plan;
}

void Decoder::keep_outputs(Plan& plan, at::Tensor& x) const {
  std::vector<std::int64_t> kept;
  std::vector<std::size_t> ends;
  std::int64_t begin = 0;
  for (const Rows& rows : plan.sequences) {
    const auto count = static_cast<std::int64_t>(rows.count);
    for (std::int64_t i = rows.all_outputs ? 0 : count - 1; i < count; ++i) {
      kept.push_back(begin + i);
    }
    ends.push_back(kept.size());
    begin += count;
  }
  plan.ends = std::move(ends);
  if (static_cast<std::int64_t>(kept.size()) == x.size(0)) return;
  x = x.index_select(0, at::tensor(kept, at::kLong).to(x.device()));
}

at::Tensor Decoder::logits(const at::Tensor& x) const {
  at::Tensor y = head_(x);
  if (config_.logits_softcap > 0) y = soft_cap(compute_, y, config_.logits_softcap);
  return y.to(at::kFloat);
}

}  // namespace sightline
