#include "models/adapters/process_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using std::chrono::milliseconds;
using testing::data_path;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using Clock = std::chrono::steady_clock;

/// The interpreter itself, found once: the one on the PATH may be a slow script that looks for it.
const std::string& python() {
  static const std::string found = [] {
    std::string path;
    FILE* output = ::popen("python3 -S -c 'import sys; print(sys.executable)' 2>/dev/null", "r");
    for (int c = 0; output != nullptr && (c = std::fgetc(output)) != EOF && c != '\n';) {
      path += static_cast<char>(c);
    }
    if (output != nullptr) ::pclose(output);
    return path;
  }();
  return found;
}

#define NEED_PYTHON() \
  if (python().empty()) GTEST_SKIP() << "needs python3 on the PATH"

ProcessOptions child(const std::string& arguments = "") {
  ProcessOptions options;
  options.command =
      "exec '" + python() + "' -S '" + data_path("process/child.py").string() + "' " + arguments;
  options.task = "a_task";
  options.startup_timeout = std::chrono::seconds(60);
  options.timeout = std::chrono::seconds(60);
  return options;
}

std::vector<Request> prompts(const std::vector<std::string>& texts) {
  std::vector<Request> requests;
  for (const std::string& text : texts) {
    Request request;
    request.id = std::to_string(requests.size());
    request.prompt = text;
    requests.push_back(std::move(request));
  }
  return requests;
}

std::vector<std::string> texts_of(const std::vector<Response>& responses) {
  std::vector<std::string> texts;
  for (const Response& response : responses) texts.push_back(response.text);
  return texts;
}

std::vector<std::string> outcomes_of(const std::vector<Response>& responses) {
  std::vector<std::string> outcomes;
  for (const Response& response : responses) outcomes.emplace_back(name_of(response.outcome));
  return outcomes;
}

int count_lines(const std::filesystem::path& file, const std::string& wanted) {
  std::ifstream stream(file);
  int count = 0;
  for (std::string line; std::getline(stream, line);) count += line == wanted;
  return count;
}

/// Whether process `pid` runs; one that only waits to be reaped does not.
bool is_running(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return (stat >> number >> name >> state) && state != "Z" && state != "X";
}

bool ends_soon(int pid) {
  for (int i = 0; i < 500 && is_running(pid); ++i) std::this_thread::sleep_for(milliseconds(10));
  return !is_running(pid);
}

template <typename Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ProcessModel, TakesNameAndBatchFromTheHandshake) {
  NEED_PYTHON();
  ProcessModel model(child("--max_batch 3"));
  EXPECT_EQ(model.info().name, "child");
  EXPECT_EQ(model.info().max_batch, 3U);
  EXPECT_EQ(model.info().kinds, std::vector<Kind>{Kind::kText});
  EXPECT_TRUE(model.info().opens_images);
  EXPECT_FALSE(model.info().wants_pixels);
}

TEST(ProcessModel, AnswersEachRequestWithItsOwnText) {
  NEED_PYTHON();
  for (const int batch : {1, 4, 64}) {
    SCOPED_TRACE(batch);
    ProcessModel model(child("--max_batch " + std::to_string(batch)));
    std::vector<std::string> texts;
    for (int i = 0; i < 200; ++i) texts.push_back("question " + std::to_string(i));
    EXPECT_EQ(texts_of(ask(model, prompts(texts))), texts);
    EXPECT_EQ(texts_of(ask(model, prompts({"again"}))), std::vector<std::string>{"again"});
  }
}

TEST(ProcessModel, TakesAnswersInAnyOrder) {
  NEED_PYTHON();
  ProcessModel model(child("--max_batch 4 --order reverse"));
  EXPECT_THAT(texts_of(ask(model, prompts({"a", "b", "c", "d", "e", "f", "g", "h"}))),
              ElementsAre("a", "b", "c", "d", "e", "f", "g", "h"));
}

TEST(ProcessModel, TellsRequestsWithEqualIdsApart) {
  NEED_PYTHON();
  ProcessModel model(child("--max_batch 4"));
  std::vector<Request> requests = prompts({"a", "b", "c"});
  for (Request& request : requests) request.id = "same";
  EXPECT_THAT(texts_of(ask(model, requests)), ElementsAre("a", "b", "c"));
  for (Request& request : requests) request.id = "";
  EXPECT_THAT(texts_of(ask(model, requests)), ElementsAre("a", "b", "c"));
}

