#include "harness/engine/judged_sentences.h"

#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "metrics/captions/long_caption.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

using nlohmann::json;

std::string key_of(const JudgeDescription& judge, const JudgeQuestion& question,
                   const std::string& image_sha256) {
  const json everything = {{"judge", judge.identity},
                           {"premise", question.premise},
                           {"sentence", question.sentence},
                           {"image", image_sha256}};
  return sha256_hex(everything.dump());
}

std::filesystem::path image_of(const Dataset& dataset, const CaptionCase& one) {
  const std::filesystem::path file = dataset.request(one.index).images.at(0).path;
  require(std::filesystem::exists(file),
          "{} of {} is missing, and the judge looks at the images; name their folder with "
          "--data_root or --images, or let it judge by the descriptions alone with "
          "--judge_text_only",
          file.string(), one.id);
  return file;
}

/// Whether a stored verdict spares asking.
bool settles(const std::optional<StoredVerdict>& stored, bool retry_failed) {
  return stored && (!retry_failed || stored->outcome == name_of(Outcome::kOk));
}

/// The questions whose keys the store lacks, each key once.
std::vector<std::size_t> still_to_ask(const SentencesToJudge& sentences, const VerdictStore& store,
                                      bool retry_failed) {
  std::vector<std::size_t> places;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < sentences.keys.size(); ++i) {
    if (!seen.insert(sentences.keys[i]).second) continue;
    if (!settles(store.find(sentences.keys[i]), retry_failed)) places.push_back(i);
  }
  return places;
}

StoredVerdict to_store(JudgeReply reply, const JudgeDescription& judge,
                       const JudgeQuestion& question, const std::string& key) {
  StoredVerdict stored;
  stored.key = key;
  stored.judge = judge.rules;
  stored.id = question.id;
  stored.sentence = question.sentence;
  if (reply.verdict) stored.verdict = name_of(*reply.verdict);
  stored.outcome = std::move(reply.outcome);
  stored.response = std::move(reply.response);
  stored.error = std::move(reply.error);
  stored.seconds = reply.seconds;
  return stored;
}

}  // namespace

SentencesToJudge sentences_to_judge(const JudgeDescription& judge, const Dataset& dataset,
                                    std::span<const CaptionCase> captions) {
  SentencesToJudge all;
  for (std::size_t c = 0; c < captions.size(); ++c) {
    const CaptionCase& one = captions[c];
    const std::vector<std::string_view> sentences = split_sentences(one.caption);
    if (sentences.empty()) continue;
    const std::string premise = fmt::format("{}", fmt::join(one.references, "\n"));
    const auto image = judge.looks_at_images ? image_of(dataset, one) : std::filesystem::path();
    const std::string image_sha256 = image.empty() ? "" : sha256_of_file(image);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      all.questions.push_back({.id = fmt::format("{}#{}", one.id, i),
                               .premise = premise,
                               .sentence = std::string(sentences[i]),
                               .image = image});
      all.caption.push_back(static_cast<std::uint32_t>(c));
      all.keys.push_back(key_of(judge, all.questions.back(), image_sha256));
    }
  }
  return all;
}

std::size_t judge_sentences(const SentenceJudge& judge, const SentencesToJudge& sentences,
                            VerdictStore& store, const JudgingSettings& settings,
                            const std::atomic<bool>& stop) {
  const std::vector<std::size_t> places = still_to_ask(sentences, store, settings.retry_failed);
  if (places.empty()) return 0;
  std::vector<JudgeQuestion> questions;
  for (const std::size_t place : places) questions.push_back(sentences.questions[place]);
  const std::size_t total = sentences.questions.size();
  Progress progress(settings.label, total, total - places.size(), settings.progress);
  std::size_t asked = 0;
  const auto keep = [&](std::vector<JudgeReply> replies) {
    std::vector<StoredVerdict> verdicts;
    std::size_t failures = 0, not_entailed = 0;
    for (JudgeReply& reply : replies) {
      failures += reply.verdict ? 0 : 1;
      not_entailed += reply.verdict && *reply.verdict != Verdict::kEntailment ? 1 : 0;
      const std::size_t place = places.at(reply.place);
      verdicts.push_back(to_store(std::move(reply), judge.description, sentences.questions[place],
                                  sentences.keys[place]));
    }
    store.append(verdicts);
    asked += verdicts.size();
    progress.add(verdicts.size(), failures, static_cast<double>(not_entailed),
                 verdicts.size() - failures);
  };
  judge.judge(questions, keep, stop);
  return asked;
}

