#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>

#include "tests/results/journal_support.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::query;
using testing::row_at;
using testing::task_named;
using testing::TemporaryFolder;

const nlohmann::json kIdentity = {{"model", "m"}};
constexpr std::size_t kSamples = 400'000;

/// Goes on with the run as the engine does and reports each batch that `append` returned from as
/// one past its last index.
void write_until_killed(const std::filesystem::path& folder, int report) {
  Journal journal = Journal::open(folder, kIdentity);
  const int task = journal.add_task(task_named("t", kSamples));
  const std::vector<bool> done = journal.done(task);
  std::vector<JournalRow> batch;
  for (std::size_t i = 0; i < kSamples; ++i) {
    if (done[i]) continue;
    batch.push_back(row_at(i));
    if (batch.size() < 1 + i % 97) continue;
    journal.append(task, batch);
    batch.clear();
    const std::uint64_t reached = i + 1;
    if (write(report, &reached, sizeof reached) != sizeof reached) _exit(1);
  }
}

enum class Kill { kFromTheStart, kAfterTheFirstBatch };

/// Starts a writer, kills it `delay` after what `kill_when` says, and returns how far it said it
/// had come. Waiting for a batch makes the outcome independent of how busy the machine is.
std::uint64_t run_and_kill(const std::filesystem::path& folder, Kill kill_when,
                           std::chrono::microseconds delay) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    try {
      write_until_killed(folder, ends[1]);
    } catch (const std::exception&) {
      _exit(2);
    }
    _exit(0);
  }
  close(ends[1]);
  std::uint64_t reached = 0, next = 0;
  if (kill_when == Kill::kAfterTheFirstBatch && read(ends[0], &next, sizeof next) > 0) {
    reached = next;
  }
  usleep(static_cast<useconds_t>(delay.count()));
  kill(child, SIGKILL);
  while (read(ends[0], &next, sizeof next) == sizeof next) reached = next;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "the writer failed";
  return reached;
}

/// Every row up to `reached` is there once, in full, and nothing but whole rows behind it.
void expect_rows_up_to(const Journal& journal, std::uint64_t reached) {
  std::size_t next = 0;
  journal.for_each(0, [&](const JournalRow& row) {
    ASSERT_EQ(row.index, next++);
    const JournalRow want = row_at(row.index);
    ASSERT_EQ(row.response, want.response);
    ASSERT_EQ(row.seconds, want.seconds);
  });
  EXPECT_GE(next, reached);
}

TEST(JournalCrash, ARunKilledAtAnyMomentKeepsEveryAppendedRowAndGoesOn) {
  const TemporaryFolder folder;
  std::mt19937 random(20240229);
  std::uniform_int_distribution<int> microseconds(0, 10'000);
  std::uint64_t reached = 0;
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    const Kill when = round % 4 == 0 ? Kill::kFromTheStart : Kill::kAfterTheFirstBatch;
    const std::chrono::microseconds delay(microseconds(random));
    reached = std::max(reached, run_and_kill(folder.path(), when, delay));
    if (reached == 0) continue;
    EXPECT_GE(Journal::open_to_read(folder.path()).count(0), reached);
    if (round % 8 != 7) continue;
    expect_rows_up_to(Journal::open_to_read(folder.path()), reached);
    EXPECT_EQ(query(folder / "run.sqlite", "PRAGMA integrity_check"), "ok");
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(reached, 40u);
  Journal journal = Journal::open(folder.path(), kIdentity);
  expect_rows_up_to(journal, reached);
  EXPECT_EQ(journal.count(0), static_cast<std::size_t>(std::ranges::count(journal.done(0), true)));
}

TEST(JournalCrash, ALogLeftWithoutItsDatabaseIsNotTakenForTheNewOnes) {
  const TemporaryFolder folder;
  EXPECT_GT(run_and_kill(folder.path(), Kill::kAfterTheFirstBatch, std::chrono::milliseconds(5)),
            0u);
  ASSERT_GT(std::filesystem::file_size(folder / "run.sqlite-wal"), 0u);
  std::filesystem::remove(folder / "run.sqlite");
  Journal journal = Journal::open(folder.path(), kIdentity);
  EXPECT_TRUE(journal.tasks().empty());
}

TEST(JournalCrash, ALockLeftByAKilledWriterIsGone) {
  const TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Journal journal = Journal::open(folder.path(), kIdentity);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_THAT(testing::error_of([&] { Journal::open(folder.path(), kIdentity); }),
              ::testing::HasSubstr("(id " + std::to_string(child) + ")"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(Journal::open(folder.path(), kIdentity));
  close(ready[0]);
  close(ready[1]);
}

/// Appends until the file system takes no more; 0 when that is told as it should be.
int fill_the_disk(const std::filesystem::path& folder, rlim_t most_bytes, int report) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{most_bytes, most_bytes};
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 10;
  std::uint64_t reached = 0;
  try {
    Journal journal = Journal::open(folder, kIdentity);
    const int task = journal.add_task(task_named("t", kSamples));
    for (; reached < kSamples; reached += 1000) {
      journal.append(task, testing::rows_between(reached, reached + 1000));
    }
    return 11;
  } catch (const StopError& error) {
    if (write(report, &reached, sizeof reached) != sizeof reached) return 12;
    const bool clear = error.exit_code() == 5 &&
                       error.message().find("run.sqlite") != std::string::npos &&
                       error.message().find("free some space") != std::string::npos;
    return clear ? 0 : 13;
  } catch (const std::exception&) {
    return 14;
  }
}

TEST(JournalCrash, AFullDiskStopsTheRunWithAMessageAndKeepsWhatWasAppended) {
  for (const rlim_t most_bytes : {rlim_t{300'000}, rlim_t{6'000'000}, rlim_t{20'000'000}}) {
    SCOPED_TRACE(most_bytes);
    const TemporaryFolder folder;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) _exit(fill_the_disk(folder.path(), most_bytes, ends[1]));
    int status = 0;
    waitpid(child, &status, 0);
    close(ends[1]);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    std::uint64_t reached = 0;
    EXPECT_EQ(read(ends[0], &reached, sizeof reached), ssize_t{sizeof reached});
    close(ends[0]);
    expect_rows_up_to(Journal::open_to_read(folder.path()), reached);
    EXPECT_EQ(query(folder / "run.sqlite", "PRAGMA integrity_check"), "ok");
    Journal journal = Journal::open(folder.path(), kIdentity);
    journal.append(journal.add_task(task_named("t", kSamples)),
                   testing::rows_between(reached, reached + 1000));
    EXPECT_EQ(journal.count(0), reached + 1000);
  }
}

}  // namespace
}  // namespace sightline
