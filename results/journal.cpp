#include "results/journal.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "harness/base/error.h"
#include "results/database.h"
#include "results/differences.h"
#include "results/run_lock.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// A row's key is task number * 2^40 + index, so that rows of a task lie together in data-set order
// and appending in order always goes to the end of the tree.
constexpr int kIndexBits = 40;
constexpr std::int64_t kMostTasks = std::int64_t{1} << 22;
constexpr std::int64_t kApplicationId = 0x53474C4E;  // "SGLN", in the header of the SQLite file

// The log is written back every 4,096 pages (16 MiB), which bounds its size.
constexpr const char* kWriterSettings = R"sql(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 4096;
  PRAGMA journal_size_limit = 33554432;
)sql";

constexpr const char* kCommonSettings = R"sql(
  PRAGMA cache_size = -16384;
  PRAGMA temp_store = MEMORY;
)sql";

constexpr const char* kSchema = R"sql(
  CREATE TABLE identity(value TEXT NOT NULL);
  CREATE TABLE notes(name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE tasks(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
                     protocol TEXT NOT NULL, samples INTEGER NOT NULL);
  CREATE TABLE answers(key INTEGER PRIMARY KEY, id TEXT NOT NULL, outcome TEXT NOT NULL,
                       request TEXT NOT NULL, response TEXT NOT NULL, answer TEXT NOT NULL,
                       scores TEXT NOT NULL, error TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
                       generated_tokens INTEGER NOT NULL, seconds REAL NOT NULL);
  CREATE VIEW samples AS
    SELECT tasks.name AS task, key & 1099511627775 AS "index", id, outcome, request, response,
           answer, answers.scores, error, prompt_tokens, generated_tokens, seconds
    FROM answers JOIN tasks ON tasks.number = key >> 40;
)sql";

constexpr const char* kInsertRow =
    "INSERT OR REPLACE INTO answers VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

std::int64_t key_of(int task, std::size_t index) {
  return (std::int64_t{task} << kIndexBits) | static_cast<std::int64_t>(index);
}

std::size_t index_of(std::int64_t key) {
  return static_cast<std::size_t>(key & ((std::int64_t{1} << kIndexBits) - 1));
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json parse(std::string_view text, const std::string& what) {
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    fail("{} is no JSON: {}", what, error.what());
  }
}

/// What a file called run.sqlite turns out to be. Anything else throws.
enum class Content { kNothing, kJournal, kNewerJournal };

Content content_of(const Database& database, const fs::path& path) {
  if (database.number("PRAGMA application_id") == kApplicationId) {
    return database.number("PRAGMA user_version") > Journal::kSchemaVersion ? Content::kNewerJournal
                                                                            : Content::kJournal;
  }
  require(database.number("SELECT count(*) FROM sqlite_master") == 0,
          "{} is a SQLite file of another program, not a journal of Sightline; choose another "
          "--output_path",
          path.string());
  return Content::kNothing;
}

void refuse_newer(const Database& database, const fs::path& path) {
  fail(
      "{} has schema version {}, this Sightline knows versions up to {}; use the newer Sightline "
      "that wrote it, or choose another --output_path",
      path.string(), database.number("PRAGMA user_version"), Journal::kSchemaVersion);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  require(!error && fs::is_directory(folder, error),
          "cannot make the run folder {}: {}; choose an --output_path that can be written",
          folder.string(), error ? error.message() : "a file of that name is in the way");
}

/// Removes an earlier run. The database goes first: a log without one is ignored by SQLite.
void discard(const fs::path& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    fs::remove(path.string() + suffix, error);
    require(!error, "cannot remove {}{} of the earlier run: {}", path.string(), suffix,
            error.message());
  }
}

void create(Database& database, const json& identity) {
  Transaction transaction(database);
  database.execute(kSchema);
  database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                               kApplicationId, Journal::kSchemaVersion)
                       .c_str());
  Statement insert = database.prepare("INSERT INTO identity VALUES(?)");
  const std::string text = dump(identity);
  insert.bind(1, text);
  insert.run();
  transaction.commit();
}

/// Throws `MismatchError` that names each differing field.
void require_same(const json& stored, const json& given, const std::string& subject,
                  const std::string& advice) {
  const std::vector<FieldDifference> found = differences(stored, given);
  if (found.empty()) return;
  std::string message = subject + ":";
  for (const FieldDifference& field : found) {
    message += fmt::format("\n  {}: stored {}, now {}", field.path, field.left, field.right);
  }
  throw MismatchError(message + "\n" + advice, 2);
}

constexpr const char* kAdvice =
    "use the stored settings to go on with that run, --fresh to discard it, or another "
    "--output_path";

/// Opens run.sqlite for writing and makes it a journal; an earlier run goes when `fresh`.
Database open_to_write(const fs::path& path, const json& identity, bool fresh) {
  std::optional<Database> database(std::in_place, path, Database::Access::kReadWrite);
  const Content content = content_of(*database, path);
  if (content == Content::kNewerJournal && !fresh) refuse_newer(*database, path);
  if (content != Content::kNothing && fresh) {
    database.reset();
    discard(path);
    database.emplace(path, Database::Access::kReadWrite);
  }
  database->execute(kWriterSettings);
  if (content == Content::kNothing || fresh) create(*database, identity);
  return std::move(*database);
}

