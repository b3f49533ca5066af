#include "tasks/questions.h"

#include <functional>

#include "harness/base/error.h"
#include "metrics/sample_means.h"
#include "metrics/text/anls.h"
#include "metrics/text/textvqa_answer.h"
#include "metrics/text/vqa_answer.h"

namespace sightline {

namespace {

class QuestionDataset final : public Dataset {
 public:
  explicit QuestionDataset(std::shared_ptr<const QuestionSet> set) : set_(std::move(set)) {}

  std::size_t size() const override { return set_->questions.size(); }
  std::string id(std::size_t index) const override { return std::string(at(index).id); }
  std::uint32_t cluster(std::size_t index) const override { return at(index).cluster; }
  std::map<std::string, std::string> hashes() const override { return hashes_of(set_->files); }

  Request request(std::size_t index) const override {
    const Question& question = at(index);
    Request request{.ticket = index, .id = id(index), .kind = Kind::kText};
    request.purpose = Purpose::kShortAnswer;
    request.text = question.text;
    request.images = {sample_image(set_->images, question.image, question.id, set_->files[0])};
    const auto tokens = std::span(set_->ocr_tokens).subspan(question.first_token, question.tokens);
    request.ocr_tokens.assign(tokens.begin(), tokens.end());
    request.decoding.max_new_tokens = set_->max_new_tokens;
    return request;
  }

 private:
  const Question& at(std::size_t index) const { return set_->questions[index]; }

  std::shared_ptr<const QuestionSet> set_;
};

using AnswerScore = std::function<double(std::string_view, std::span<const std::string_view>)>;

/// A scorer with a memo, shared by copies of the function.
template <typename Accuracy, typename Rules>
AnswerScore remembering(Rules rules) {
  const auto accuracy = std::make_shared<Accuracy>(rules);
  return [accuracy](auto prediction, auto answers) { return accuracy->score(prediction, answers); };
}

AnswerScore answer_score(const std::string& rules) {
  if (rules.starts_with("vqa/")) return remembering<VqaAccuracy>(vqa_rules_named(rules));
  if (rules.starts_with("textvqa/")) {
    return remembering<TextVqaAccuracy>(textvqa_rules_named(rules));
  }
  if (rules.starts_with("anls/")) {
    return [r = anls_rules_named(rules)](auto prediction, auto answers) {
      return anls(prediction, answers, r);
    };
  }
  throw UsageError(fmt::format(
      "there are no answer rules named '{}'; their names begin with vqa/, textvqa/ or anls/",
      rules));
}

class AnswerScorer final : public Scorer {
 public:
  AnswerScorer(std::shared_ptr<const QuestionSet> set, const std::string& rules, std::string metric)
      : set_(std::move(set)),
        metric_(std::move(metric)),
        score_(answer_score(rules)),
        means_({metric_}, set_->dimensions) {}

  SampleScore update(std::size_t index, const Answer& answer) override {
    const Question& question = set_->questions[index];
    const double value = score_(answer.text, set_->answers_of(question));
    means_.update(question.cluster, std::span(&value, 1),
                  std::span(question.groups).first(set_->dimensions.size()));
    return {{metric_, value}};
  }

  void merge(Scorer& next) override { means_.merge(dynamic_cast<AnswerScorer&>(next).means_); }

  TaskScores compute() const override {
    return {.metrics = {means_.metric(0)}, .breakdowns = means_.breakdowns()};
  }

 private:
  std::shared_ptr<const QuestionSet> set_;
  std::string metric_;
  AnswerScore score_;
  SampleMeans means_;
};

}  // namespace

std::shared_ptr<const Dataset> question_dataset(std::shared_ptr<const QuestionSet> set) {
  return std::make_shared<QuestionDataset>(std::move(set));
}

SampleReference question_reference(const QuestionSet& set, std::size_t index) {
  const std::span<const std::string_view> answers = set.answers_of(set.questions[index]);
  return {.texts = {answers.begin(), answers.end()}, .boxes = {}};
}

std::unique_ptr<Scorer> answer_scorer(std::shared_ptr<const QuestionSet> set,
                                      const std::string& rules, const std::string& metric) {
  return std::make_unique<AnswerScorer>(std::move(set), rules, metric);
}

}  // namespace sightline
