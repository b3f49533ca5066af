#include "results/feature_store.h"

#include <cstring>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "results/database.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kApplicationId = 0x53474C46;  // "SGLF", in the header of the SQLite file

constexpr const char* kSchema = R"sql(
  CREATE TABLE IF NOT EXISTS features(
    key TEXT PRIMARY KEY, numbers BLOB NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
)sql";

void require_ours(const Database& database, const fs::path& file) {
  const std::int64_t id = database.number("PRAGMA application_id");
  require(id == kApplicationId ||
              (id == 0 && database.number("SELECT count(*) FROM sqlite_master") == 0),
          "{} is a SQLite file of another program, not a cache of features", file.string());
  const std::int64_t version = database.number("PRAGMA user_version");
  require(version <= FeatureStore::kSchemaVersion,
          "{} has schema version {}, this Sightline knows versions up to {}", file.string(),
          version, FeatureStore::kSchemaVersion);
}

Database open_database(const fs::path& file) {
  Database database(file, Database::Access::kReadWrite);
  require_ours(database, file);
  database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  Transaction transaction(database);
  database.execute(kSchema);
  database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                               kApplicationId, FeatureStore::kSchemaVersion)
                       .c_str());
  transaction.commit();
  return database;
}

}  // namespace

struct FeatureStore::State {
  explicit State(const fs::path& path)
      : file(path),
        database(open_database(path)),
        insert(database.prepare("INSERT OR REPLACE INTO features VALUES(?, ?, ?)")),
        select(database.prepare("SELECT numbers, sha256 FROM features WHERE key = ?")) {}

  fs::path file;
  Database database;
  Statement insert, select;
};

FeatureStore::FeatureStore(const fs::path& file) : state_(std::make_unique<State>(file)) {}
FeatureStore::~FeatureStore() = default;

std::optional<std::vector<float>> FeatureStore::find(const std::string& key) const {
  Statement& select = state_->select;
  select.bind(1, key);
  std::optional<std::vector<float>> found;
  bool intact = true;
  if (select.step()) {
    const std::string_view bytes = select.text(0);
    intact = bytes.size() % sizeof(float) == 0 && sha256_hex(bytes) == select.text(1);
    found.emplace(bytes.size() / sizeof(float));
    std::memcpy(found->data(), bytes.data(), found->size() * sizeof(float));
  }
  select.reset();
  require(intact, "{} is damaged: the features of {} are not those that were kept",
          state_->file.string(), key);
  return found;
}

void FeatureStore::keep(const std::string& key, std::span<const float> features) {
  const std::string_view bytes(reinterpret_cast<const char*>(features.data()),
                               features.size_bytes());
  const std::string sha256 = sha256_hex(bytes);
  Statement& insert = state_->insert;
  insert.bind(1, key);
  insert.bind(2, bytes);
  insert.bind(3, sha256);
  insert.run();
}

std::size_t FeatureStore::size() const {
  return static_cast<std::size_t>(state_->database.number("SELECT count(*) FROM features"));
}

}  // namespace sightline
