#include "tasks/captions.h"

#include "harness/base/error.h"
#include "metrics/captions/caption_scores.h"
#include "metrics/captions/long_caption.h"
#include "metrics/captions/resampled_captions.h"
#include "metrics/sample_means.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

class CaptionDataset final : public Dataset {
 public:
  explicit CaptionDataset(std::shared_ptr<const CaptionSet> set) : set_(std::move(set)) {}

  std::size_t size() const override { return set_->items.size(); }
  std::string id(std::size_t index) const override { return set_->items[index].id; }
  std::uint32_t cluster(std::size_t index) const override {
    return static_cast<std::uint32_t>(index);
  }
  std::map<std::string, std::string> hashes() const override { return hashes_of(set_->files); }

  Request request(std::size_t index) const override {
    const CaptionItem& item = set_->items[index];
    Request request{.ticket = index, .id = item.id, .kind = Kind::kText};
    request.purpose = set_->detailed ? Purpose::kDetailedCaption : Purpose::kCaption;
    request.images = {sample_image(set_->images, item.image, item.id, set_->files[0])};
    request.decoding.max_new_tokens = set_->max_new_tokens;
    return request;
  }

 private:
  std::shared_ptr<const CaptionSet> set_;
};

class CaptionScorer final : public Scorer {
 public:
  CaptionScorer(std::shared_ptr<const CaptionSet> set, CaptionRules rules)
      : set_(std::move(set)), captions_(rules), lengths_({"chars", "sentences"}) {}

  SampleScore update(std::size_t index, const Answer& answer) override {
    const CaptionItem& item = set_->items[index];
    const std::vector<std::string_view> references(item.references.begin(), item.references.end());
    captions_.update(answer.text, references);
    if (!set_->detailed) return {};
    const double lengths[] = {static_cast<double>(count_characters(answer.text)),
                              static_cast<double>(count_sentences(answer.text))};
    lengths_.update(static_cast<std::uint32_t>(index), lengths);
    return {{"chars", lengths[0]}, {"sentences", lengths[1]}};
  }

  void merge(Scorer& other) override {
    auto& next = dynamic_cast<CaptionScorer&>(other);
    captions_.merge(std::move(next.captions_));
    lengths_.merge(next.lengths_);
  }

  TaskScores compute() const override;

  std::map<std::string, ResampledNumber> resampled(const Bootstrap& bootstrap) const override {
    return bootstrap_captions(captions_.compute(), bootstrap);
  }

 private:
  void add_lengths(TaskScores& scores) const;
  static void add_java_metrics(TaskScores& scores);

  std::shared_ptr<const CaptionSet> set_;
  CaptionMetrics captions_;
  SampleMeans lengths_;
};

void CaptionScorer::add_lengths(TaskScores& scores) const {
  scores.metrics.push_back(lengths_.metric(0));
  scores.metrics.back().unit = "characters";
  scores.metrics.push_back(lengths_.metric(1));
  scores.metrics.back().unit = "sentences";
  scores.metrics.push_back(
      {.key = "nes",
       .value = {},
       .standard_error = {},
       .higher_is_better = false,
       .note = "not computed: needs people's ratings (score --ratings); nes_judged stands in for "
               "them where a model is the judge (--judge)"});
}

/// They need Java programs with data of their own, which run only when they are named.
void CaptionScorer::add_java_metrics(TaskScores& scores) {
  for (const char* key : {"meteor", "spice"}) {
    scores.metrics.push_back({.key = key,
                              .value = {},
                              .standard_error = {},
                              .note =
                                  "not computed: needs Java and the metric's own program (score "
                                  "--meteor_jar, --spice_jar)"});
  }
}

TaskScores CaptionScorer::compute() const {
  const CaptionScores computed = captions_.compute();
  const auto n = static_cast<std::int64_t>(computed.image_rouge_l.size());
  TaskScores scores;
  if (set_->detailed) add_lengths(scores);
  const auto corpus = [&](const std::string& key, std::optional<double> value) {
    scores.metrics.push_back({.key = key, .value = value, .standard_error = {}, .n = n});
  };
  for (std::size_t order = set_->detailed ? 3 : 0; order < 4; ++order) {
    corpus(fmt::format("bleu{}", order + 1), computed.bleu[order]);
  }
  corpus("rouge_l", computed.rouge_l);
  std::vector<std::uint32_t> clusters(computed.image_rouge_l.size());
  for (std::size_t i = 0; i < clusters.size(); ++i) clusters[i] = static_cast<std::uint32_t>(i);
  scores.metrics.back().standard_error = clustered_standard_error(computed.image_rouge_l, clusters);
  corpus("cider", computed.cider);
  if (!set_->detailed) add_java_metrics(scores);
  return scores;
}

constexpr CaptionRules kRules[] = {CaptionRules::kPycocoevalcap, CaptionRules::kNoTokenizer};

}  // namespace

std::vector<std::string> caption_rules() {
  std::vector<std::string> names;
  for (const CaptionRules rules : kRules) names.emplace_back(rules_name(rules));
  return names;
}

std::shared_ptr<const Dataset> caption_dataset(std::shared_ptr<const CaptionSet> set) {
  return std::make_shared<CaptionDataset>(std::move(set));
}

std::unique_ptr<Scorer> caption_scorer(std::shared_ptr<const CaptionSet> set,
                                       const std::string& rules) {
  for (const CaptionRules known : kRules) {
    if (rules == rules_name(known)) return std::make_unique<CaptionScorer>(std::move(set), known);
  }
  throw UsageError(fmt::format("there are no caption rules named '{}'; there are {}", rules,
                               fmt::join(caption_rules(), ", ")));
}

Task caption_task(std::shared_ptr<const CaptionSet> set, std::string split) {
  Task task;
  task.version = "1";
  task.kind = Kind::kText;
  task.rules = caption_rules();
  task.protocol = {{"split", std::move(split)}};
  task.dataset = caption_dataset(set);
  task.references = [set](std::size_t index) -> std::span<const std::string> {
    return set->items[index].references;
  };
  task.reference = [set](std::size_t index) {
    return SampleReference{.texts = set->items[index].references, .boxes = {}};
  };
  task.rates_sentences = set->detailed;
  task.new_scorer = [set](const std::string& rules) { return caption_scorer(set, rules); };
  return task;
}

}  // namespace sightline
