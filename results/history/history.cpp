#include "results/history/history.h"

#include <unistd.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "results/database.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::int64_t kApplicationId = 0x53474C48;  // "SGLH", in the header of the SQLite file

constexpr const char* kSchema = R"sql(
  CREATE TABLE IF NOT EXISTS runs(
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, date REAL NOT NULL, label TEXT NOT NULL,
    revision TEXT NOT NULL, model TEXT NOT NULL, config TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS numbers(
    run INTEGER NOT NULL REFERENCES runs(id), task TEXT NOT NULL, metric TEXT NOT NULL,
    value REAL NOT NULL, standard_error REAL, n INTEGER NOT NULL, unit TEXT NOT NULL,
    higher_is_better INTEGER NOT NULL, rules TEXT NOT NULL, meaning TEXT NOT NULL,
    PRIMARY KEY(run, task, metric, unit, rules)) WITHOUT ROWID;
)sql";

constexpr const char* kSelect = R"sql(
  SELECT runs.id, date, label, revision, model, task, metric, value, standard_error,
         standard_error IS NOT NULL, n, unit, higher_is_better, rules, meaning
  FROM numbers JOIN runs ON runs.id = numbers.run ORDER BY task, metric, unit, rules, date, runs.id
)sql";

/// A file that is no database at all: SQLite would call it a damaged journal.
void require_database(const fs::path& file) {
  std::error_code absent;
  if (!fs::exists(file, absent) || fs::is_directory(file)) return;
  std::ifstream stream(file, std::ios::binary);
  std::string head(16, '\0');
  stream.read(head.data(), 16);
  const bool is_empty = stream.gcount() == 0 && stream.eof();
  require(is_empty || head == std::string("SQLite format 3\0", 16),
          "{} is no history of Sightline (no SQLite file); name another file with --history",
          file.string());
}

void require_ours(const Database& database, const fs::path& file, bool may_be_empty) {
  const std::int64_t id = database.number("PRAGMA application_id");
  const bool is_empty = id == 0 && database.number("SELECT count(*) FROM sqlite_master") == 0;
  require(id == kApplicationId || (is_empty && may_be_empty),
          "{} is no history of Sightline; name another file with --history", file.string());
  const std::int64_t version = database.number("PRAGMA user_version");
  require(version <= History::kSchemaVersion,
          "{} has schema version {}, this Sightline knows versions up to {}; use the newer "
          "Sightline that wrote it, or name another file with --history",
          file.string(), version, History::kSchemaVersion);
}

/// All that must be equal for two points of a metric to be comparable.
std::string meaning_of(const RunResults& run, const TaskResult& task, const MetricValue& metric) {
  json meaning = json::parse(task.protocol.empty() ? "{}" : task.protocol, nullptr, false);
  if (!meaning.is_object()) meaning = {{"protocol", task.protocol}};
  meaning["rules"] = metric.rules.empty() ? task.rules : metric.rules;
  meaning["task version"] = task.version;
  meaning["samples"] = task.samples;
  const json manifest = json::parse(run.manifest, nullptr, false);
  const json::json_pointer data = json::json_pointer("/tasks") / task.name / "data";
  if (manifest.is_object() && manifest.contains(data)) meaning["data"] = manifest.at(data);
  return meaning.dump();
}

/// Of everything that results.json holds, its date included: two runs of equal results are two.
std::string hash_of(const RunResults& results) {
  return sha256_hex(to_json(results).dump());
}

/// Seconds since 1970 of "2026-11-21T06:58:00Z", or of a number of them; else NaN.
double seconds_of(const json& date) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (date.is_number()) return date.get<double>();
  if (!date.is_string()) return kNone;
  std::tm time{};
  const std::string text = date.get<std::string>();
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  if (end == nullptr || *end != '\0') return kNone;
  return static_cast<double>(::timegm(&time));
}

double date_of(const RunResults& results) {
  const json manifest = json::parse(results.manifest, nullptr, false);
  const double seconds = seconds_of(manifest.is_object() ? manifest.value("date", json()) : json());
  require(std::isfinite(seconds),
          "the run of {} has no date in its results.json, which a history is ordered by: want "
          "sightline.date as 2026-11-21T06:58:00Z",
          results.model);
  return seconds;
}

bool is_number(const MetricValue& metric) {
  return metric.value && !std::isnan(*metric.value);
}

void require_usable(const RunResults& results) {
  require(results.finished,
          "the run of {} is unfinished: start its command again, then add it to the history",
          results.model);
  for (const TaskResult& task : results.tasks) {
    for (const MetricValue& metric : task.metrics) {
      if (is_number(metric)) return;
    }
  }
  fail("the run of {} has no values to be added (was it run with --predict_only?)", results.model);
}

}  // namespace

