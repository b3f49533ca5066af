#include "results/verdict_store.h"

#include <system_error>
#include <utility>

#include "harness/base/error.h"
#include "results/database.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kApplicationId = 0x53474C4A;  // "SGLJ", in the header of the SQLite file

constexpr const char* kWriterSettings = R"sql(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
)sql";

constexpr const char* kSchema = R"sql(
  CREATE TABLE IF NOT EXISTS verdicts(
    key TEXT PRIMARY KEY, judge TEXT NOT NULL, id TEXT NOT NULL, sentence TEXT NOT NULL,
    verdict TEXT NOT NULL, outcome TEXT NOT NULL, response TEXT NOT NULL, error TEXT NOT NULL,
    seconds REAL NOT NULL) WITHOUT ROWID;
)sql";

constexpr const char* kInsert = "INSERT OR REPLACE INTO verdicts VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)";

StoredVerdict read_row(const Statement& select) {
  return {.key = std::string(select.text(0)),
          .judge = std::string(select.text(1)),
          .id = std::string(select.text(2)),
          .sentence = std::string(select.text(3)),
          .verdict = std::string(select.text(4)),
          .outcome = std::string(select.text(5)),
          .response = std::string(select.text(6)),
          .error = std::string(select.text(7)),
          .seconds = select.real(8)};
}

void require_ours(const Database& database, const fs::path& file) {
  const std::int64_t id = database.number("PRAGMA application_id");
  require(id == kApplicationId ||
              (id == 0 && database.number("SELECT count(*) FROM sqlite_master") == 0),
          "{} is a SQLite file of another program, not a judge's verdicts; name another file",
          file.string());
  const std::int64_t version = database.number("PRAGMA user_version");
  require(version <= VerdictStore::kSchemaVersion,
          "{} has schema version {}, this Sightline knows versions up to {}; use the newer "
          "Sightline that wrote it, or name another file",
          file.string(), version, VerdictStore::kSchemaVersion);
}

void make_tables(Database& database) {
  Transaction transaction(database);
  database.execute(kSchema);
  database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                               kApplicationId, VerdictStore::kSchemaVersion)
                       .c_str());
  transaction.commit();
}

}  // namespace

struct VerdictStore::State {
  Database database;
  std::optional<Statement> insert = {};  ///< the writer's
  // Stepping a statement changes it, not what the store holds.
  mutable std::optional<Statement> select = {};
};

VerdictStore::VerdictStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
VerdictStore::VerdictStore(VerdictStore&&) noexcept = default;
VerdictStore& VerdictStore::operator=(VerdictStore&&) noexcept = default;
VerdictStore::~VerdictStore() = default;

VerdictStore VerdictStore::open(const fs::path& file) {
  Database database(file, Database::Access::kReadWrite);
  require_ours(database, file);
  database.execute(kWriterSettings);
  make_tables(database);
  VerdictStore store(std::unique_ptr<State>(new State{.database = std::move(database)}));
  store.state_->insert = store.state_->database.prepare(kInsert);
  return store;
}

VerdictStore VerdictStore::open_to_read(const fs::path& file) {
  std::error_code ignored;
  require(fs::is_regular_file(file, ignored), "{} is missing: it holds the verdicts of a judge",
          file.string());
  Database database(file, access_to_read(file));
  require_ours(database, file);
  return VerdictStore(std::unique_ptr<State>(new State{.database = std::move(database)}));
}

std::optional<StoredVerdict> VerdictStore::find(const std::string& key) const {
  std::optional<Statement>& select = state_->select;
  if (!select) select = state_->database.prepare("SELECT * FROM verdicts WHERE key = ?");
  select->bind(1, key);
  std::optional<StoredVerdict> found;
  if (select->step()) found = read_row(*select);
  select->reset();
  return found;
}

void VerdictStore::append(std::span<const StoredVerdict> verdicts) {
  require(state_->insert.has_value(), "verdicts that were opened to read cannot be changed");
  Transaction transaction(state_->database);
  Statement& insert = *state_->insert;
  for (const StoredVerdict& one : verdicts) {
    int parameter = 0;
    for (const std::string* text : {&one.key, &one.judge, &one.id, &one.sentence, &one.verdict,
                                    &one.outcome, &one.response, &one.error}) {
      insert.bind(++parameter, *text);
    }
    insert.bind(++parameter, one.seconds);
    insert.run();
  }
  transaction.commit();
}

void VerdictStore::append_all(const VerdictStore& other) {
  std::vector<StoredVerdict> all;
  Statement select = other.state_->database.prepare("SELECT * FROM verdicts ORDER BY key");
  while (select.step()) all.push_back(read_row(select));
  append(all);
}

std::size_t VerdictStore::size() const {
  return static_cast<std::size_t>(state_->database.number("SELECT count(*) FROM verdicts"));
}

}  // namespace sightline
