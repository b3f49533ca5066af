#include "results/journal.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/results/journal_support.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::query;
using testing::row_at;
using testing::rows_between;
using testing::task_named;
using testing::TemporaryFolder;

const json kIdentity = {{"model", {{"name", "native"}, {"path", "/models/a"}}}, {"seed", 0}};

TEST(Journal, KeepsEveryFieldOfARowAndGivesRowsInDataSetOrder) {
  const TemporaryFolder folder;
  {
    Journal journal = Journal::open(folder.path(), kIdentity);
    const int task = journal.add_task(task_named("t"));
    journal.append(task, rows_between(500, 900));
    journal.append(task, rows_between(0, 300));
  }
  const Journal journal = Journal::open_to_read(folder.path());
  EXPECT_EQ(journal.identity(), kIdentity);
  EXPECT_EQ(journal.count(0), 700u);
  std::vector<std::size_t> order;
  journal.for_each(0, [&](const JournalRow& row) {
    testing::expect_equal(row, row_at(row.index));
    order.push_back(row.index);
  });
  EXPECT_EQ(order.size(), 700u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  const std::vector<bool> done = journal.done(0);
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(done[i], i < 300 || (i >= 500 && i < 900));
}

TEST(Journal, AddsUpWhatTheAnswersOfATaskTook) {
  const TemporaryFolder folder;
  Journal journal = Journal::open(folder.path(), kIdentity);
  const int first = journal.add_task(task_named("a")), second = journal.add_task(task_named("b"));
  std::vector<JournalRow> rows = rows_between(0, 3);
  for (JournalRow& row : rows) {
    row.prompt_tokens = 2'000'000'000;
    row.generated_tokens = 7;
    row.seconds = 0.25;
  }
  journal.append(first, rows);
  const JournalUsage usage = journal.usage(first);
  EXPECT_EQ(usage.prompt_tokens, 6'000'000'000);
  EXPECT_EQ(usage.generated_tokens, 21);
  EXPECT_EQ(usage.seconds, 0.75);
  EXPECT_EQ(journal.usage(second).generated_tokens, 0);
  EXPECT_EQ(journal.usage(second).seconds, 0);
}

TEST(Journal, KeepsBytesAsTheyAre) {
  const TemporaryFolder folder;
  JournalRow row = row_at(0);
  row.response = std::string("zero\0byte, broken \xff\xfe UTF-8, ünïcode\r\n", 40);
  row.error = std::string(3'000'000, 'e');
  row.seconds = 0.1 + 0.2;
  {
    Journal journal = Journal::open(folder.path(), kIdentity);
    journal.append(journal.add_task(task_named("t")), {&row, 1});
  }
  Journal::open_to_read(folder.path()).for_each(0, [&](const JournalRow& read) {
    testing::expect_equal(read, row);
  });
}

TEST(Journal, KeepsTasksApart) {
  const TemporaryFolder folder;
  Journal journal = Journal::open(folder.path(), kIdentity);
  const int a = journal.add_task(task_named("a"));
  const int b = journal.add_task(task_named("b[ocr=on]", 500));
  journal.append(b, rows_between(0, 5));
  journal.append(a, rows_between(10, 12));
  EXPECT_EQ(journal.count(a), 2u);
  EXPECT_EQ(journal.count(b), 5u);
  EXPECT_EQ(journal.done(b).size(), 500u);
  EXPECT_FALSE(journal.done(a)[0]);
  EXPECT_EQ(journal.tasks()[1].name, "b[ocr=on]");
  EXPECT_EQ(journal.add_task(task_named("a")), a);
}

TEST(Journal, ARowThatIsAppendedAgainReplacesTheFirst) {
  const TemporaryFolder folder;
  Journal journal = Journal::open(folder.path(), kIdentity);
  const int task = journal.add_task(task_named("t"));
  journal.append(task, rows_between(0, 10));
  JournalRow again = row_at(3);
  again.response = "better";
  const std::vector<JournalRow> twice = {row_at(3), again};
  journal.append(task, twice);
  EXPECT_EQ(journal.count(task), 10u);
  journal.for_each(task, [](const JournalRow& row) {
    if (row.index == 3) {
      EXPECT_EQ(row.response, "better");
    }
  });
}

TEST(Journal, RefusesASampleOutsideTheDataSet) {
  const TemporaryFolder folder;
  Journal journal = Journal::open(folder.path(), kIdentity);
  const int task = journal.add_task(task_named("t", 10));
  EXPECT_THAT(error_of([&] { journal.append(task, rows_between(5, 11)); }),
              HasSubstr("sample 10 of task t, which has 10"));
  EXPECT_EQ(journal.count(task), 0u);
  EXPECT_THAT(error_of([&] { journal.append(7, rows_between(0, 1)); }), HasSubstr("task number 7"));
}

TEST(Journal, NotesAreKeptAndTheLastWriteWins) {
  const TemporaryFolder folder;
  Journal journal = Journal::open(folder.path(), kIdentity);
  EXPECT_TRUE(journal.note("environment").is_null());
  journal.set_note("environment", {{"threads", 4}});
  journal.set_note("environment", {{"threads", 8}});
  EXPECT_EQ(journal.note("environment"), json({{"threads", 8}}));
  EXPECT_EQ(Journal::open_to_read(folder.path()).note("environment")["threads"], 8);
}

TEST(Journal, GoesOnWithTheSameIdentityAndTakesNewTasks) {
  const TemporaryFolder folder;
  {
    Journal journal = Journal::open(folder.path(), kIdentity);
    journal.append(journal.add_task(task_named("a")), rows_between(0, 10));
  }
  Journal journal = Journal::open(folder.path(), kIdentity);
  EXPECT_EQ(journal.add_task(task_named("b")), 1);
  EXPECT_EQ(journal.add_task(task_named("a")), 0);
  EXPECT_EQ(journal.count(0), 10u);
}

TEST(Journal, AnotherIdentityIsRefusedNamingEveryFieldThatDiffers) {
  const TemporaryFolder folder;
  { const Journal journal = Journal::open(folder.path(), kIdentity); }
  const json other = {{"model", {{"name", "native"}, {"path", "/models/b"}}}, {"limit", 100}};
  try {
    Journal::open(folder.path(), other);
    FAIL() << "the identity was taken";
  } catch (const MismatchError& error) {
    EXPECT_EQ(error.exit_code(), 2);
    EXPECT_EQ(error.message(),
              folder.path().string() +
                  " holds another run:\n"
                  "  limit: stored (absent), now 100\n"
                  "  model.path: stored \"/models/a\", now \"/models/b\"\n"
                  "  seed: stored 0, now (absent)\n"
                  "use the stored settings to go on with that run, --fresh to discard it, or "
                  "another --output_path");
  }
  EXPECT_EQ(Journal::open_to_read(folder.path()).identity(), kIdentity);
}

TEST(Journal, AnIdentityThatIsNotUtf8IsFoundAgain) {
  const TemporaryFolder folder;
  const json identity = {{"path", "/models/\xff"}};
  { const Journal journal = Journal::open(folder.path(), identity); }
  EXPECT_NO_THROW(Journal::open(folder.path(), identity));
}

TEST(Journal, AnotherProtocolOrDataSetIsRefusedNamingTheField) {
  const TemporaryFolder folder;
  Journal journal = Journal::open(folder.path(), kIdentity);
  journal.add_task(task_named("t"));
  JournalTask other = task_named("t");
  other.protocol = R"({"prompt":"long"})";
  EXPECT_THAT(error_of<MismatchError>([&] { journal.add_task(other); }),
              AllOf(HasSubstr("task t"), HasSubstr("--fresh"),
                    HasSubstr("protocol.prompt: stored \"short\", now \"long\"")));
  EXPECT_THAT(error_of<MismatchError>([&] { journal.add_task(task_named("t", 5)); }),
              HasSubstr("samples: stored 1000000, now 5"));
  other.protocol = "{not json";
  EXPECT_THAT(error_of([&] { journal.add_task(other); }), HasSubstr("protocol of task t"));
}

TEST(Journal, FreshDiscardsTheEarlierRunWhateverItsIdentity) {
  const TemporaryFolder folder;
  {
    Journal journal = Journal::open(folder.path(), kIdentity);
    journal.append(journal.add_task(task_named("a")), rows_between(0, 10));
  }
  Journal journal = Journal::open(folder.path(), {{"seed", 1}}, true);
  EXPECT_TRUE(journal.tasks().empty());
  EXPECT_EQ(journal.add_task(task_named("b")), 0);
  EXPECT_EQ(journal.count(0), 0u);
}

TEST(Journal, ASecondWriterIsRefusedWithTheFolderAndTheHolder) {
  const TemporaryFolder folder;
  {
    const Journal journal = Journal::open(folder.path(), kIdentity);
    EXPECT_THAT(error_of([&] { Journal::open(folder.path(), kIdentity); }),
                AllOf(HasSubstr(folder.path().string()), HasSubstr(std::to_string(getpid())),
                      HasSubstr("another --output_path")));
  }
  EXPECT_NO_THROW(Journal::open(folder.path(), kIdentity));
}

TEST(Journal, IsReadBesideALiveWriter) {
  const TemporaryFolder folder;
  Journal writer = Journal::open(folder.path(), kIdentity);
  const int task = writer.add_task(task_named("t"));
  const Journal reader = Journal::open_to_read(folder.path());
  EXPECT_EQ(reader.count(task), 0u);
  writer.append(task, rows_between(0, 100));
  EXPECT_EQ(reader.count(task), 100u);
  // Writing goes on while a reader is in the middle of its rows, which stay those of its start.
  std::size_t seen = 0;
  reader.for_each(task, [&](const JournalRow&) {
    if (seen++ == 0) writer.append(task, rows_between(100, 5000));
  });
  EXPECT_EQ(seen, 100u);
  EXPECT_EQ(reader.count(task), 5000u);
}

TEST(Journal, AReaderCannotWrite) {
  const TemporaryFolder folder;
  { Journal::open(folder.path(), kIdentity).add_task(task_named("t")); }
  Journal reader = Journal::open_to_read(folder.path());
  EXPECT_THAT(error_of([&] { reader.append(0, rows_between(0, 1)); }), HasSubstr("to read"));
  EXPECT_THAT(error_of([&] { reader.add_task(task_named("u")); }), HasSubstr("to read"));
  EXPECT_THAT(error_of([&] { reader.set_note("n", 1); }), HasSubstr("to read"));
}

TEST(Journal, SaysThatAFolderHoldsNoRun) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { Journal::open_to_read(folder.path()); }),
              AllOf(HasSubstr("holds no run"), HasSubstr("run.sqlite")));
  EXPECT_THAT(error_of([&] { Journal::open_to_read(folder / "absent"); }), HasSubstr("absent"));
}

