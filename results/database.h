#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sightline {

/// A prepared SQL statement. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  /// `text` is not copied: it must live until the statement is reset.
  void bind(int parameter, std::string_view text);
  void bind(int parameter, std::int64_t value);
  void bind(int parameter, double value);

  /// Goes on to the next row; false behind the last. Throws as `Database::execute`.
  bool step();
  /// Steps once and makes the statement ready for its next use.
  void run();
  /// Ready for the next use; bindings stay.
  void reset();

  /// The view lives until the next `step` or `reset`.
  std::string_view text(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;

 private:
  friend class Database;
  struct Finalise {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalise> statement_;
};

/// A connection to a SQLite file, used by one thread at a time.
class Database {
 public:
  enum class Access {
    kReadWrite,  ///< creates the file when it is missing
    kRead,       ///< beside a writer, or after one that was killed
    kFrozen,     ///< a file that nobody writes, in a folder that cannot be written
  };

  /// Throws `Error` naming the file when it cannot be opened.
  Database(const std::filesystem::path& path, Access access);

  /// Runs SQL without results. Throws `StopError` when the disk is full or fails, `Error` when the
  /// file is no SQLite file, is damaged, or is not writable; each names the file.
  void execute(const char* sql);
  Statement prepare(const char* sql) const;
  /// The one number that `sql` gives.
  std::int64_t number(const char* sql) const;

  /// Takes back the open transaction, if any; never throws.
  void roll_back() noexcept;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

/// How to read a file that nobody need be writing. A folder on a read-only medium has no room for
/// SQLite's shared memory; a file that was closed in good order can be read there all the same,
/// since nobody can be writing to it.
Database::Access access_to_read(const std::filesystem::path& file);

/// All or nothing: what is done between construction and `commit` is taken back when an exception
/// passes by.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(&database) {
    database_->execute("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (database_ != nullptr) database_->roll_back();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    database_->execute("COMMIT");
    database_ = nullptr;
  }

 private:
  Database* database_;
};

}  // namespace sightline