struct Misbehaviour {
  std::string prompt;
  std::string outcome;
  std::string reason;
  int attempts;  ///< times the program gets the request with one retry, asked alone
};

class Misbehaving : public ::testing::TestWithParam<Misbehaviour> {};

/// With one request at a time, and with all of them unanswered when it happens.
TEST_P(Misbehaving, ChargesOnlyTheRequestThatDoesIt) {
  NEED_PYTHON();
  for (const int batch : {1, 8}) {
    SCOPED_TRACE(batch);
    const TemporaryFolder folder;
    const auto log = folder / "log";
    ProcessOptions options =
        child("--max_batch " + std::to_string(batch) + " --log '" + log.string() + "'");
    options.timeout = milliseconds(600);
    options.retries = 1;
    options.max_line_bytes = 4'000'000;
    ProcessModel model(options);
    const auto responses = ask(model, prompts({"a", "b", GetParam().prompt, "c", "d"}));
    EXPECT_THAT(outcomes_of(responses), ElementsAre("ok", "ok", GetParam().outcome, "ok", "ok"));
    EXPECT_THAT(responses[2].error, HasSubstr(GetParam().reason));
    EXPECT_EQ(responses[0].text + responses[1].text + responses[3].text + responses[4].text,
              "abcd");
    EXPECT_EQ(count_lines(log, "2"), GetParam().attempts);
  }
}

INSTANTIATE_TEST_SUITE_P(
    ProcessModel, Misbehaving,
    ::testing::Values(
        Misbehaviour{"crash", "crashed", "exited with status 3", 2},
        Misbehaviour{"segfault", "crashed", "was killed by signal 11 (Segmentation fault)", 2},
        Misbehaviour{"partial", "crashed", "exited with status 0", 2},
        Misbehaviour{"close", "crashed", "closed its standard output", 2},
        Misbehaviour{"garbage", "model_error", "no JSON object: Loading checkpoint", 2},
        Misbehaviour{"list", "model_error", "no JSON object: [1, 2]", 2},
        Misbehaviour{"not_utf8", "model_error", "no JSON object", 2},
        Misbehaviour{"unknown_id", "model_error", "no unanswered request: {\"id\": \"nobody\"", 2},
        Misbehaviour{"no_id", "model_error", "no unanswered request", 2},
        Misbehaviour{"number_id", "model_error", "no unanswered request", 2},
        Misbehaviour{"endless", "model_error", "a line longer than 4000000 bytes", 2},
        Misbehaviour{"silence", "timeout", "gave no answer for 0.6 s", 2},
        Misbehaviour{"error", "model_error", "the image is too strange", 1},
        Misbehaviour{"nan", "parse_fail", "'text' is null, want a text", 1},
        Misbehaviour{"no_text", "parse_fail", "the answer has no 'text'", 1}),
    [](const auto& test) { return test.param.prompt; });

TEST(ProcessModel, GivesTheLastWordsOfACrash) {
  NEED_PYTHON();
  ProcessModel model(child());
  EXPECT_THAT(ask(model, prompts({"crash"}))[0].error, HasSubstr("\n    last words"));
}

TEST(ProcessModel, SendsARequestAgainAsOftenAsToldAndNotOftener) {
  NEED_PYTHON();
  for (const int retries : {0, 1, 3}) {
    SCOPED_TRACE(retries);
    const TemporaryFolder folder;
    const auto log = folder / "log";
    ProcessOptions options = child("--log '" + log.string() + "'");
    options.retries = retries;
    ProcessModel model(options);
    EXPECT_THAT(outcomes_of(ask(model, prompts({"crash"}))), ElementsAre("crashed"));
    EXPECT_EQ(count_lines(log, "0"), retries + 1);
    EXPECT_EQ(count_lines(log, "start"), retries + 1) << "not started for nothing at the end";
  }
}

TEST(ProcessModel, ChargesTheRightOneOfABatchEvenWithoutRetries) {
  NEED_PYTHON();
  ProcessOptions options = child("--max_batch 8");
  options.retries = 0;
  ProcessModel model(options);
  EXPECT_THAT(outcomes_of(ask(model, prompts({"a", "crash", "b", "c", "crash", "d"}))),
              ElementsAre("ok", "crashed", "ok", "ok", "crashed", "ok"));
}