TEST(Journal, HasItsSchemaVersionInTheFileAndAViewForOtherPrograms) {
  const TemporaryFolder folder;
  {
    Journal journal = Journal::open(folder.path(), kIdentity);
    journal.add_task(task_named("t"));
    journal.append(journal.add_task(task_named("u")), rows_between(41, 42));
  }
  const auto file = folder / Journal::kFileName;
  EXPECT_EQ(query(file, "PRAGMA user_version"), std::to_string(Journal::kSchemaVersion));
  EXPECT_EQ(query(file, "SELECT task || ' ' || \"index\" || ' ' || id FROM samples"), "u 41 id41");
}

TEST(Journal, ANewerSchemaIsRefused) {
  const TemporaryFolder folder;
  { const Journal journal = Journal::open(folder.path(), kIdentity); }
  query(folder / Journal::kFileName, "PRAGMA user_version = 99");
  const auto message = AllOf(HasSubstr("schema version 99"), HasSubstr("newer Sightline"));
  EXPECT_THAT(error_of([&] { Journal::open(folder.path(), kIdentity); }), message);
  EXPECT_THAT(error_of([&] { Journal::open_to_read(folder.path()); }), message);
  EXPECT_NO_THROW(Journal::open(folder.path(), kIdentity, true));
}

TEST(Journal, ADatabaseOfAnotherProgramIsRefusedAndLeftAsItIs) {
  const TemporaryFolder folder;
  const auto file = folder / Journal::kFileName;
  query(file, "CREATE TABLE photos(name TEXT)");
  for (const bool fresh : {false, true}) {
    EXPECT_THAT(error_of([&] { Journal::open(folder.path(), kIdentity, fresh); }),
                HasSubstr("another program"));
  }
  EXPECT_THAT(error_of([&] { Journal::open_to_read(folder.path()); }),
              HasSubstr("another program"));
  EXPECT_EQ(query(file, "SELECT name FROM sqlite_master"), "photos");
  EXPECT_EQ(query(file, "PRAGMA journal_mode"), "delete");
}