struct History::State {
  Database database;

  std::optional<AddedRun> find(const std::string& hash) const {
    Statement select = database.prepare("SELECT label FROM runs WHERE hash = ?");
    select.bind(1, hash);
    if (!select.step()) return std::nullopt;
    return AddedRun{.is_new = false, .label = std::string(select.text(0))};
  }

  void add_run(const HistoryAddition& run, const std::string& hash) {
    Statement insert = database.prepare("INSERT INTO runs VALUES(NULL, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, hash);
    insert.bind(2, date_of(run.results));
    insert.bind(3, run.label);
    insert.bind(4, run.commit);
    insert.bind(5, run.results.model);
    insert.bind(6, run.results.config);
    insert.run();
    const std::int64_t number = database.number("SELECT last_insert_rowid()");
    for (const TaskResult& task : run.results.tasks) {
      for (const MetricValue& metric : task.metrics) {
        if (is_number(metric)) add_number(number, run.results, task, metric);
      }
    }
  }

  void add_number(std::int64_t number, const RunResults& run, const TaskResult& task,
                  const MetricValue& metric) {
    const std::string meaning = meaning_of(run, task, metric);
    // NULL stands for no standard error; text and numbers are all that can be bound.
    Statement insert = database.prepare(
        metric.standard_error
            ? "INSERT INTO numbers VALUES(?1, ?2, ?3, ?4, ?10, ?5, ?6, ?7, ?8, ?9)"
            : "INSERT INTO numbers VALUES(?1, ?2, ?3, ?4, NULL, ?5, ?6, ?7, ?8, ?9)");
    insert.bind(1, number);
    insert.bind(2, task.name);
    insert.bind(3, metric.key);
    insert.bind(4, *metric.value);
    insert.bind(5, metric.n);
    insert.bind(6, metric.unit);
    insert.bind(7, std::int64_t{metric.higher_is_better});
    insert.bind(8, metric.rules);
    insert.bind(9, meaning);
    if (metric.standard_error) insert.bind(10, *metric.standard_error);
    insert.run();
  }
};

History::History(std::unique_ptr<State> state) : state_(std::move(state)) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

History History::open(const fs::path& file) {
  require_database(file);
  Database database(file, Database::Access::kReadWrite);
  // One file and nothing beside it, so that it can be copied, cached and committed.
  database.execute("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL");
  Transaction transaction(database);
  require_ours(database, file, true);
  database.execute(kSchema);
  database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                               kApplicationId, kSchemaVersion)
                       .c_str());
  transaction.commit();
  return History(std::unique_ptr<State>(new State{std::move(database)}));
}

History History::open_to_read(const fs::path& file) {
  std::error_code ignored;
  require(fs::is_regular_file(file, ignored),
          "there is no history {}; `sightline history add --history {} RUN` begins one",
          file.string(), file.string());
  require_database(file);
  // What a killed process left half done is taken back by the next who may write.
  const bool may_write = ::access(file.c_str(), W_OK) == 0;
  Database database(file, may_write ? Database::Access::kReadWrite : access_to_read(file));
  require_ours(database, file, false);
  return History(std::unique_ptr<State>(new State{std::move(database)}));
}

std::vector<AddedRun> History::add(const std::vector<HistoryAddition>& runs) {
  for (const HistoryAddition& run : runs) require_usable(run.results);
  Transaction transaction(state_->database);
  std::vector<AddedRun> added;
  for (const HistoryAddition& run : runs) {
    const std::string hash = hash_of(run.results);
    if (const std::optional<AddedRun> known = state_->find(hash)) {
      added.push_back(*known);
      continue;
    }
    state_->add_run(run, hash);
    added.push_back({.is_new = true, .label = run.label});
  }
  transaction.commit();
  return added;
}

std::vector<HistoryPoint> History::points() const {
  std::vector<HistoryPoint> points;
  Statement select = state_->database.prepare(kSelect);
  while (select.step()) {
    HistoryPoint& point = points.emplace_back();
    point.run = select.integer(0);
    point.date = select.real(1);
    point.label = select.text(2);
    point.commit = select.text(3);
    point.model = select.text(4);
    point.task = select.text(5);
    point.metric = select.text(6);
    point.value = select.real(7);
    if (select.integer(9) != 0) point.standard_error = select.real(8);
    point.n = select.integer(10);
    point.unit = select.text(11);
    point.higher_is_better = select.integer(12) != 0;
    point.rules = select.text(13);
    point.meaning = select.text(14);
  }
  return points;
}

}  // namespace sightline