std::vector<JournalTask> read_tasks(const Database& database) {
  std::vector<JournalTask> tasks;
  Statement select = database.prepare("SELECT name, protocol, samples FROM tasks ORDER BY number");
  while (select.step()) {
    tasks.push_back({.name = std::string(select.text(0)),
                     .protocol = std::string(select.text(1)),
                     .samples = static_cast<std::size_t>(select.integer(2))});
  }
  return tasks;
}

}  // namespace

struct Journal::State {
  std::optional<RunLock> lock;  // released last
  fs::path path;
  Database database;
  std::vector<JournalTask> tasks;   // the writer's; a reader looks afresh each time
  std::optional<Statement> insert;  // the writer's

  bool writes() const { return lock.has_value(); }

  void require_writer() const {
    require(writes(), "{} was opened to read and cannot be changed", path.string());
  }

  /// A statement whose first two parameters are the key range of `task`.
  Statement over_rows(const char* sql, int task) const {
    require(task >= 0 && task < kMostTasks, "{} has no task number {}", path.string(), task);
    Statement statement = database.prepare(sql);
    statement.bind(1, key_of(task, 0));
    statement.bind(2, key_of(task + 1, 0) - 1);
    return statement;
  }

  void check_rows(int task, std::span<const JournalRow> rows) const {
    require(task >= 0 && static_cast<std::size_t>(task) < tasks.size(), "{} has no task number {}",
            path.string(), task);
    const JournalTask& of = tasks[static_cast<std::size_t>(task)];
    for (const JournalRow& row : rows) {
      require(row.index < of.samples, "{}: sample {} of task {}, which has {}", path.string(),
              row.index, of.name, of.samples);
    }
  }

  void insert_row(int task, const JournalRow& row) {
    insert->bind(1, key_of(task, row.index));
    insert->bind(2, row.id);
    insert->bind(3, row.outcome);
    insert->bind(4, row.request);
    insert->bind(5, row.response);
    insert->bind(6, row.answer);
    insert->bind(7, row.scores);
    insert->bind(8, row.error);
    insert->bind(9, std::int64_t{row.prompt_tokens});
    insert->bind(10, std::int64_t{row.generated_tokens});
    insert->bind(11, row.seconds);
    insert->run();
  }
};

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Journal Journal::open(const fs::path& folder, const json& identity, bool fresh) {
  require(identity.is_object(), "the identity of a run must be a JSON object");
  make_folder(folder);
  RunLock lock(folder);
  const fs::path path = folder / kFileName;
  Database database = open_to_write(path, identity, fresh);
  database.execute(kCommonSettings);
  Journal journal(std::unique_ptr<State>(new State{.lock = std::move(lock),
                                                   .path = path,
                                                   .database = std::move(database),
                                                   .tasks = {},
                                                   .insert = {}}));
  State& state = *journal.state_;
  // Both sides as text has them: what cannot be written as JSON was replaced in the stored one.
  require_same(journal.identity(), json::parse(dump(identity)),
               fmt::format("{} holds another run", folder.string()), kAdvice);
  state.tasks = read_tasks(state.database);
  state.insert = state.database.prepare(kInsertRow);
  return journal;
}

Journal Journal::open_to_read(const fs::path& folder) {
  const fs::path path = folder / kFileName;
  std::error_code ignored;
  require(fs::is_regular_file(path, ignored),
          "{} holds no run: {} is missing; give the --output_path of a run", folder.string(),
          kFileName);
  Database database(path, access_to_read(path));
  const Content content = content_of(database, path);
  require(content != Content::kNothing,
          "{} is empty: the run was stopped before it began; start it again", path.string());
  if (content == Content::kNewerJournal) refuse_newer(database, path);
  database.execute(kCommonSettings);
  return Journal(std::unique_ptr<State>(new State{
      .lock = {}, .path = path, .database = std::move(database), .tasks = {}, .insert = {}}));
}

int Journal::add_task(const JournalTask& task) {
  State& state = *state_;
  state.require_writer();
  const std::string what = fmt::format("the protocol of task {}", task.name);
  const json protocol = parse(task.protocol, what);
  for (std::size_t number = 0; number < state.tasks.size(); ++number) {
    const JournalTask& stored = state.tasks[number];
    if (stored.name != task.name) continue;
    require_same({{"protocol", parse(stored.protocol, what)}, {"samples", stored.samples}},
                 {{"protocol", protocol}, {"samples", task.samples}},
                 fmt::format("{} holds task {} with another protocol or data set",
                             state.path.parent_path().string(), task.name),
                 kAdvice);
    return static_cast<int>(number);
  }
  require(std::ssize(state.tasks) < kMostTasks, "too many tasks in {}", state.path.string());
  const auto number = std::ssize(state.tasks);
  Statement insert = state.database.prepare("INSERT INTO tasks VALUES(?, ?, ?, ?)");
  insert.bind(1, std::int64_t{number});
  insert.bind(2, task.name);
  insert.bind(3, task.protocol);
  insert.bind(4, static_cast<std::int64_t>(task.samples));
  insert.run();
  state.tasks.push_back(task);
  return static_cast<int>(number);
}