TEST(Journal, AFileThatIsNoDatabaseIsRefusedAndLeftAsItIs) {
  const std::vector<std::string> contents = {"{}", "results of last year\n",
                                             std::string(5000, '\xff')};
  for (const std::string& content : contents) {
    SCOPED_TRACE(content.substr(0, 20));
    const TemporaryFolder folder;
    const auto file = folder / Journal::kFileName;
    std::ofstream(file) << content;
    EXPECT_THAT(error_of([&] { Journal::open(folder.path(), kIdentity); }),
                AllOf(HasSubstr(file.string()), HasSubstr("not a journal")));
    EXPECT_THAT(error_of([&] { Journal::open_to_read(folder.path()); }),
                HasSubstr("not a journal"));
    EXPECT_EQ(std::filesystem::file_size(file), content.size());
  }
}

TEST(Journal, ATruncatedFileIsReportedNotReadInPart) {
  const TemporaryFolder folder;
  const auto file = folder / Journal::kFileName;
  {
    Journal journal = Journal::open(folder.path(), kIdentity);
    journal.append(journal.add_task(task_named("t")), rows_between(0, 5000));
  }
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THAT(error_of([&] {
                const Journal journal = Journal::open(folder.path(), kIdentity);
                journal.for_each(0, [](const JournalRow&) {});
              }),
              AllOf(HasSubstr(file.string()), HasSubstr("damaged")));
}

