#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "models/tokenizers/tokenizer.h"

// Text and vocabularies are made here: words whose n-th most frequent has a share of about 1/n, and
// merges that build the frequent ones. Sizes are those of Gemma (256000) and Qwen2 (151643).

namespace sightline {
namespace {

using nlohmann::json;

constexpr std::size_t kWords = 70'000;

/// Words of 2 to 11 letters; the frequent ones are short, as in English.
std::vector<std::string> make_words() {
  const std::string kVowels = "aeiou", kConsonants = "tnshrdlcmwfgypbvk";
  Rng rng(11);
  std::set<std::string> seen;
  std::vector<std::string> words;
  while (words.size() < kWords) {
    const std::size_t longest = 5 + words.size() * 9 / kWords;
    const std::size_t length = 2 + rng.below(longest);
    std::string word;
    for (std::size_t i = 0; i < length; ++i) word += rng.pick(i % 2 == 0 ? kConsonants : kVowels);
    if (seen.insert(word).second) words.push_back(word);
  }
  return words;
}

const std::vector<std::string>& all_words() {
  static const std::vector<std::string> words = make_words();
  return words;
}

/// About `bytes` of sentences.
std::string make_text(std::size_t bytes) {
  Rng rng(12);
  std::string text;
  while (text.size() < bytes) {
    const std::size_t length = 5 + rng.below(15);
    for (std::size_t i = 0; i < length; ++i) {
      // The rank of a word drawn by Zipf's law: log-uniform.
      const double rank = std::exp(rng.uniform() * std::log(static_cast<double>(kWords)));
      std::string word = all_words()[static_cast<std::size_t>(rank) - 1];
      if (i == 0) word[0] = static_cast<char>(word[0] - 32);
      text += word + (i + 1 < length ? rng.chance(0.08) ? ", " : " " : "");
    }
    text += rng.chance(0.2) ? ".\n\n" : ". ";
  }
  return text;
}

/// A vocabulary in the making, and its merges.
struct Tables {
  json vocabulary = json::object(), merges = json::array();
  std::set<std::string> tokens;

  void add(const std::string& token) {
    if (tokens.insert(token).second) vocabulary[token] = tokens.size() - 1;
  }
  /// Builds `word` from its letters, from the left; `space` counts as one of them.
  void add_word(const std::string& space, const std::string& word) {
    std::string left = space.empty() ? word.substr(0, 1) : space;
    for (std::size_t i = space.empty() ? 1 : 0; i < word.size(); ++i) {
      const std::string next = left + word[i];
      if (!tokens.contains(next)) merges.push_back({left, word.substr(i, 1)});
      add(next);
      left = next;
    }
  }
};

Tables make_tables(std::size_t size, const std::string& space) {
  Tables tables;
  for (int byte = 0; byte < 256; ++byte) tables.add(fmt::format("<0x{:02X}>", byte));
  for (char c = '!'; c <= '~'; ++c) tables.add(std::string(1, c));
  for (const char* token : {"\n", "\t"}) tables.add(token);
  tables.add(space);
  // Words with a space come first: their merges go from the left to the end, and those of two
  // letters, which later words need, do not break them up.
  for (const std::string& word : all_words()) {
    if (tables.tokens.size() < size * 2 / 3) tables.add_word(space, word);
  }
  for (const std::string& word : all_words()) {
    if (tables.tokens.size() < size) tables.add_word("", word);
  }
  return tables;
}

json gemma_like() {
  Tables tables = make_tables(256'000, "\u2581");
  return {
      {"added_tokens",
       {{{"id", tables.vocabulary["<0x00>"]}, {"content", "<0x00>"}, {"normalized", false}}}},
      {"normalizer", {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}},
      {"pre_tokenizer",
       {{"type", "Split"},
        {"pattern", {{"String", " "}}},
        {"behavior", "MergedWithPrevious"},
        {"invert", false}}},
      {"model",
       {{"type", "BPE"},
        {"byte_fallback", true},
        {"vocab", std::move(tables.vocabulary)},
        {"merges", std::move(tables.merges)}}}};
}

json qwen2_like() {
  Tables tables = make_tables(151'643, "\u0120");
  for (std::uint32_t c = 0x21; c < 0x144; ++c) {
    std::string character;
    if (c < 0x80) {
      character = static_cast<char>(c);
    } else {
      character = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    }
    tables.add(character);
  }
  const char* pattern =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  return {{"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer",
           {{"type", "Sequence"},
            {"pretokenizers",
             {{{"type", "Split"},
               {"pattern", {{"Regex", pattern}}},
               {"behavior", "Isolated"},
               {"invert", false}},
              {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model",
           {{"type", "BPE"},
            {"vocab", std::move(tables.vocabulary)},
            {"merges", std::move(tables.merges)}}}};
}

/// A tokenizer file in the folder for temporary files, gone when the program ends.
class TokenizerFile {
 public:
  TokenizerFile(const char* name, const json& content)
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("sightline_{}_{}.json", name, ::getpid())) {
    write_file_atomically(path_, content.dump());
  }
  ~TokenizerFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TokenizerFile(const TokenizerFile&) = delete;
  TokenizerFile& operator=(const TokenizerFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const std::filesystem::path& gemma_file() {
  static const TokenizerFile file("gemma", gemma_like());
  return file.path();
}

const std::filesystem::path& qwen2_file() {
  static const TokenizerFile file("qwen2", qwen2_like());
  return file.path();
}

void open_tokenizer(benchmark::State& state, const std::filesystem::path& (*file)()) {
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file()));
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::open(file()));
  state.SetBytesProcessed(state.iterations() * size);
  state.counters["MB"] = static_cast<double>(size) / 1e6;
}
BENCHMARK_CAPTURE(open_tokenizer, gemma_like, gemma_file)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(open_tokenizer, qwen2_like, qwen2_file)->Unit(benchmark::kMillisecond);

void encode_text(benchmark::State& state, const std::filesystem::path& (*file)()) {
  const Tokenizer tokenizer = Tokenizer::open(file());
  const std::string text = make_text(static_cast<std::size_t>(state.range(0)));
  std::size_t tokens = tokenizer.encode(text).size();
  if (tokenizer.decode(tokenizer.encode(text)).size() < text.size())
    state.SkipWithError("lost text");
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.encode(text));
  const auto runs = static_cast<double>(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.counters["tokens/s"] =
      benchmark::Counter(runs * static_cast<double>(tokens), benchmark::Counter::kIsRate);
  state.counters["bytes/token"] = static_cast<double>(text.size()) / static_cast<double>(tokens);
}
BENCHMARK_CAPTURE(encode_text, gemma_like, gemma_file)->Arg(600)->Arg(600'000)->Arg(6'000'000);
BENCHMARK_CAPTURE(encode_text, qwen2_like, qwen2_file)->Arg(600)->Arg(600'000)->Arg(6'000'000);

/// A text without a single break: the heap of merges instead of the cache of words.
void encode_one_word(benchmark::State& state) {
  const Tokenizer tokenizer = Tokenizer::open(gemma_file());
  const std::string text(static_cast<std::size_t>(state.range(0)), 'a');
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.encode(text));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_one_word)->Arg(10'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

void decode_ids(benchmark::State& state, const std::filesystem::path& (*file)()) {
  const Tokenizer tokenizer = Tokenizer::open(file());
  const std::vector<TokenId> ids = tokenizer.encode(make_text(600'000));
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.decode(ids));
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(ids.size()),
                         benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(decode_ids, qwen2_like, qwen2_file)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
