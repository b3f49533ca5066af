#include "models/kernels/attention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "models/kernels/attention_kernels.h"
#include "models/kernels/bfloat16.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::HasSubstr;

struct Shape {
  const char* name;
  std::size_t queries, keys, heads, kv_heads, head_dim;
  float softcap = 0;
  bool keys_first = true;   ///< [tokens, kv_heads, d], else [kv_heads, tokens, d]
  bool causal = false;      ///< the last query sees all keys
  std::size_t window = 0;   ///< 0: all
  bool any_ranges = false;  ///< random ones
};

const Shape kShapes[] = {
    {"one_key", 1, 1, 1, 1, 16},
    {"decode", 1, 300, 8, 4, 128},
    {"decode_of_one_key_value_head", 1, 77, 8, 1, 256, 50},
    {"decode_of_many_heads", 1, 70, 28, 1, 32},
    {"decode_in_heads_first_cache", 1, 131, 4, 2, 80, 0, false},
    {"image", 49, 49, 3, 3, 72},
    {"small_heads", 5, 5, 2, 2, 16},
    {"odd_heads", 13, 40, 4, 2, 24},
    {"grouped", 37, 37, 8, 2, 64},
    {"grouped_with_cap", 40, 40, 4, 2, 96, 5},
    {"heads_first", 30, 90, 6, 3, 80, 0, false},
    {"causal", 75, 75, 4, 2, 64, 0, true, true},
    {"continued", 20, 150, 4, 2, 128, 0, true, true},
    {"sliding", 90, 90, 4, 4, 64, 0, true, true, 33},
    {"narrow_window", 60, 60, 2, 1, 64, 0, true, true, 3},
    {"any_ranges", 100, 200, 4, 2, 40, 0, true, false, 0, true},
    {"long", 3, 3000, 2, 1, 64},
};

KeyRange range_of(const Shape& shape, std::size_t query, Rng& rng) {
  if (shape.any_ranges) {
    const std::size_t begin = rng.below(shape.keys);
    return {begin, begin + 1 + rng.below(shape.keys - begin)};
  }
  const std::size_t end = shape.causal ? shape.keys - shape.queries + query + 1 : shape.keys;
  return {shape.window == 0 || end < shape.window ? 0 : end - shape.window, end};
}

/// A call and the memory that it points to.
template <typename T>
struct Problem {
  std::vector<T> queries, keys, values, out;
  std::vector<KeyRange> ranges;
  AttentionCall<T> call;
};

/// Numbers of T that float and double hold alike.
template <typename T>
std::vector<T> random_numbers(std::size_t count, Rng& rng) {
  std::vector<T> numbers(count);
  for (T& number : numbers) number = round_to<T>(static_cast<float>(rng.normal()));
  return numbers;
}

template <typename T>
void make_problem(const Shape& shape, std::uint64_t seed, Problem<T>& problem) {
  Rng rng(seed);
  const std::size_t d = shape.head_dim;
  AttentionCall<T>& call = problem.call;
  call = {.heads = shape.heads,
          .kv_heads = shape.kv_heads,
          .head_dim = d,
          .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(d))),
          .softcap = shape.softcap};
  call.query_stride = shape.heads * d + 3;  // rows of a wider matrix
  call.out_stride = shape.heads * d + 1;
  call.key_stride = shape.keys_first ? shape.kv_heads * d + 5 : d;
  call.key_head_stride = shape.keys_first ? d : shape.keys * d;
  problem.queries = random_numbers<T>(shape.queries * call.query_stride, rng);
  const std::size_t count =
      shape.keys_first ? shape.keys * call.key_stride : shape.kv_heads * shape.keys * d;
  problem.keys = random_numbers<T>(count, rng);
  problem.values = random_numbers<T>(count, rng);
  problem.out.assign(shape.queries * call.out_stride, round_to<T>(7.0F));
  for (std::size_t i = 0; i < shape.queries; ++i) {
    problem.ranges.push_back(range_of(shape, i, rng));
  }
  call.queries = problem.queries.data();
  call.keys = problem.keys.data();
  call.values = problem.values.data();
  call.ranges = problem.ranges;
  call.out = problem.out.data();
}

double round_double(double x, float) {
  return x;
}
double round_double(double x, BFloat16) {
  return to_float(round_to<BFloat16>(static_cast<float>(x)));
}

