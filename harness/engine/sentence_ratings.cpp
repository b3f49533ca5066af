#include "harness/engine/sentence_ratings.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/json_reader.h"
#include "harness/base/json_text.h"
#include "metrics/captions/long_caption.h"
#include "metrics/captions/nes.h"

namespace sightline {

namespace {

/// A sentence of a caption with who rated it and how.
struct RatedSentence {
  std::string_view text;
  std::vector<std::string> raters;
  std::vector<SentenceRating> ratings;
};

/// The sentences of all captions, to be filled with ratings.
class RatedCaptions {
 public:
  explicit RatedCaptions(std::span<const CaptionCase> captions) {
    for (const CaptionCase& one : captions) {
      places_[one.id] = sentences_.size();
      std::vector<RatedSentence>& of_caption = sentences_.emplace_back();
      for (const std::string_view text : split_sentences(one.caption)) {
        of_caption.push_back({text, {}, {}});
      }
    }
  }

  void add(JsonRecord& record) {
    RatedSentence& sentence = find(record);
    std::string rater = record.id("rater");
    if (std::ranges::find(sentence.raters, rater) != sentence.raters.end()) {
      record.fail_field("rater", fmt::format("is '{}', who has rated this sentence before", rater));
    }
    sentence.raters.push_back(std::move(rater));
    sentence.ratings.push_back(
        with_context([&] { return fmt::format("reading field 'rating' of {}", record.name()); },
                     [&] { return parse_sentence_rating(record.text("rating")); }));
  }

  const std::vector<std::vector<RatedSentence>>& sentences() const { return sentences_; }

 private:
  RatedSentence& find(JsonRecord& record) {
    const std::string id = record.id("example_id");
    const auto place = places_.find(id);
    if (place == places_.end()) {
      record.fail_field("example_id", fmt::format("is '{}', which the task lacks", id));
    }
    std::vector<RatedSentence>& of_caption = sentences_[place->second];
    const std::int64_t index = record.integer("index");
    if (index < 0 || index >= std::ssize(of_caption)) {
      record.fail_field("index", fmt::format("is {}, and the caption of {} has {} sentences, "
                                             "counted from 0",
                                             index, id, of_caption.size()));
    }
    RatedSentence& sentence = of_caption[static_cast<std::size_t>(index)];
    if (const std::string_view rated = record.text("sentence"); rated != sentence.text) {
      record.fail_field(
          "sentence",
          fmt::format("is not sentence {} of the caption of {}, so these are ratings of other "
                      "captions:\n  rated   {}\n  caption {}",
                      index, id, rated, sentence.text));
    }
    return sentence;
  }

  std::unordered_map<std::string, std::size_t> places_;
  std::vector<std::vector<RatedSentence>> sentences_;
};

/// Ratings added up, and how many there were.
struct Tally {
  NonEntailment nes;
  std::size_t sentences = 0;  ///< with and without ratings
  std::size_t least = std::numeric_limits<std::size_t>::max(), most = 0;  ///< ratings of one
};

Tally add_up(const RatedCaptions& captions) {
  Tally tally;
  for (const std::vector<RatedSentence>& caption : captions.sentences()) {
    std::vector<std::vector<SentenceRating>> rated;
    for (const RatedSentence& sentence : caption) {
      if (sentence.ratings.empty()) continue;
      tally.least = std::min(tally.least, sentence.ratings.size());
      tally.most = std::max(tally.most, sentence.ratings.size());
      rated.push_back(sentence.ratings);
    }
    tally.sentences += caption.size();
    if (!rated.empty()) tally.nes.update(rated);
  }
  return tally;
}

std::string describe(const Tally& tally) {
  std::string note =
      fmt::format("rated by people, {}{} ratings a sentence: {} sentences of {} images",
                  tally.least, tally.least == tally.most ? "" : fmt::format(" to {}", tally.most),
                  tally.nes.sentences(), tally.nes.captions());
  if (tally.nes.sentences() < tally.sentences) {
    note += fmt::format("; {} further sentences have no rating",
                        tally.sentences - tally.nes.sentences());
  }
  return note;
}

std::vector<MetricValue> metrics_of(const Tally& tally) {
  const NonEntailment& nes = tally.nes;
  const auto n = static_cast<std::int64_t>(nes.sentences());
  MetricValue kappa{.key = "nes_kappa",
                    .value = nes.fleiss_kappa(),
                    .standard_error = {},
                    .n = n,
                    .unit = "kappa"};
  if (!kappa.value) {
    kappa.note =
        "undefined: Fleiss' kappa needs equally many ratings, at least two, of every "
        "sentence, and different ones among them";
  }
  return {{.key = "nes",
           .value = nes.share_of_all(),
           .standard_error = nes.standard_error(),
           .n = n,
           .higher_is_better = false,
           .note = describe(tally)},
          {.key = "nes_assessable",
           .value = nes.share_of_assessable(),
           .standard_error = {},
           .n = n,
           .higher_is_better = false},
          {.key = "nes_unanimous", .value = nes.binary_agreement(), .standard_error = {}, .n = n},
          std::move(kappa)};
}

}  // namespace

void write_sentences(std::span<const CaptionCase> captions, const std::filesystem::path& file) {
  std::string lines;
  for (const CaptionCase& one : captions) {
    std::size_t index = 0;
    for (const std::string_view sentence : split_sentences(one.caption)) {
      lines += "{\"example_id\":";
      append_json_string(lines, one.id);
      lines += fmt::format(",\"index\":{},\"sentence\":", index++);
      append_json_string(lines, sentence);
      lines += "}\n";
    }
  }
  write_file_atomically(file, lines);
}

std::vector<MetricValue> rate_captions(const std::filesystem::path& ratings,
                                       std::span<const CaptionCase> captions) {
  RatedCaptions rated(captions);
  JsonFile(ratings).each_record([&](JsonRecord& record) { rated.add(record); });
  const Tally tally = add_up(rated);
  require(tally.nes.sentences() > 0, "{} holds no rating", ratings.string());
  return metrics_of(tally);
}

}  // namespace sightline
