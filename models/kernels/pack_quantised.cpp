#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/kernels/packed_panels.h"
#include "models/kernels/quantise.h"
#include "models/kernels/turn_words.h"

namespace sightline {

namespace {

constexpr std::size_t kBlock = Nf4Blocks::kBlock;
/// Weights worth a hand-over to another thread.
constexpr std::size_t kGrain = std::size_t{1} << 15;
/// Sums of more products of 8-bit codes may leave 32 bits.
constexpr std::size_t kMaxInt8Columns = std::size_t{0x7FFFFFFF} / (127 * 127);

/// Calls `visit(range, first output of it)` for the rows of a panel, part by part.
template <typename Visit>
void visit_parts(const StackedRows& source, std::size_t panel, Visit&& visit) {
  const std::size_t end = std::min((panel + 1) * kPanel, source.rows());
  for (std::size_t row = panel * kPanel; row < end;) {
    const RowRange range = source.find(row, end - row);
    visit(range, row % kPanel);
    row += range.count;
  }
}

template <typename Work>
void for_each_panel(const StackedRows& source, const PackedPanels& panels, Work&& work) {
  const std::size_t grain = kGrain / (kPanel * panels.columns) + 1;
  parallel_for(panels.panels(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t panel = begin; panel < end; ++panel) work(panel);
    source.note_read(begin * kPanel, end * kPanel);
  });
}

/// A panel's codes of one byte each, [rows][columns rounded up to whole quads].
struct CodeRows {
  CodeRows(std::size_t rows, std::size_t columns)
      : stride((columns + kQuad - 1) / kQuad), words(rows * stride) {}
  void set_row(std::size_t row, const void* codes, std::size_t columns) {
    std::memcpy(words.data() + row * stride, codes, columns);
  }

  std::size_t stride = 0;  ///< quads
  std::vector<std::uint32_t> words;
};

/// [quads][rows] words
void place_words(const CodeRows& codes, std::size_t rows, std::byte* panel) {
  constexpr std::size_t kQuads = 64;
  std::uint32_t turned[kQuads * kPanel];
  for (std::size_t q = 0; q < codes.stride; q += kQuads) {
    const std::size_t count = std::min(kQuads, codes.stride - q);
    turn_words(codes.words.data() + q, codes.stride, rows, count, turned);
    std::memcpy(panel + q * rows * kQuad, turned, count * rows * kQuad);
  }
}

void place_int8(const StackedRows& source, std::size_t panel, PackedPanels& to) {
  std::vector<float> weights(to.columns);
  std::vector<std::int8_t> codes(to.columns);
  CodeRows rows(kPanel, to.columns);
  visit_parts(source, panel, [&](const RowRange& range, std::size_t output) {
    for (std::size_t row = range.first; row < range.first + range.count; ++row, ++output) {
      source.read(range.part, row * to.columns, weights);
      const std::size_t place = panel * kPanel + output;
      quantise_int8(weights, 1, to.columns, codes.data(), &to.scales[place], place);
      rows.set_row(output, codes.data(), to.columns);
      to.code_sums[place] = std::accumulate(codes.begin(), codes.end(), 0);
    }
  });
  place_words(rows, kPanel, to.panel(panel));
}

/// The codes of all panels, and the scales of each part.
class Nf4Packer {
 public:
  Nf4Packer(const StackedRows& source, PackedPanels& to) : source_(source), to_(to) {
    for (std::size_t part = 0; part < source.parts(); ++part) {
      absmax_.emplace_back((count_of(part) + kBlock - 1) / kBlock);
    }
  }

  void place_codes(std::size_t panel) {
    std::vector<std::uint8_t> codes(kPanel * to_.columns);
    visit_parts(source_, panel, [&](const RowRange& range, std::size_t output) {
      read_codes(range, codes.data() + output * to_.columns);
    });
    CodeRows rows(kPanel / 2, to_.columns);
    std::vector<std::uint8_t> pairs(to_.columns);
    for (std::size_t j = 0; j < kPanel / 2; ++j) {
      const std::uint8_t* low = codes.data() + j * to_.columns;
      const std::uint8_t* high = low + kPanel / 2 * to_.columns;
      for (std::size_t k = 0; k < pairs.size(); ++k) {
        pairs[k] = static_cast<std::uint8_t>(low[k] | high[k] << 4);
      }
      rows.set_row(j, pairs.data(), pairs.size());
    }
    place_words(rows, kPanel / 2, to_.panel(panel));
  }

