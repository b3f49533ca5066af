#include "models/families/flowmo_block.h"

#include <ATen/ATen.h>

namespace sightline {

namespace {

constexpr double kNormEps = 1e-6;

/// Rows worth a product of their own.
constexpr std::int64_t kPieceRows = 1024;

/// The rows of some sequences, of vectors that each has or that all share.
at::Tensor of_sequences(const at::Tensor& vectors, std::int64_t first, std::int64_t count) {
  return vectors.size(0) == 1 ? vectors : vectors.narrow(0, first, count);
}
Modulation of_sequences(const Modulation& modulation, std::int64_t first, std::int64_t count) {
  return {of_sequences(modulation.factor, first, count),
          of_sequences(modulation.shift, first, count)};
}

std::size_t index_of(FlowMoStream stream) {
  return static_cast<std::size_t>(stream);
}

}  // namespace

FlowMoBlock::FlowMoBlock(Weights& weights, const Compute& compute, const std::string& prefix,
                         const FlowMoStack& stack, double attention_scale, bool timed)
    : compute_(compute),
      stack_(stack),
      shape_{.heads = stack.heads,
             .kv_heads = stack.heads,
             .head_dim = stack.head_dim(),
             .scale = attention_scale} {
  layers_[index_of(FlowMoStream::kCode)] = load(weights, prefix + "txt_", timed);
  layers_[index_of(FlowMoStream::kImage)] = load(weights, prefix + "img_", timed);
}

FlowMoBlock::Layers FlowMoBlock::load(Weights& weights, const std::string& prefix,
                                      bool timed) const {
  const std::int64_t width = stack_.width, dim = stack_.head_dim();
  Layers layers;
  if (timed)
    layers.modulation = Linear(weights, compute_, {prefix + "mod.lin", 6 * width}, width, {});
  layers.qkv = Linear(weights, compute_, {prefix + "attn.qkv", 3 * width}, width, {});
  layers.proj = Linear(weights, compute_, {prefix + "attn.proj", width}, width, {});
  const auto scale = [&](const char* name) {
    return weights.take_floats(prefix + "attn.norm." + name, {dim}).to(compute_.device);
  };
  layers.query_scale = scale("query_norm.scale");
  layers.key_scale = scale("key_norm.scale");
  layers.mlp = Mlp(weights, compute_, prefix + "mlp.",
                   {.fc1 = "0",
                    .fc2 = "2",
                    .in = width,
                    .hidden = 4 * width,
                    .out = width,
                    .activation = Activation::kGeluTanh});
  return layers;
}

FlowMoBlock::Vectors FlowMoBlock::vectors(const Layers& layers, const at::Tensor& condition) const {
  const std::int64_t width = stack_.width;
  if (!condition.defined()) {
    const Modulation none = no_modulation(compute_, width);
    return {none, none, none.factor, none.factor};
  }
  // Rows are sequences of their own for LLM.int8.
  std::vector<std::size_t> ends;
  for (std::int64_t i = 1; i <= condition.size(0); ++i) ends.push_back(static_cast<std::size_t>(i));
  const at::Tensor all = layers.modulation(condition, ends);
  const auto part = [&](std::int64_t i) {
    return all.narrow(1, i * width, width).to(at::kFloat).contiguous();
  };
  // 1 + scale is rounded as a tensor of the compute type, which it is in the reference.
  const auto factor = [&](std::int64_t i) {
    return (1 + all.narrow(1, i * width, width)).to(at::kFloat).contiguous();
  };
  return {{factor(1), part(0)}, {factor(4), part(3)}, part(2), part(5)};
}

std::vector<FlowMoBlock::Piece> FlowMoBlock::pieces(std::int64_t sequences,
                                                    std::int64_t length) const {
  // A GPU takes all at once. On a CPU what a layer makes is then small enough to be found again in
  // the memory that the last piece left, which saves the system from clearing it anew.
  const std::int64_t most =
      compute_.kernels ? std::max<std::int64_t>(1, kPieceRows / length) : sequences;
  std::vector<Piece> pieces;
  for (std::int64_t first = 0; first < sequences; first += most) {
    Piece piece{.first = first, .count = std::min(most, sequences - first)};
    piece.first_row = first * length;
    piece.rows = piece.count * length;
    for (std::int64_t i = 1; i <= piece.count; ++i) {
      piece.ends.push_back(static_cast<std::size_t>(i * length));
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

at::Tensor FlowMoBlock::queries(FlowMoStream stream, const at::Tensor& x, const Vectors& vectors,
                                const FlowMoPass& pass, const at::Tensor& keys_values) const {
  const std::size_t at = index_of(stream);
  const Layers& layers = layers_[at];
  const std::int64_t width = stack_.width, length = pass.lengths[at];
  const std::int64_t offset = stream == FlowMoStream::kCode ? 0 : pass.lengths[0];
  const HeadShape shape{stack_.heads, stack_.head_dim()};
  const at::Tensor queries = at::empty({pass.sequences, length, width}, x.options());
  for (const Piece& piece : pieces(pass.sequences, length)) {
    const at::Tensor norm =
        modulated_norm(compute_, x.narrow(0, piece.first_row, piece.rows),
                       of_sequences(vectors.attention, piece.first, piece.count), kNormEps);
    const at::Tensor qkv = layers.qkv(norm, piece.ends).view({piece.count, length, 3 * width});
    const at::Tensor own =
        keys_values.narrow(0, piece.first, piece.count).narrow(1, offset, length);
    norm_and_rotate(compute_, shape, qkv.narrow(2, 0, width), layers.query_scale, kNormEps,
                    pass.rotations[at], queries.narrow(0, piece.first, piece.count));
    norm_and_rotate(compute_, shape, qkv.narrow(2, width, width), layers.key_scale, kNormEps,
                    pass.rotations[at], own.narrow(2, 0, width));
    own.narrow(2, width, width).copy_(qkv.narrow(2, 2 * width, width));
  }
  return queries;
}

void FlowMoBlock::add_mlp(const Layers& layers, at::Tensor x, const Vectors& vectors,
                          std::span<const Piece> pieces) const {
  for (const Piece& piece : pieces) {
    at::Tensor own = x.narrow(0, piece.first_row, piece.rows);
    const at::Tensor norm = modulated_norm(
        compute_, own, of_sequences(vectors.mlp, piece.first, piece.count), kNormEps);
    add_gated(compute_, own, layers.mlp(norm, piece.ends),
              of_sequences(vectors.mlp_gate, piece.first, piece.count));
  }
}

at::Tensor FlowMoBlock::attention(const FlowMoTokens& queries, const at::Tensor& keys_values,
                                  const FlowMoPass& pass,
                                  std::span<const FlowMoStream> wanted) const {
  const std::int64_t tokens = keys_values.size(1);
  const auto keys = static_cast<std::size_t>(tokens);
  const std::vector<KeyRange> ranges(
      static_cast<std::size_t>(std::max(pass.lengths[0], pass.lengths[1])), {0, keys});
  std::vector<AttentionPart> parts;
  for (const FlowMoStream stream : wanted) {
    const std::size_t at = index_of(stream);
    for (std::int64_t i = 0; i < pass.sequences; ++i) {
      const at::Tensor both =
          keys_values.select(0, i).view({tokens, 2, stack_.heads, stack_.head_dim()});
      parts.push_back({queries[at].select(0, i), both.select(1, 0), both.select(1, 1),
                       std::span(ranges).first(static_cast<std::size_t>(pass.lengths[at]))});
    }
  }
  return attend(compute_, shape_, parts);
}

void FlowMoBlock::run(FlowMoTokens& tokens, const FlowMoPass& pass,
                      std::span<const FlowMoStream> wanted) const {
  std::array<Vectors, 2> vectors_of;
  FlowMoTokens asked;
  const at::Tensor keys_values = at::empty(
      {pass.sequences, pass.lengths[0] + pass.lengths[1], 2 * stack_.width}, tokens[0].options());
  for (const FlowMoStream stream : kFlowMoStreams) {
    const std::size_t at = index_of(stream);
    vectors_of[at] = vectors(layers_[at], pass.condition);
    asked[at] = queries(stream, tokens[at], vectors_of[at], pass, keys_values);
  }
  const at::Tensor seen = attention(asked, keys_values, pass, wanted);
  std::int64_t first = 0;
  for (const FlowMoStream stream : wanted) {
    const std::size_t at = index_of(stream);
    const Layers& layers = layers_[at];
    const std::vector<Piece> all = pieces(pass.sequences, pass.lengths[at]);
    for (const Piece& piece : all) {
      at::Tensor own = tokens[at].narrow(0, piece.first_row, piece.rows);
      add_gated(compute_, own, layers.proj(seen.narrow(0, first, piece.rows), piece.ends),
                of_sequences(vectors_of[at].attention_gate, piece.first, piece.count));
      first += piece.rows;
    }
    add_mlp(layers, tokens[at], vectors_of[at], all);
  }
}

}  // namespace sightline