TEST(ProcessModel, ForgivesACrashThatDoesNotComeBack) {
  NEED_PYTHON();
  const TemporaryFolder folder;
  ProcessModel model(child("--max_batch 4 --log '" + (folder / "log").string() + "'"));
  const auto responses = ask(model, prompts({"a", "crash_once", "b"}));
  EXPECT_THAT(texts_of(responses), ElementsAre("a", "recovered", "b"));
}

TEST(ProcessModel, StartsAProgramAgainThatEndsBetweenRequests) {
  NEED_PYTHON();
  ProcessModel model(child());
  EXPECT_THAT(texts_of(ask(model, prompts({"answer_and_exit"}))), ElementsAre("the last"));
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_THAT(texts_of(ask(model, prompts({"answer_and_exit", "x"}))),
              ElementsAre("the last", "x"));
}

TEST(ProcessModel, StartsAProgramAgainThatAnswersTwice) {
  NEED_PYTHON();
  ProcessModel model(child());
  EXPECT_THAT(texts_of(ask(model, prompts({"twice", "a", "b"}))), ElementsAre("one", "a", "b"));
}

TEST(ProcessModel, IgnoresBlankLines) {
  NEED_PYTHON();
  ProcessModel model(child());
  EXPECT_THAT(texts_of(ask(model, prompts({"blank_lines"}))), ElementsAre("after blank lines"));
}

TEST(ProcessModel, IsNotStoppedByAFloodOnStderr) {
  NEED_PYTHON();
  ProcessModel model(child());
  EXPECT_THAT(texts_of(ask(model, prompts({"flood", "x"}))), ElementsAre("after the flood", "x"));
}

/// Both pipes hold 1 MB: who only writes, or only reads, waits for ever here.
TEST(ProcessModel, ReadsWhileItWrites) {
  NEED_PYTHON();
  ProcessModel model(child("--max_batch 6"));
  const std::string long_prompt(3'000'000, 'z');
  const auto responses = ask(
      model, prompts({"large", long_prompt, "large", long_prompt, "large", long_prompt, "large"}));
  for (std::size_t i = 0; i < responses.size(); ++i) {
    EXPECT_EQ(responses[i].text.size(), 3'000'000U) << i << " " << responses[i].error;
  }
}

TEST(ProcessModel, TimesOutOnAProgramThatReadsNothing) {
  NEED_PYTHON();
  ProcessOptions options = child("--max_batch 2 --start deaf");
  options.timeout = milliseconds(200);
  options.retries = 0;
  ProcessModel model(options);
  const std::string long_prompt(3'000'000, 'z');
  EXPECT_THAT(outcomes_of(ask(model, prompts({long_prompt, long_prompt}))),
              ElementsAre("timeout", "timeout"));
}

struct BadStart {
  std::string name, arguments, message;
};

class NeverStarting : public ::testing::TestWithParam<BadStart> {};

TEST_P(NeverStarting, StopsWithTheReason) {
  NEED_PYTHON();
  ProcessOptions options = child(GetParam().arguments);
  if (!GetParam().arguments.starts_with("-")) options.command = GetParam().arguments;
  options.startup_timeout = milliseconds(GetParam().name == "silence" ? 300 : 30000);
  try {
    ProcessModel model(options);
    FAIL() << "it started";
  } catch (const StopError& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_EQ(error.exit_code(), 5);
  }
}

INSTANTIATE_TEST_SUITE_P(
    ProcessModel, NeverStarting,
    ::testing::Values(
        BadStart{"dies", "--start die",
                 "gave no handshake: it exited with status 3 before it answered; its last lines on "
                 "stderr:\n    first words\n    last words"},
        BadStart{"silence", "--start silence", "within 0.3 s (startup_timeout)"},
        BadStart{"garbage", "--start garbage",
                 "no JSON object (what is not an answer must go to stderr): Loading model..."},
        BadStart{"not_found", "no_such_program_here", "status 127 (the command was not found)"},
        BadStart{"ends_at_once", "true", "exited with status 0 before it answered"},
        BadStart{"another_protocol", "read x; echo '{\"sightline\": 2}'; sleep 9",
                 "speaks protocol 2, want 1"},
        BadStart{"two_lines",
                 "printf '{\"sightline\": 1, \"name\": \"x\", \"kinds\": [\"text\"]}\\n{}\\n'; "
                 "sleep 9",
                 "wrote a further line before it was asked anything: {}"}),
    [](const auto& test) { return test.param.name; });

