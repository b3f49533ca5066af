#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/json_reader.h"
#include "harness/base/text.h"
#include "models/adapters/baseline.h"

// kind=most_common: the same answer to every question, or to every question of a type. These are
// the "prior" baselines of Antol et al., "VQA: Visual Question Answering" (ICCV 2015), section 5.

namespace sightline {

namespace {

/// How often each answer is the most frequent one of a question's ten, a map for stable order.
using AnswerCounts = std::map<std::string, std::int64_t, std::less<>>;

/// The answer with the highest count; of equal ones the first in byte order.
std::string most_common(const AnswerCounts& counts) {
  const auto best =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return best->first;
}

struct Priors {
  std::string overall;
  std::map<std::string, std::string, std::less<>> by_type;
};

/// Reads a VQA v2 annotation file, which has `multiple_choice_answer` for each question.
Priors read_priors(const std::filesystem::path& file, bool by_type) {
  JsonFile json(file);
  AnswerCounts overall;
  std::map<std::string, AnswerCounts, std::less<>> types;
  const auto count = [](AnswerCounts& counts, std::string_view answer) {
    const auto found = counts.find(answer);
    if (found != counts.end()) {
      ++found->second;
    } else {
      counts.emplace(answer, 1);
    }
  };
  JsonRecord top = json.top();
  top.each_record("annotations", [&](JsonRecord& record) {
    const std::string_view answer = record.text("multiple_choice_answer");
    count(overall, answer);
    if (!by_type) return;
    const std::string_view type = record.text("question_type");
    const auto found = types.find(type);
    count(found != types.end() ? found->second : types[std::string(type)], answer);
  });
  require(!overall.empty(), "{} holds no annotations, so there is no most common answer",
          file.string());
  Priors priors{.overall = most_common(overall), .by_type = {}};
  for (const auto& [type, counts] : types) priors.by_type[to_lower(type)] = most_common(counts);
  return priors;
}

/// Whether `type` is the first words of `question`, not merely its first letters.
bool starts_with_words(std::string_view question, std::string_view type) {
  if (!question.starts_with(type)) return false;
  if (question.size() == type.size()) return true;
  const auto next = static_cast<unsigned char>(question[type.size()]);
  return next < 0x80 && std::isalnum(next) == 0;
}

/// The answer of the longest question type that the question starts with. Where none fits, it is
/// that of the type "none of the above", which VQA gives such questions, else the overall one.
const std::string& answer_for(const Priors& priors, std::string_view question) {
  const std::string lower = to_lower(strip(question));
  const std::string* best = nullptr;
  std::size_t longest = 0;
  for (const auto& [type, answer] : priors.by_type) {
    if (type.size() <= longest || !starts_with_words(lower, type)) continue;
    longest = type.size();
    best = &answer;
  }
  if (best != nullptr) return *best;
  const auto rest = priors.by_type.find("none of the above");
  return rest == priors.by_type.end() ? priors.overall : rest->second;
}

Response text_response(std::string text) {
  Response response;
  response.text = std::move(text);
  return response;
}

AnswerOne make_most_common(ModelArgs& args, ModelInfo& info) {
  const std::string train = args.get("train");
  const std::string by = args.get("by");
  const std::string answer = args.get("answer", "yes");
  if (!by.empty() && by != "question_type") {
    throw UsageError(fmt::format("--model_args by={}: the only choice is by=question_type", by));
  }
  if (train.empty()) {
    if (!by.empty()) throw UsageError("--model_args by=question_type needs train=FILE");
    return [answer](const Request&) { return text_response(answer); };
  }
  if (args.has("answer")) {
    throw UsageError("--model_args has both answer= and train=: give one of them");
  }
  info.hashes["train"] = sha256_of_file(train);
  const auto priors = std::make_shared<const Priors>(
      with_context([&] { return std::string("counting the answers of --model_args train"); },
                   [&] { return read_priors(train, !by.empty()); }));
  return
      [priors](const Request& request) { return text_response(answer_for(*priors, request.text)); };
}

}  // namespace

std::vector<BaselineKind> answer_baselines() {
  return {{"most_common", Kind::kText,
           "one answer to all questions: answer= (default yes), or the most common one of a VQA "
           "annotation file train=, overall or by=question_type",
           make_most_common}};
}

}  // namespace sightline