fs::path Journal::folder() const {
  return state_->path.parent_path();
}

std::vector<JournalTask> Journal::tasks() const {
  return state_->writes() ? state_->tasks : read_tasks(state_->database);
}

json Journal::identity() const {
  Statement select = state_->database.prepare("SELECT value FROM identity");
  require(select.step(), "{} is damaged: it has no identity", state_->path.string());
  return parse(select.text(0), fmt::format("{}: the identity", state_->path.string()));
}

void Journal::set_note(const std::string& name, const json& value) {
  state_->require_writer();
  const std::string text = dump(value);
  Statement insert = state_->database.prepare("INSERT OR REPLACE INTO notes VALUES(?, ?)");
  insert.bind(1, name);
  insert.bind(2, text);
  insert.run();
}

json Journal::note(const std::string& name) const {
  Statement select = state_->database.prepare("SELECT value FROM notes WHERE name = ?");
  select.bind(1, name);
  if (!select.step()) return nullptr;
  return parse(select.text(0), fmt::format("{}: note {}", state_->path.string(), name));
}

void Journal::append(int task, std::span<const JournalRow> rows) {
  State& state = *state_;
  state.require_writer();
  state.check_rows(task, rows);
  if (rows.empty()) return;
  Transaction transaction(state.database);
  for (const JournalRow& row : rows) state.insert_row(task, row);
  transaction.commit();
}

std::vector<bool> Journal::done(int task) const {
  Statement select = state_->over_rows("SELECT key FROM answers WHERE key BETWEEN ? AND ?", task);
  const std::vector<JournalTask> all = tasks();
  require(static_cast<std::size_t>(task) < all.size(), "{} has no task number {}",
          state_->path.string(), task);
  std::vector<bool> found(all[static_cast<std::size_t>(task)].samples);
  while (select.step()) {
    const std::size_t index = index_of(select.integer(0));
    require(index < found.size(), "{} is damaged: sample {} of task {}, which has {}",
            state_->path.string(), index, all[static_cast<std::size_t>(task)].name, found.size());
    found[index] = true;
  }
  return found;
}

std::size_t Journal::count(int task) const {
  Statement select =
      state_->over_rows("SELECT count(*) FROM answers WHERE key BETWEEN ? AND ?", task);
  select.step();
  return static_cast<std::size_t>(select.integer(0));
}

JournalUsage Journal::usage(int task) const {
  Statement select = state_->over_rows(
      "SELECT sum(prompt_tokens), sum(generated_tokens), sum(seconds) FROM answers "
      "WHERE key BETWEEN ? AND ?",
      task);
  select.step();
  return {.prompt_tokens = select.integer(0),
          .generated_tokens = select.integer(1),
          .seconds = select.real(2)};
}

namespace {

constexpr const char* kAllColumns =
    "key, id, outcome, request, scores, response, answer, error, prompt_tokens, generated_tokens, "
    "seconds";

void read_scores(const Statement& select, JournalRow& row) {
  row.index = index_of(select.integer(0));
  row.id = select.text(1);
  row.outcome = select.text(2);
  row.request = select.text(3);
  row.scores = select.text(4);
}

void read_row(const Statement& select, JournalRow& row) {
  read_scores(select, row);
  row.response = select.text(5);
  row.answer = select.text(6);
  row.error = select.text(7);
  row.prompt_tokens = static_cast<int>(select.integer(8));
  row.generated_tokens = static_cast<int>(select.integer(9));
  row.seconds = select.real(10);
}

}  // namespace

void Journal::for_each(int task, const std::function<void(const JournalRow&)>& visit) const {
  const std::string sql =
      fmt::format("SELECT {} FROM answers WHERE key BETWEEN ? AND ? ORDER BY key", kAllColumns);
  Statement select = state_->over_rows(sql.c_str(), task);
  JournalRow row;
  while (select.step()) {
    read_row(select, row);
    visit(row);
  }
}

void Journal::for_each_score(int task, const std::function<void(const JournalRow&)>& visit) const {
  Statement select = state_->over_rows(
      "SELECT key, id, outcome, request, scores FROM answers WHERE key BETWEEN ? AND ? "
      "ORDER BY key",
      task);
  JournalRow row;
  while (select.step()) {
    read_scores(select, row);
    visit(row);
  }
}

std::optional<JournalRow> Journal::row(int task, std::size_t index) const {
  const std::string sql = fmt::format("SELECT {} FROM answers WHERE key = ?", kAllColumns);
  Statement select = state_->database.prepare(sql.c_str());
  select.bind(1, key_of(task, index));
  if (!select.step()) return std::nullopt;
  JournalRow row;
  read_row(select, row);
  return row;
}

}  // namespace sightline