TEST(ProcessModel, WaitsForASlowStart) {
  NEED_PYTHON();
  ProcessModel model(child("--start slow"));
  EXPECT_THAT(texts_of(ask(model, prompts({"x"}))), ElementsAre("x"));
}

TEST(ProcessModel, RefusesAProgramThatComesBackAsAnother) {
  NEED_PYTHON();
  ProcessModel model(child("--start other_each_time"));
  EXPECT_THAT(message_of([&] {
                ask(model, prompts({"a", "crash", "b"}));
              }),
              HasSubstr("came back from a restart with another handshake"));
}

TEST(ProcessModel, RefusesAProgramThatCannotDoTheTask) {
  NEED_PYTHON();
  ProcessOptions options = child();
  options.kind = Kind::kReconstruct;
  EXPECT_THROW(
      {
        try {
          ProcessModel model(options);
        } catch (const UsageError& error) {
          EXPECT_THAT(error.what(), HasSubstr("kind text, and task a_task asks for reconstruct"));
          throw;
        }
      },
      UsageError);
}

/// A program that only knows texts is asked for a box in words.
TEST(ProcessModel, AsksATextProgramForABoxByThePrompt) {
  NEED_PYTHON();
  ProcessOptions options = child();
  options.kind = Kind::kGround;
  ProcessModel model(options);
  std::vector<Request> requests = prompts({"where is the cat?"});
  requests[0].kind = Kind::kGround;
  const auto responses = ask(model, requests);
  EXPECT_EQ(responses[0].text, "where is the cat?");
  EXPECT_FALSE(responses[0].answer.has_value());
}

TEST(ProcessModel, KillsTheWholeGroupAtTheEnd) {
  NEED_PYTHON();
  int pid = 0;
  {
    ProcessModel model(child());
    pid = std::stoi(ask(model, prompts({"helper"}))[0].text);
    EXPECT_TRUE(is_running(pid));
  }
  EXPECT_TRUE(ends_soon(pid));
}

