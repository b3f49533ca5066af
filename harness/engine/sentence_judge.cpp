#include "harness/engine/sentence_judge.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/engine/entailment_judge.h"
#include "harness/engine/image_loader.h"
#include "harness/engine/run_identity.h"
#include "harness/media/decode.h"
#include "models/prompts/style.h"

namespace sightline {

namespace {

using nlohmann::json;

constexpr Verdict kVerdicts[] = {Verdict::kEntailment, Verdict::kNeutral, Verdict::kContradiction};
constexpr int kMaxNewTokens = 16;

/// Arguments of an adapter that change how long it is waited for, not what it says.
constexpr std::string_view kPatience[] = {"timeout", "startup_timeout", "retries"};

std::string_view template_version(bool with_image) {
  return with_image ? "image-1" : "text-1";
}

/// Hands questions to a model and its words back as verdicts.
class JudgeExchange final : public Exchange {
 public:
  JudgeExchange(const ModelInfo& info, bool with_images, std::span<const JudgeQuestion> questions,
                const SentenceJudge::Give& give, const std::atomic<bool>& stop)
      : info_(info),
        style_(prompt_style(info.prompt_style)),
        with_images_(with_images),
        questions_(questions),
        give_(give),
        stop_(stop) {}

  std::vector<Request> take(std::size_t most, bool) override {
    std::vector<Request> requests;
    while (requests.size() < most && next_ < questions_.size() && !stop_) {
      const std::size_t place = next_++;
      try {
        requests.push_back(make_request(place));
      } catch (const UsageError&) {
        throw;
      } catch (const Error& error) {
        give_({failed(place, Outcome::kBadInput, error.what())});
      }
    }
    return requests;
  }

  void give(std::vector<Request> requests, std::vector<Response> responses) override {
    require(requests.size() == responses.size(), "the judge gave {} answers to {} questions",
            responses.size(), requests.size());
    std::vector<JudgeReply> replies;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      replies.push_back(read(requests[i], std::move(responses[i])));
    }
    if (!replies.empty()) give_(std::move(replies));
  }

 private:
  static constexpr std::size_t kImagesKept = 4;  // sentences of one caption follow each other

  static JudgeReply failed(std::size_t place, Outcome outcome, std::string error) {
    JudgeReply reply{.place = place, .verdict = {}};
    reply.outcome = name_of(outcome);
    reply.error = std::move(error);
    return reply;
  }

  Request make_request(std::size_t place) {
    const JudgeQuestion& question = questions_[place];
    Request request{.ticket = place, .id = question.id, .kind = Kind::kText};
    request.purpose = Purpose::kFree;
    request.text = judge_prompt(question, with_images_);
    if (with_images_) request.images.push_back(load(question.image));
    request.decoding.max_new_tokens = kMaxNewTokens;
    request.prompt = style_.compose(request);
    return request;
  }

  ImageInput load(const std::filesystem::path& file) {
    ImageInput image;
    image.path = std::filesystem::absolute(file);
    if (info_.wants_pixels) {
      image.pixels = images_.load(image.path);
      image.width = image.pixels->width;
      image.height = image.pixels->height;
    } else {
      const ImageInfo info = probe_image_file(image.path);
      image.width = info.width;
      image.height = info.height;
    }
    return image;
  }

  JudgeReply read(const Request& request, Response response) const {
    JudgeReply reply = failed(request.ticket, response.outcome, std::move(response.error));
    reply.seconds = response.seconds;
    reply.response = std::move(response.text);
    if (response.outcome != Outcome::kOk) return reply;
    std::string words;
    if (response.answer) {
      words = reply.response = std::move(response.answer->text);
    } else {
      words = style_.parse(request, reply.response, style_.geometry).answer.text;
    }
    reply.verdict = parse_verdict(words);
    if (reply.verdict) return reply;
    reply.outcome = name_of(Outcome::kParseFail);
    reply.error = "the answer is not one word of entailment, neutral, contradiction";
    return reply;
  }

  const ModelInfo& info_;
  const PromptStyle& style_;
  const bool with_images_;
  const std::span<const JudgeQuestion> questions_;
  const SentenceJudge::Give& give_;
  const std::atomic<bool>& stop_;
  ImageLoader images_{[](const std::filesystem::path& path) { return read_image(path); },
                      kImagesKept};
  std::size_t next_ = 0;
};

json identity_of(const ModelInfo& info, const JudgeSettings& settings, bool with_images) {
  std::map<std::string, std::string> args = ModelArgs::parse(settings.args).values();
  for (const std::string_view name : kPatience) args.erase(std::string(name));
  return {{"model", describe_model(info)},
          {"adapter", settings.model},
          {"args", args},
          {"template", template_version(with_images)},
          {"decoding", {{"max_new_tokens", kMaxNewTokens}, {"temperature", 0}}}};
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEntailment:
      return "entailment";
    case Verdict::kNeutral:
      return "neutral";
    case Verdict::kContradiction:
      return "contradiction";
  }
  return "";
}

std::optional<Verdict> parse_verdict(std::string_view words) {
  words = strip(words);
  if (words.ends_with('.')) words.remove_suffix(1);
  const std::string lower = to_lower(words);
  for (const Verdict verdict : kVerdicts) {
    if (lower == name_of(verdict)) return verdict;
  }
  return std::nullopt;
}

std::string judge_prompt(const JudgeQuestion& question, bool with_image) {
  return fmt::format(
      "Premise: {}.\n{}\n\nHypothesis: {}\n\nIs the hypothesis an entailment of the premise (it "
      "must be true), a contradiction (it must be false), or neutral (it may be either)? Answer "
      "with one word: entailment, contradiction or neutral.",
      with_image ? "the image, and what people who see it have written about it"
                 : "what people who see an image have written about it",
      question.premise, question.sentence);
}

SentenceJudge open_judge(Registry& registry, const JudgeSettings& settings) {
  if (settings.model == kEntailmentJudge) return open_entailment_judge(registry, settings);
  ModelSettings opened;
  opened.args = ModelArgs::parse(settings.args);
  opened.task = "nes_judged";
  opened.device = settings.device;
  const std::shared_ptr<Model> model = registry.open_model(settings.model, std::move(opened));
  const ModelInfo& info = model->info();
  if (std::ranges::find(info.kinds, Kind::kText) == info.kinds.end()) {
    throw UsageError(fmt::format("--judge: the model {} does not answer in words", info.name));
  }
  const bool with_images = info.opens_images && !settings.text_only;
  SentenceJudge judge;
  judge.description.rules =
      fmt::format("nes_judged/{}{}{}/{}", info.name, info.revision.empty() ? "" : "@",
                  info.revision, template_version(with_images));
  judge.description.identity = identity_of(info, settings, with_images).dump();
  judge.description.looks_at_images = with_images;
  judge.judge = [model, with_images](std::span<const JudgeQuestion> questions,
                                     const SentenceJudge::Give& give,
                                     const std::atomic<bool>& stop) {
    JudgeExchange exchange(model->info(), with_images, questions, give, stop);
    model->serve(exchange);
  };
  return judge;
}

}  // namespace sightline
