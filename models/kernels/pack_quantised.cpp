#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/kernels/packed_panels.h"
#include "models/kernels/quantise.h"

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
void for_each_panel(const PackedPanels& panels, Work&& work) {
  const std::size_t grain = kGrain / (kPanel * panels.columns) + 1;
  parallel_for(panels.panels(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t panel = begin; panel < end; ++panel) work(panel);
  });
}

void place_int8(const StackedRows& source, std::size_t panel, PackedPanels& to) {
  std::vector<float> weights(to.columns);
  std::vector<std::int8_t> codes(to.columns);
  visit_parts(source, panel, [&](const RowRange& range, std::size_t output) {
    for (std::size_t row = range.first; row < range.first + range.count; ++row, ++output) {
      source.read(range.part, row * to.columns, weights);
      const std::size_t place = panel * kPanel + output;
      quantise_int8(weights, 1, to.columns, codes.data(), &to.scales[place], place);
      std::byte* word = to.panel(panel) + output * kQuad;
      for (std::size_t k = 0; k < to.columns; k += kQuad, word += kPanel * kQuad) {
        std::memcpy(word, &codes[k], std::min(kQuad, to.columns - k));
      }
      to.code_sums[place] = std::accumulate(codes.begin(), codes.end(), 0);
    }
  });
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
    visit_parts(source_, panel, [&](const RowRange& range, std::size_t output) {
      place_codes(panel, range, output);
    });
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

  /// Whole blocks around the rows are quantised. Those that begin before the rows belong to the
  /// panel before, which keeps their scale.
  void place_codes(std::size_t panel, const RowRange& range, std::size_t output) {
    const std::size_t begin = range.first * to_.columns, end = begin + range.count * to_.columns;
    const std::size_t first = begin / kBlock * kBlock;
    const std::size_t last = std::min((end + kBlock - 1) / kBlock * kBlock, count_of(range.part));
    std::vector<float> weights(last - first);
    std::vector<std::uint8_t> packed((weights.size() + 1) / 2);
    std::vector<float> absmax((weights.size() + kBlock - 1) / kBlock);
    source_.read(range.part, first, weights);
    quantise_nf4(weights, packed.data(), absmax.data(), to_.columns, first);
    for (std::size_t block = 0; block < absmax.size(); ++block) {
      if (first + block * kBlock >= begin) {
        absmax_[range.part][first / kBlock + block] = absmax[block];
      }
    }
    for (std::size_t r = 0; r < range.count; ++r) {
      place_row(panel, output + r, packed, begin - first + r * to_.columns);
    }
  }

  void place_row(std::size_t panel, std::size_t output, const std::vector<std::uint8_t>& packed,
                 std::size_t first) {
    std::byte* codes = to_.panel(panel) + output % 16 * kQuad;
    const int shift = output < 16 ? 0 : 4;
    for (std::size_t k = 0; k < to_.columns; ++k) {
      const std::size_t i = first + k;
      const int code = (packed[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15;
      codes[k / kQuad * 16 * kQuad + k % kQuad] |= static_cast<std::byte>(code << shift);
    }
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
  for_each_panel(to, [&](std::size_t panel) { place_int8(source, panel, to); });
}

void pack_nf4(const StackedRows& source, bool double_quantise, PackedPanels& to) {
  const bool aligned = to.columns % kBlock == 0;
  to.scale_blocks = aligned ? to.columns / kBlock : (to.columns + 2 * kBlock - 2) / kBlock + 1;
  to.scales.resize(to.panels() * to.scale_blocks * kPanel);
  if (!aligned) to.phases.resize(to.panels() * kPanel);
  Nf4Packer packer(source, to);
  for_each_panel(to, [&](std::size_t panel) { packer.place_codes(panel); });
  if (double_quantise) packer.double_quantise();
  for_each_panel(to, [&](std::size_t panel) { packer.place_scales(panel); });
}

}  // namespace sightline