TEST(ProcessModel, LeavesNothingRunningWhenSightlineIsKilled) {
  NEED_PYTHON();
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t victim = ::fork();
  if (victim == 0) {
    ProcessModel model(child("; true"));
    const int pid = std::stoi(ask(model, prompts({"helper"}))[0].text);
    if (::write(pipe_ends[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  ::close(pipe_ends[1]);
  int pid = 0;
  ASSERT_EQ(::read(pipe_ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ::close(pipe_ends[0]);
  ASSERT_EQ(::waitpid(victim, nullptr, 0), victim);
  EXPECT_TRUE(ends_soon(pid));
}

/// Offers one request after another with pauses, and may end the run by throwing.
class SlowExchange final : public Exchange {
 public:
  SlowExchange(std::vector<Request> requests, Clock::time_point stop)
      : requests_(std::move(requests)), stop_(stop) {}

  std::vector<Request> take(std::size_t most, bool wait) override {
    if (Clock::now() > stop_) throw StopError("interrupted");
    if (most == 0 || taken_ == requests_.size() || (!wait && ++refused_ % 3 != 0)) return {};
    return {requests_[taken_++]};
  }

  void give(std::vector<Request> requests, std::vector<Response> responses) override {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      texts[requests[i].id] = responses[i].text;
    }
  }

  std::map<std::string, std::string> texts;

 private:
  std::vector<Request> requests_;
  Clock::time_point stop_;
  std::size_t taken_ = 0;
  int refused_ = 0;
};

TEST(ProcessModel, TakesRequestsAsTheyCome) {
  NEED_PYTHON();
  ProcessModel model(child("--max_batch 3"));
  SlowExchange exchange(prompts({"a", "b", "c", "d"}), Clock::time_point::max());
  model.serve(exchange);
  EXPECT_THAT(exchange.texts, ElementsAre(std::pair("0", "a"), std::pair("1", "b"),
                                          std::pair("2", "c"), std::pair("3", "d")));
}

TEST(ProcessModel, CanBeInterruptedWhileItWaits) {
  NEED_PYTHON();
  ProcessModel model(child());
  const auto start = Clock::now();
  SlowExchange exchange(prompts({"silence"}), start + milliseconds(300));
  EXPECT_THAT(message_of([&] { model.serve(exchange); }), HasSubstr("interrupted"));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
  EXPECT_THAT(texts_of(ask(model, prompts({"x"}))), ElementsAre("x")) << "it can be asked again";
}

TEST(ProcessModel, ChecksItsArguments) {
  const std::map<std::string, std::string> cases = {
      {"", "needs --model_args command=..., which is the program to start"},
      {"command=true,timeout=0", "timeout=0 is not a time in seconds"},
      {"command=true,timeout=soon", "timeout=soon is no number"},
      {"command=true,retries=1.5", "retries=1.5 is not a whole number"},
      {"command=true,retries=-1", "retries=-1 is not a whole number"},
      {"command=true,time_out=3", "no argument 'time_out'; did you mean 'timeout'?"},
      {"command=true,geometry=furlongs", "furlongs"}};
  for (const auto& [args, message] : cases) {
    SCOPED_TRACE(args);
    ModelSettings settings;
    settings.args = ModelArgs::parse(args);
    EXPECT_THAT(message_of([&] { open_process(settings); }), HasSubstr(message));
  }
}

TEST(ProcessModel, PrefersWhatTheUserSaysOverTheHandshake) {
  ModelSettings settings;
  settings.args = ModelArgs::parse(
      "prompt_style=plain,geometry=norm1000,command=printf '{\"sightline\": 1\\, \"name\": "
      "\"x\"\\, \"kinds\": [\"text\"]\\, \"prompt_style\": \"paligemma\"\\, \"geometry\": "
      "\"unit\"\\, \"revision\": \"r7\"\\, \"weights_sha256\": \"abc\"}\\n'; cat >/dev/null");
  const auto model = open_process(settings);
  EXPECT_EQ(model->info().prompt_style, "plain");
  EXPECT_EQ(model->info().geometry->unit, BoxGeometry::Unit::kNorm1000);
  EXPECT_EQ(model->info().revision, "r7");
  EXPECT_EQ(model->info().hashes.at("weights"), "abc");
  EXPECT_EQ(model->info().max_batch, 1U);
}

/// The example of the documentation does all four kinds.
class ExampleProgram : public ::testing::TestWithParam<Kind> {};

TEST_P(ExampleProgram, AnswersEveryKindOfRequest) {
  NEED_PYTHON();
  ProcessOptions options;
  options.command = python() + " '" SIGHTLINE_SOURCE_DIR "/docs/process_model.py'";
  options.kind = GetParam();
  ProcessModel model(options);
  EXPECT_EQ(model.info().wants_pixels, GetParam() == Kind::kReconstruct);
  Request request;
  request.kind = GetParam();
  request.id = "one";
  request.prompt = "What is this?";
  request.text = "the left cat";
  request.decoding.max_new_tokens = 2;
  auto pixels = std::make_shared<Image>(black_image(5, 3));
  for (std::size_t i = 0; i < pixels->pixels.size(); ++i) {
    pixels->pixels[i] = static_cast<std::uint8_t>(i * 5);
  }
  request.images.push_back({.path = "a.jpg", .pixels = pixels, .width = 5, .height = 3});
  request.categories =
      std::make_shared<const std::vector<Category>>(std::vector<Category>{{7, "dog"}, {9, "cat"}});
  const Response response = ask(model, {request, request}).at(1);
  ASSERT_EQ(response.outcome, Outcome::kOk) << response.error;
  EXPECT_GE(response.seconds, 0);
  if (GetParam() == Kind::kText) {
    EXPECT_EQ(response.text, "What is");
    return;
  }
  ASSERT_TRUE(response.answer.has_value());
  if (GetParam() == Kind::kReconstruct) {
    EXPECT_EQ(*response.answer->reconstruction.image, *pixels);
    EXPECT_FALSE(response.answer->reconstruction.bits.has_value());
    return;
  }
  ASSERT_EQ(response.answer->boxes.size(), GetParam() == Kind::kDetect ? 2U : 1U);
  EXPECT_EQ(response.answer->boxes[0].box, (Box{0, 0, 10, 10}));
  EXPECT_EQ(response.answer->boxes[0].category_id,
            GetParam() == Kind::kDetect ? 7 : PredictedBox::kNoCategory);
}

INSTANTIATE_TEST_SUITE_P(ProcessModel, ExampleProgram,
                         ::testing::Values(Kind::kText, Kind::kDetect, Kind::kGround,
                                           Kind::kReconstruct),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST(ProcessModelExample, IsShortEnoughToRead) {
  const std::string text = read_file(SIGHTLINE_SOURCE_DIR "/docs/process_model.py");
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 60);
}

}  // namespace
}  // namespace sightline
