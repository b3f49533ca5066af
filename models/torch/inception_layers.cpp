#include "models/torch/inception_layers.h"

namespace sightline {
namespace {

using Pooling = InceptionPooling;
using Convolutions = std::vector<InceptionConvolution>;

InceptionBlock single(const InceptionConvolution& convolution, std::int64_t side) {
  return {"", {side, side}, {{Pooling::kNone, {convolution}, {}}}};
}

InceptionBlock halve(std::int64_t side) {
  return {"", {side, side}, {{Pooling::kHalve, {}, {}}}};
}

InceptionBlock block_a(const std::string& name, std::int64_t in, std::int64_t pooled) {
  const Convolutions five = {{"branch5x5_1", in, 48}, {"branch5x5_2", 48, 64, {5, 5}, {2, 2}}};
  const Convolutions three = {{"branch3x3dbl_1", in, 64},
                              {"branch3x3dbl_2", 64, 96, {3, 3}, {1, 1}},
                              {"branch3x3dbl_3", 96, 96, {3, 3}, {1, 1}}};
  return {name,
          {35, 35},
          {{Pooling::kNone, {{"branch1x1", in, 64}}, {}},
           {Pooling::kNone, five, {}},
           {Pooling::kNone, three, {}},
           {Pooling::kAverage, {{"branch_pool", in, pooled}}, {}}}};
}

InceptionBlock block_b(const std::string& name) {
  const Convolutions three = {{"branch3x3dbl_1", 288, 64},
                              {"branch3x3dbl_2", 64, 96, {3, 3}, {1, 1}},
                              {"branch3x3dbl_3", 96, 96, {3, 3}, {0, 0}, 2}};
  return {name,
          {35, 35},
          {{Pooling::kNone, {{"branch3x3", 288, 384, {3, 3}, {0, 0}, 2}}, {}},
           {Pooling::kNone, three, {}},
           {Pooling::kHalve, {}, {}}}};
}

InceptionBlock block_c(const std::string& name, std::int64_t width) {
  const Convolutions seven = {{"branch7x7_1", 768, width},
                              {"branch7x7_2", width, width, {1, 7}, {0, 3}},
                              {"branch7x7_3", width, 192, {7, 1}, {3, 0}}};
  const Convolutions twice = {{"branch7x7dbl_1", 768, width},
                              {"branch7x7dbl_2", width, width, {7, 1}, {3, 0}},
                              {"branch7x7dbl_3", width, width, {1, 7}, {0, 3}},
                              {"branch7x7dbl_4", width, width, {7, 1}, {3, 0}},
                              {"branch7x7dbl_5", width, 192, {1, 7}, {0, 3}}};
  return {name,
          {17, 17},
          {{Pooling::kNone, {{"branch1x1", 768, 192}}, {}},
           {Pooling::kNone, seven, {}},
           {Pooling::kNone, twice, {}},
           {Pooling::kAverage, {{"branch_pool", 768, 192}}, {}}}};
}

InceptionBlock block_d(const std::string& name) {
  const Convolutions three = {{"branch3x3_1", 768, 192},
                              {"branch3x3_2", 192, 320, {3, 3}, {0, 0}, 2}};
  const Convolutions seven = {{"branch7x7x3_1", 768, 192},
                              {"branch7x7x3_2", 192, 192, {1, 7}, {0, 3}},
                              {"branch7x7x3_3", 192, 192, {7, 1}, {3, 0}},
                              {"branch7x7x3_4", 192, 192, {3, 3}, {0, 0}, 2}};
  return {name,
          {17, 17},
          {{Pooling::kNone, three, {}}, {Pooling::kNone, seven, {}}, {Pooling::kHalve, {}, {}}}};
}

InceptionBlock block_e(const std::string& name, std::int64_t in, Pooling pooling) {
  const Convolutions three_fork = {{"branch3x3_2a", 384, 384, {1, 3}, {0, 1}},
                                   {"branch3x3_2b", 384, 384, {3, 1}, {1, 0}}};
  const Convolutions twice = {{"branch3x3dbl_1", in, 448},
                              {"branch3x3dbl_2", 448, 384, {3, 3}, {1, 1}}};
  const Convolutions twice_fork = {{"branch3x3dbl_3a", 384, 384, {1, 3}, {0, 1}},
                                   {"branch3x3dbl_3b", 384, 384, {3, 1}, {1, 0}}};
  return {name,
          {8, 8},
          {{Pooling::kNone, {{"branch1x1", in, 320}}, {}},
           {Pooling::kNone, {{"branch3x3_1", in, 384}}, three_fork},
           {Pooling::kNone, twice, twice_fork},
           {pooling, {{"branch_pool", in, 192}}, {}}}};
}

}  // namespace

std::vector<InceptionBlock> inception_blocks() {
  return {single({"Conv2d_1a_3x3", 3, 32, {3, 3}, {0, 0}, 2}, 299),
          single({"Conv2d_2a_3x3", 32, 32, {3, 3}}, 149),
          single({"Conv2d_2b_3x3", 32, 64, {3, 3}, {1, 1}}, 147),
          halve(147),
          single({"Conv2d_3b_1x1", 64, 80}, 73),
          single({"Conv2d_4a_3x3", 80, 192, {3, 3}}, 73),
          halve(71),
          block_a("Mixed_5b", 192, 32),
          block_a("Mixed_5c", 256, 64),
          block_a("Mixed_5d", 288, 64),
          block_b("Mixed_6a"),
          block_c("Mixed_6b", 128),
          block_c("Mixed_6c", 160),
          block_c("Mixed_6d", 160),
          block_c("Mixed_6e", 192),
          block_d("Mixed_7a"),
          block_e("Mixed_7b", 1280, Pooling::kAverage),
          block_e("Mixed_7c", 2048, Pooling::kMaximum)};
}

}  // namespace sightline