TEST(Journal, AFileThatWasCreatedAndNeverFilledIsTakenAsNew) {
  const TemporaryFolder folder;
  std::ofstream(folder / Journal::kFileName).flush();
  EXPECT_THAT(error_of([&] { Journal::open_to_read(folder.path()); }), HasSubstr("is empty"));
  EXPECT_NO_THROW(Journal::open(folder.path(), kIdentity).add_task(task_named("t")));
}

TEST(Journal, AFolderThatCannotBeMadeIsAnError) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  for (const std::filesystem::path& path : {folder / "file", folder / "file/run"}) {
    EXPECT_THAT(error_of([&] { Journal::open(path, kIdentity); }),
                AllOf(HasSubstr(path.string()), HasSubstr("choose an --output_path")));
  }
}

/// Runs `body` in a child without the rights of root; its exit status.
template <typename Body>
int as_ordinary_user(Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    const bool dropped = geteuid() != 0 || setuid(65534) == 0;
    _exit(dropped ? body() : 99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Journal, AReadOnlyFolderCannotBeWrittenButAFinishedRunInItCanBeRead) {
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  {
    Journal journal = Journal::open(folder / "r#u?n%", kIdentity);
    journal.append(journal.add_task(task_named("t")), rows_between(0, 100));
  }
  const fs::path run = folder / "r#u?n%";
  fs::permissions(folder.path(), fs::perms(0755));
  fs::permissions(run, fs::perms(0555));
  const int status = as_ordinary_user([&] {
    try {
      Journal::open(run, kIdentity);
      return 1;
    } catch (const StopError&) {
      return 2;
    } catch (const Error& error) {
      if (error.message().find("cannot write in " + run.string()) == std::string::npos) return 3;
    }
    return Journal::open_to_read(run).count(0) == 100 ? 0 : 4;
  });
  fs::permissions(run, fs::perms(0755));
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sightline