namespace {

/// What the store says of all sentences.
struct Judged {
  std::vector<double> not_entailed;            ///< of each sentence with a verdict: 1 or 0
  std::vector<std::uint32_t> captions;         ///< of each of them
  std::map<std::string, std::size_t> without;  ///< outcome -> sentences without a verdict
  std::size_t unknown = 0;                     ///< sentences that were not judged
};

Judged look_up(const SentencesToJudge& sentences, const VerdictStore& store) {
  Judged judged;
  for (std::size_t i = 0; i < sentences.keys.size(); ++i) {
    const std::optional<StoredVerdict> stored = store.find(sentences.keys[i]);
    if (!stored) {
      ++judged.unknown;
    } else if (stored->verdict.empty()) {
      ++judged.without[stored->outcome];
    } else {
      judged.not_entailed.push_back(stored->verdict == name_of(Verdict::kEntailment) ? 0.0 : 1.0);
      judged.captions.push_back(sentences.caption[i]);
    }
  }
  return judged;
}

std::string describe(const Judged& judged, std::size_t sentences) {
  const std::set<std::uint32_t> images(judged.captions.begin(), judged.captions.end());
  std::string note = fmt::format(
      "by a model as judge, a stand-in for people's ratings: {} of {} sentences, {} images",
      judged.not_entailed.size(), sentences, images.size());
  std::string failed;
  for (const auto& [outcome, count] : judged.without) {
    if (outcome == name_of(Outcome::kParseFail)) {
      note += fmt::format("; {} answers of the judge could not be read", count);
    } else {
      failed += fmt::format("{}{} {}", failed.empty() ? "" : ", ", count, outcome);
    }
  }
  if (!failed.empty()) note += "; failed: " + failed;
  if (judged.unknown > 0) note += fmt::format("; {} not judged yet", judged.unknown);
  return note;
}

}  // namespace

MetricValue judged_metric(const JudgeDescription& judge, const SentencesToJudge& sentences,
                          const VerdictStore& store) {
  const Judged judged = look_up(sentences, store);
  return {.key = "nes_judged",
          .value = mean(judged.not_entailed),
          .standard_error = clustered_standard_error(judged.not_entailed, judged.captions),
          .n = static_cast<std::int64_t>(judged.not_entailed.size()),
          .higher_is_better = false,
          .rules = judge.rules,
          .note = describe(judged, sentences.keys.size())};
}

namespace {

std::string judge_note(const std::string& task) {
  return "judge of " + task;
}

}  // namespace

void note_judge(Journal& journal, const std::string& task, const JudgeDescription& judge) {
  journal.set_note(judge_note(task), {{"rules", judge.rules},
                                      {"identity", judge.identity},
                                      {"looks_at_images", judge.looks_at_images}});
}

std::optional<JudgeDescription> noted_judge(const Journal& journal, const std::string& task) {
  const json note = journal.note(judge_note(task));
  if (note.is_null()) return std::nullopt;
  return JudgeDescription{.rules = note.at("rules"),
                          .identity = note.at("identity"),
                          .looks_at_images = note.at("looks_at_images")};
}

void copy_judgement(const Journal& from, const std::string& task, Journal& to) {
  const std::optional<JudgeDescription> judge = noted_judge(from, task);
  if (!judge) return;
  const std::optional<JudgeDescription> other = noted_judge(to, task);
  if (other && other->identity != judge->identity) {
    throw MismatchError(fmt::format("the captions of {} were judged by {} in {}, by {} in another "
                                    "part: judge all parts by one",
                                    task, judge->rules, from.folder().string(), other->rules),
                        2);
  }
  note_judge(to, task, *judge);
  const char* name = VerdictStore::kFileName;
  VerdictStore::open(to.folder() / name)
      .append_all(VerdictStore::open_to_read(from.folder() / name));
}

std::optional<MetricValue> stored_judgement(const Task& task, const Journal& journal,
                                            int journal_task,
                                            std::span<const std::size_t> indices) {
  const std::optional<JudgeDescription> judge = noted_judge(journal, task.name);
  if (!judge) return std::nullopt;
  const auto captions = caption_cases(task, journal, journal_task, indices);
  const std::filesystem::path file = journal.folder() / VerdictStore::kFileName;
  // Without its file nothing is judged, and the metric says so.
  const VerdictStore store = std::filesystem::exists(file)
                                 ? VerdictStore::open_to_read(file)
                                 : VerdictStore::open(VerdictStore::kInMemory);
  return judged_metric(*judge, sentences_to_judge(*judge, *task.dataset, captions), store);
}

}  // namespace sightline
