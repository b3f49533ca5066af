#include "results/verdict_store.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <vector>

#include "harness/base/error.h"
#include "results/database.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

StoredVerdict verdict_at(std::size_t index) {
  const std::string i = std::to_string(index);
  return {.key = "key" + i,
          .judge = "nes_judged/a@1/text-1",
          .id = "qual_dev_00000#" + i,
          .sentence = "Sentence " + i + ".",
          .verdict = index % 3 == 0 ? "" : "neutral",
          .outcome = index % 3 == 0 ? "timeout" : "ok",
          .response = std::string("Neutral\0.", 9),
          .error = index % 3 == 0 ? "silent" : "",
          .seconds = static_cast<double>(index) / 3};
}

void expect_equal(const StoredVerdict& a, const StoredVerdict& b) {
  EXPECT_EQ(std::tie(a.key, a.judge, a.id, a.sentence, a.verdict, a.outcome, a.response, a.error,
                     a.seconds),
            std::tie(b.key, b.judge, b.id, b.sentence, b.verdict, b.outcome, b.response, b.error,
                     b.seconds));
}

std::vector<StoredVerdict> verdicts_between(std::size_t begin, std::size_t end) {
  std::vector<StoredVerdict> verdicts;
  for (std::size_t i = begin; i < end; ++i) verdicts.push_back(verdict_at(i));
  return verdicts;
}

TEST(VerdictStore, FindsWhatWasAppendedAfterItWasOpenedAgain) {
  const TemporaryFolder folder;
  const auto file = folder / "judge.sqlite";
  {
    VerdictStore store = VerdictStore::open(file);
    store.append(verdicts_between(0, 5));
    store.append(verdicts_between(5, 9));
  }
  for (const VerdictStore& store : {VerdictStore::open(file), VerdictStore::open_to_read(file)}) {
    EXPECT_EQ(store.size(), 9u);
    for (std::size_t i = 0; i < 9; ++i) {
      expect_equal(store.find(verdict_at(i).key).value(), verdict_at(i));
    }
    EXPECT_FALSE(store.find("key9").has_value());
  }
}

TEST(VerdictStore, AVerdictOfTheSameKeyReplacesTheFormer) {
  VerdictStore store = VerdictStore::open(VerdictStore::kInMemory);
  StoredVerdict again = verdict_at(3);
  store.append({&again, 1});
  again.verdict = "entailment";
  again.outcome = "ok";
  store.append({&again, 1});
  EXPECT_EQ(store.size(), 1u);
  expect_equal(*store.find(again.key), again);
}

TEST(VerdictStore, TakesAllOfAnother) {
  VerdictStore store = VerdictStore::open(VerdictStore::kInMemory);
  VerdictStore other = VerdictStore::open(VerdictStore::kInMemory);
  store.append(verdicts_between(0, 4));
  other.append(verdicts_between(2, 7));
  store.append_all(other);
  EXPECT_EQ(store.size(), 7u);
}

TEST(VerdictStore, KeepsWhatWasAppendedWhenTheProcessIsKilled) {
  const TemporaryFolder folder;
  const auto file = folder / "judge.sqlite";
  const pid_t child = ::fork();
  if (child == 0) {
    VerdictStore store = VerdictStore::open(file);
    store.append(verdicts_between(0, 100));
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(VerdictStore::open_to_read(file).size(), 100u);
}

TEST(VerdictStore, RefusesFilesThatAreNotItsOwn) {
  const TemporaryFolder folder;
  const auto text = folder / "text", other = folder / "other.sqlite", newer = folder / "newer";
  std::ofstream(text) << std::string(5000, 'x');
  Database(other, Database::Access::kReadWrite).execute("CREATE TABLE t(a)");
  { VerdictStore::open(newer); }
  Database(newer, Database::Access::kReadWrite).execute("PRAGMA user_version = 99");
  const std::pair<std::filesystem::path, std::string> cases[] = {
      {text, "text"}, {other, "another program"}, {newer, "schema version 99"}};
  for (const auto& [file, says] : cases) {
    EXPECT_THAT(error_of([&] { VerdictStore::open(file); }), HasSubstr(says));
    EXPECT_THAT(error_of([&] { VerdictStore::open_to_read(file); }), HasSubstr(says));
  }
  EXPECT_THAT(error_of([&] { VerdictStore::open_to_read(folder / "none"); }), HasSubstr("missing"));
  EXPECT_THAT(error_of([&] { VerdictStore::open(folder / "no/such/folder"); }),
              HasSubstr("no/such"));
  EXPECT_THAT(error_of([&] { VerdictStore::open_to_read(newer).append({}); }), HasSubstr("99"));
}

TEST(VerdictStore, OpenedToReadItCannotBeChanged) {
  const TemporaryFolder folder;
  const auto file = folder / "judge.sqlite";
  { VerdictStore::open(file); }
  VerdictStore store = VerdictStore::open_to_read(file);
  EXPECT_THAT(error_of([&] { store.append(verdicts_between(0, 1)); }), HasSubstr("to read"));
}

}  // namespace
}  // namespace sightline