/// A query head's result by the formula, in double; rounded as BFloat16 where T is one.
template <typename T>
std::vector<double> oracle(const AttentionCall<T>& call, std::size_t query, std::size_t head) {
  const std::size_t d = call.head_dim, kv = head / (call.heads / call.kv_heads);
  const T* q = call.queries + query * call.query_stride + head * d;
  const KeyRange range = call.ranges[query];
  std::vector<double> weights;
  double largest = -HUGE_VAL, total = 0;
  for (std::size_t j = range.begin; j < range.end; ++j) {
    const T* key = call.keys + j * call.key_stride + kv * call.key_head_stride;
    double score = 0;
    for (std::size_t k = 0; k < d; ++k) score += double{to_float(q[k])} * to_float(key[k]);
    score = round_double(round_double(score, T{}) * call.scale, T{});
    if (call.softcap != 0) {
      score = round_double(std::tanh(round_double(score / call.softcap, T{})), T{});
      score = round_double(score * call.softcap, T{});
    }
    weights.push_back(score);
    largest = std::max(largest, score);
  }
  for (double& weight : weights) total += weight = std::exp(weight - largest);
  std::vector<double> sums(d);
  for (std::size_t j = range.begin; j < range.end; ++j) {
    const T* value = call.values + j * call.key_stride + kv * call.key_head_stride;
    const double weight = round_double(weights[j - range.begin] / total, T{});
    for (std::size_t k = 0; k < d; ++k) sums[k] += weight * to_float(value[k]);
  }
  return sums;
}

/// A bfloat16 score near the middle of two may round to the other one, which moves a result by up
/// to some units of its 8 bits; floats are summed to 24 bits.
template <typename T>
constexpr double kTolerance = std::is_same_v<T, float> ? 2e-6 : 1.5e-2;

template <typename T>
void expect_oracle(const Problem<T>& problem) {
  const AttentionCall<T>& call = problem.call;
  double total = 0, count = 0;
  for (std::size_t query = 0; query < call.ranges.size(); ++query) {
    for (std::size_t head = 0; head < call.heads; ++head) {
      const auto want = oracle(call, query, head);
      for (std::size_t k = 0; k < call.head_dim; ++k) {
        const double got = to_float(call.out[query * call.out_stride + head * call.head_dim + k]);
        ASSERT_NEAR(got, want[k], kTolerance<T>) << query << " " << head << " " << k;
        total += std::abs(got - want[k]);
        ++count;
      }
    }
    const T beyond = call.out[query * call.out_stride + call.heads * call.head_dim];
    ASSERT_EQ(to_float(beyond), 7) << "written beyond row " << query;
  }
  // On average the rounding of the result is nearly all there is.
  EXPECT_LT(total / count, kTolerance<T> / 10);
}

template <typename T>
std::vector<std::uint32_t> bits_of(const std::vector<T>& numbers) {
  std::vector<std::uint32_t> bits;
  for (const T number : numbers) bits.push_back(std::bit_cast<std::uint32_t>(to_float(number)));
  return bits;
}

template <typename T>
std::vector<std::uint32_t> run(Problem<T>& problem, const AttentionKernels& kernels) {
  const std::span<const AttentionCall<T>> calls(&problem.call, 1);
  attend<T>(calls, kernels);
  return bits_of(problem.out);
}

class AttentionSets : public ::testing::TestWithParam<const AttentionKernels*> {};

TEST_P(AttentionSets, IsTheFormula) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    Problem<float> floats;
    make_problem(shape, 1, floats);
    run(floats, *GetParam());
    expect_oracle(floats);
    Problem<BFloat16> bfloats;
    make_problem(shape, 2, bfloats);
    run(bfloats, *GetParam());
    expect_oracle(bfloats);
  }
}

template <typename T>
void expect_equal_sets(const AttentionKernels& kernels) {
  for (const Shape& shape : kShapes) {
    Problem<T> problem;
    make_problem(shape, 3, problem);
    const auto want = run(problem, *generic_attention_kernels());
    EXPECT_EQ(run(problem, kernels), want) << shape.name;
  }
}

TEST_P(AttentionSets, GiveTheBitsOfTheGenericSet) {
  expect_equal_sets<float>(*GetParam());
  expect_equal_sets<BFloat16>(*GetParam());
}

/// The bits of all results of a call whose queries come one by one.
template <typename T>
std::vector<std::uint32_t> one_by_one(Problem<T>& problem, const AttentionKernels& kernels) {
  const AttentionCall<T> whole = problem.call;
  for (std::size_t i = 0; i < whole.ranges.size(); ++i) {
    problem.call.queries = whole.queries + i * whole.query_stride;
    problem.call.out = whole.out + i * whole.out_stride;
    problem.call.ranges = whole.ranges.subspan(i, 1);
    run(problem, kernels);
  }
  problem.call = whole;
  return bits_of(problem.out);
}

