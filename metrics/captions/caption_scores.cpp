#include "metrics/captions/caption_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/text.h"
#include "harness/base/unicode.h"
#include "metrics/captions/image_scores.h"
#include "metrics/captions/ngram_table.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

constexpr std::size_t kImagesPerHandOver = 256;

std::vector<double> logarithms(std::size_t images) {
  std::vector<double> values(images + 1);
  for (std::size_t i = 2; i < values.size(); ++i) values[i] = std::log(static_cast<double>(i));
  return values;
}

std::uint32_t checked_size(std::size_t size) {
  require(size <= std::numeric_limits<std::uint32_t>::max(),
          "captions: {} words or captions in one set, more than 2^32", size);
  return static_cast<std::uint32_t>(size);
}

void shift_and_append(std::vector<std::uint32_t>& begins, std::span<const std::uint32_t> next) {
  const std::size_t shift = begins.back();
  checked_size(shift + next.back());
  for (const std::uint32_t begin : next.subspan(1)) {
    begins.push_back(static_cast<std::uint32_t>(shift + begin));
  }
}

}  // namespace

std::string_view rules_name(CaptionRules rules) {
  return rules == CaptionRules::kPycocoevalcap ? "captions/pycocoevalcap" : "captions/no-tokenizer";
}

void CaptionMetrics::add_caption(std::string_view caption) {
  std::string lower;
  std::string_view line;
  if (rules_ == CaptionRules::kPycocoevalcap) {
    line = tokenizer_.caption(caption);
  } else {
    require(is_utf8(caption), "a caption is not valid UTF-8");
    line = lower = to_lower_in_context(caption);
  }
  for (;;) {
    const std::size_t space = line.find(' ');
    words_.push_back(table_.intern(line.substr(0, space)));
    if (space == std::string_view::npos) break;
    line.remove_prefix(space + 1);
  }
  caption_begins_.push_back(checked_size(words_.size()));
}

void CaptionMetrics::update(std::string_view candidate,
                            std::span<const std::string_view> references) {
  require(!references.empty(), "an image has no reference captions; a score needs at least one");
  const std::size_t words = words_.size(), captions = caption_begins_.size();
  try {
    add_caption(candidate);
    for (const std::string_view reference : references) add_caption(reference);
  } catch (Error& error) {
    // An image is added whole or not at all.
    const std::size_t done = caption_begins_.size() - captions;
    words_.resize(words);
    caption_begins_.resize(captions);
    error.add_context(done == 0 ? "reading the candidate caption"
                                : fmt::format("reading reference caption {}", done));
    throw;
  }
  image_begins_.push_back(checked_size(caption_begins_.size() - 1));
}

void CaptionMetrics::merge(CaptionMetrics&& next) {
  require(rules_ == next.rules_, "captions: cannot merge scores under '{}' with scores under '{}'",
          rules_name(rules_), rules_name(next.rules_));
  if (images() == 0) {
    *this = std::move(next);
    return;
  }
  std::vector<std::uint32_t> ids(next.table_.size());
  for (std::uint32_t id = 0; id < ids.size(); ++id) ids[id] = table_.intern(next.table_.word(id));
  for (const std::uint32_t word : next.words_) words_.push_back(ids[word]);
  shift_and_append(caption_begins_, next.caption_begins_);
  shift_and_append(image_begins_, next.image_begins_);
}

CaptionTokens CaptionMetrics::tokens() const {
  CaptionTokens captions;
  captions.image_begins = image_begins_;
  captions.caption_begins.reserve(caption_begins_.size());
  captions.tokens.reserve(words_.size());
  for (std::size_t c = 0; c + 1 < caption_begins_.size(); ++c) {
    for (std::uint32_t i = caption_begins_[c]; i < caption_begins_[c + 1]; ++i) {
      const auto pieces = table_.tokens(words_[i]);
      captions.tokens.insert(captions.tokens.end(), pieces.begin(), pieces.end());
    }
    captions.caption_begins.push_back(checked_size(captions.tokens.size()));
  }
  return captions;
}

double CaptionMetrics::rouge_l(std::size_t image, RougeScorer& scorer) const {
  std::vector<std::span<const std::uint32_t>> captions;
  for (std::uint32_t c = image_begins_[image]; c < image_begins_[image + 1]; ++c) {
    captions.push_back(
        std::span(words_).subspan(caption_begins_[c], caption_begins_[c + 1] - caption_begins_[c]));
  }
  return scorer.score(captions[0], std::span(captions).subspan(1));
}

CaptionScores CaptionMetrics::compute() const {
  const CaptionTokens captions = tokens();
  const std::array<NgramTable, kMaxNgram> tables = count_ngrams(captions);
  const std::vector<double> log_of = logarithms(images());
  CaptionScores scores;
  for (auto& values : scores.image_bleu) values.resize(images());
  scores.image_rouge_l.resize(images());
  scores.image_cider.resize(images());
  scores.image_counts.resize(images());
  parallel_for(images(), kImagesPerHandOver, [&](std::size_t begin, std::size_t end) {
    ImageScorer scorer(captions, tables, log_of);
    RougeScorer rouge;
    for (std::size_t image = begin; image < end; ++image) {
      const ImageScorer::Scores one = scorer.score(image);
      const auto image_bleu = bleu(one.bleu);
      for (std::size_t n = 0; n < kMaxNgram; ++n) scores.image_bleu[n][image] = image_bleu[n];
      scores.image_counts[image] = one.bleu;
      scores.image_cider[image] = one.cider;
      scores.image_rouge_l[image] = rouge_l(image, rouge);
    }
  });
  if (images() == 0) return scores;
  BleuCounts total;
  for (const BleuCounts& image : scores.image_counts) total += image;
  const auto set_bleu = bleu(total);
  std::ranges::copy(set_bleu, scores.bleu.begin());
  scores.rouge_l = pairwise_mean(scores.image_rouge_l);
  scores.cider = pairwise_mean(scores.image_cider);
  return scores;
}

}  // namespace sightline