  void double_quantise() {
    for (std::vector<float>& absmax : absmax_) absmax = dequantise(quantise_scales(absmax));
  }

  void place_scales(std::size_t panel) {
    float* blocks = &to_.scales[panel * to_.scale_blocks * kPanel];
    visit_parts(source_, panel, [&](const RowRange& range, std::size_t output) {
      for (std::size_t row = range.first; row < range.first + range.count; ++row, ++output) {
        const std::size_t begin = row * to_.columns, end = begin + to_.columns;
        for (std::size_t block = begin / kBlock; block * kBlock < end; ++block) {
          blocks[(block - begin / kBlock) * kPanel + output] = absmax_[range.part][block];
        }
        if (!to_.phases.empty()) {
          to_.phases[panel * kPanel + output] = static_cast<std::int32_t>(begin % kBlock);
        }
      }
    });
  }

 private:
  std::size_t count_of(std::size_t part) const { return source_.rows_of(part) * to_.columns; }

  /// Codes of rows, one a byte. Whole blocks around the rows are quantised; those that begin before
  /// the rows belong to the panel before, which keeps their scale.
  void read_codes(const RowRange& range, std::uint8_t* to) {
    const std::size_t begin = range.first * to_.columns, end = begin + range.count * to_.columns;
    const std::size_t first = begin / kBlock * kBlock;
    const std::size_t last = std::min((end + kBlock - 1) / kBlock * kBlock, count_of(range.part));
    std::vector<float> weights(last - first);
    std::vector<std::uint8_t> packed((weights.size() + 1) / 2), codes(2 * packed.size());
    std::vector<float> absmax((weights.size() + kBlock - 1) / kBlock);
    source_.read(range.part, first, weights);
    quantise_nf4(weights, packed.data(), absmax.data(), to_.columns, first);
    for (std::size_t block = 0; block < absmax.size(); ++block) {
      if (first + block * kBlock >= begin) {
        absmax_[range.part][first / kBlock + block] = absmax[block];
      }
    }
    for (std::size_t i = 0; i < packed.size(); ++i) {
      codes[2 * i] = packed[i] >> 4;
      codes[2 * i + 1] = packed[i] & 15;
    }
    std::copy_n(codes.data() + (begin - first), end - begin, to);
  }

  const StackedRows& source_;
  PackedPanels& to_;
  std::vector<std::vector<float>> absmax_;  ///< of each part's blocks
};

}  // namespace

void pack_int8(const StackedRows& source, PackedPanels& to) {
  require(to.columns <= kMaxInt8Columns,
          "a weight with {} inputs is to be kept as 8-bit codes, which take at most {}", to.columns,
          kMaxInt8Columns);
  to.scales.resize(to.panels() * kPanel);
  to.code_sums.resize(to.panels() * kPanel);
  for_each_panel(source, to, [&](std::size_t panel) { place_int8(source, panel, to); });
}

void pack_nf4(const StackedRows& source, bool double_quantise, PackedPanels& to) {
  const bool aligned = to.columns % kBlock == 0;
  to.scale_blocks = aligned ? to.columns / kBlock : (to.columns + 2 * kBlock - 2) / kBlock + 1;
  to.scales.resize(to.panels() * to.scale_blocks * kPanel);
  if (!aligned) to.phases.resize(to.panels() * kPanel);
  Nf4Packer packer(source, to);
  for_each_panel(source, to, [&](std::size_t panel) { packer.place_codes(panel); });
  if (double_quantise) packer.double_quantise();
  for_each_panel(source, to, [&](std::size_t panel) { packer.place_scales(panel); });
}

}  // namespace sightline
