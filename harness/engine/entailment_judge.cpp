#include "harness/engine/entailment_judge.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "models/api/entailment.h"

namespace sightline {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 16;
constexpr const char* kTemplate = "pair-1";  // premise first, the sentence as it is second

std::string describe(const EntailmentScores& scores) {
  return fmt::format("entailment {:.4f}, neutral {:.4f}, contradiction {:.4f}", scores.entailment,
                     scores.neutral, scores.contradiction);
}

/// The likeliest; of equals the one that claims less.
Verdict likeliest(const EntailmentScores& scores) {
  if (scores.entailment > scores.neutral && scores.entailment > scores.contradiction) {
    return Verdict::kEntailment;
  }
  return scores.contradiction > scores.neutral ? Verdict::kContradiction : Verdict::kNeutral;
}

std::vector<JudgeReply> judge_batch(EntailmentModel& model,
                                    std::span<const JudgeQuestion> questions, std::size_t first) {
  const Clock::time_point start = Clock::now();
  std::vector<EntailmentPair> pairs;
  for (const JudgeQuestion& question : questions) {
    pairs.push_back({question.premise, question.sentence});
  }
  const std::vector<EntailmentScores> scores = model.classify(pairs);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::vector<JudgeReply> replies;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    replies.push_back({.place = first + i,
                       .verdict = likeliest(scores[i]),
                       .outcome = "ok",
                       .response = describe(scores[i]),
                       .error = {},
                       .seconds = seconds / static_cast<double>(scores.size())});
  }
  return replies;
}

}  // namespace

SentenceJudge open_entailment_judge(Registry& registry, const JudgeSettings& settings) {
  ModelArgs args = ModelArgs::parse(settings.args);
  const std::string path = args.need("path", "the folder of a RoBERTa checkpoint for inference");
  args.check_all_used(kEntailmentJudge);
  const std::shared_ptr<EntailmentModel> model =
      open_entailment(registry, {.path = path, .device = settings.device});
  const std::string& hash = model->weights_sha256();
  SentenceJudge judge;
  judge.description.rules =
      fmt::format("nes_judged/{}@{}/{}", kEntailmentJudge, hash.substr(0, 12), kTemplate);
  judge.description.identity =
      nlohmann::json{{"adapter", kEntailmentJudge}, {"weights", hash}, {"template", kTemplate}}
          .dump();
  judge.judge = [model](std::span<const JudgeQuestion> questions, const SentenceJudge::Give& give,
                        const std::atomic<bool>& stop) {
    for (std::size_t i = 0; i < questions.size() && !stop; i += kBatch) {
      const std::size_t count = std::min(kBatch, questions.size() - i);
      give(judge_batch(*model, questions.subspan(i, count), i));
    }
  };
  return judge;
}

}  // namespace sightline