template <typename T>
void expect_alone_as_among_others(const AttentionKernels& kernels) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    Problem<T> problem;
    make_problem(shape, 4, problem);
    const auto want = run(problem, kernels);
    for (const std::size_t threads : {1U, 2U, 3U}) {
      set_thread_count(threads);
      EXPECT_EQ(run(problem, kernels), want) << threads << " threads";
      EXPECT_EQ(one_by_one(problem, kernels), want) << threads << " threads";
    }
    set_thread_count(0);
  }
}

TEST_P(AttentionSets, AQueryAloneEqualsTheQueryAmongOthersWithAnyThreads) {
  expect_alone_as_among_others<float>(*GetParam());
  expect_alone_as_among_others<BFloat16>(*GetParam());
}

TEST_P(AttentionSets, KeysThatAQueryDoesNotSeeHaveNoPart) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name);
    Problem<float> problem;
    make_problem(shape, 5, problem);
    const auto want = run(problem, *GetParam());
    // Query by query, everything that it does not see becomes NaN.
    const auto keys = problem.keys, values = problem.values;
    for (std::size_t i = 0; i < shape.queries; i += 7) {
      for (std::size_t kv = 0; kv < shape.kv_heads; ++kv) {
        for (std::size_t j = 0; j < shape.keys; ++j) {
          if (j >= problem.ranges[i].begin && j < problem.ranges[i].end) continue;
          const auto at = static_cast<std::ptrdiff_t>(j * problem.call.key_stride +
                                                      kv * problem.call.key_head_stride);
          const auto d = static_cast<std::ptrdiff_t>(shape.head_dim);
          std::fill_n(problem.keys.begin() + at, d, nan);
          std::fill_n(problem.values.begin() + at, d, nan);
        }
      }
      run(problem, *GetParam());
      const auto got = bits_of(problem.out);
      const auto row = static_cast<std::ptrdiff_t>(i * problem.call.out_stride);
      ASSERT_TRUE(
          std::equal(got.begin() + row,
                     got.begin() + row + static_cast<std::ptrdiff_t>(shape.heads * shape.head_dim),
                     want.begin() + row))
          << "query " << i;
      problem.keys = keys;
      problem.values = values;
      problem.call.keys = problem.keys.data();
      problem.call.values = problem.values.data();
    }
  }
}

TEST_P(AttentionSets, SequencesTogetherEqualEachAlone) {
  std::vector<Problem<float>> problems(std::size(kShapes));
  std::vector<AttentionCall<float>> calls;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    make_problem(kShapes[i], i, problems[i]);
    calls.push_back(problems[i].call);
  }
  attend<float>(calls, *GetParam());
  for (Problem<float>& problem : problems) {
    const auto together = bits_of(problem.out);
    EXPECT_EQ(run(problem, *GetParam()), together);
  }
}

TEST_P(AttentionSets, HugeScoresDoNotOverflow) {
  Problem<float> problem;
  make_problem({"huge", 3, 50, 2, 1, 16}, 6, problem);
  problem.call.scale = 1e6F;
  run(problem, *GetParam());
  for (std::size_t i = 0; i < 3; ++i) {
    const auto want = oracle(problem.call, i, 0);
    for (std::size_t k = 0; k < 16; ++k) {
      EXPECT_NEAR(problem.out[i * problem.call.out_stride + k], want[k], 1e-6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, AttentionSets, ::testing::ValuesIn(attention_kernels()),
                         [](const auto& set) { return std::string(set.param->products->name); });

TEST(Attention, TakesTheFastestSet) {
  Problem<float> problem;
  make_problem(kShapes[1], 1, problem);
  const auto want = run(problem, *attention_kernels().front());
  problem.out.assign(problem.out.size(), 7);
  attend(std::span<const AttentionCall<float>>(&problem.call, 1));
  EXPECT_EQ(bits_of(problem.out), want);
}

TEST(Attention, RefusesAQueryWithoutKeysAndHeadsThatDoNotDivide) {
  Problem<float> problem;
  make_problem(kShapes[1], 1, problem);
  const auto attempt = [&] { attend(std::span<const AttentionCall<float>>(&problem.call, 1)); };
  problem.ranges[0] = {5, 5};
  EXPECT_THAT(testing::error_of(attempt), HasSubstr("[5, 5), which is none"));
  problem.ranges[0] = {0, 5};
  problem.call.kv_heads = 3;
  EXPECT_THAT(testing::error_of(attempt), HasSubstr("8 query heads cannot share 3"));
}

TEST(Attention, NoSequencesAndNoQueriesAreNoWork) {
  attend(std::span<const AttentionCall<float>>());
  const AttentionCall<float> none = {.heads = 2, .kv_heads = 1, .head_dim = 16};
  attend(std::span(&none, 1));
}

}  // namespace
}  // namespace sightline
