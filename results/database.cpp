#include "results/database.h"

#include <sqlite3.h>
#include <unistd.h>

#include <system_error>

#include "harness/base/error.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

constexpr int kBusyTimeoutMs = 20'000;

[[noreturn]] void fail_with(sqlite3* connection, int code, const std::string& file) {
  std::string reason = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  if (const int error = connection != nullptr ? sqlite3_system_errno(connection) : 0; error != 0) {
    reason += ": " + std::generic_category().message(error);
  }
  switch (code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      throw StopError(fmt::format(
          "cannot write {}: {}; what was done is kept: free some space and start the same command "
          "again",
          file, reason));
    case SQLITE_NOTADB:
      fail("{} is not a journal of Sightline ({}); move it away or choose another --output_path",
           file, reason);
    case SQLITE_CORRUPT:
      fail("{} is damaged ({}); move it away or choose another --output_path", file, reason);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      fail("{} is held by another program ({}); close that program and try again", file, reason);
    default:
      fail("cannot use {}: {}; check that the file and its folder can be read and written", file,
           reason);
  }
}

[[noreturn]] void fail_with(sqlite3* connection, int code) {
  const char* name = sqlite3_db_filename(connection, "main");
  fail_with(connection, code, name != nullptr ? name : "the journal");
}

/// A URI, because only URIs can say "immutable".
std::string frozen_uri(const fs::path& path) {
  std::string uri = "file:";
  for (const char c : path.string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

void Statement::Finalise::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL; the columns hold text.
  const char* data = text.empty() ? "" : text.data();
  const int code = sqlite3_bind_text64(statement_.get(), parameter, data, text.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) fail_with(sqlite3_db_handle(statement_.get()), code);
}

void Statement::bind(int parameter, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), parameter, value);
  if (code != SQLITE_OK) fail_with(sqlite3_db_handle(statement_.get()), code);
}

void Statement::bind(int parameter, double value) {
  const int code = sqlite3_bind_double(statement_.get(), parameter, value);
  if (code != SQLITE_OK) fail_with(sqlite3_db_handle(statement_.get()), code);
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3_reset(statement_.get());  // keeps the message, and lets the statement be used again
  fail_with(sqlite3_db_handle(statement_.get()), code);
}

void Statement::run() {
  step();
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::string_view Statement::text(int column) const {
  const auto* data =
      static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));  // NULL when empty
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

void Database::Close::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

Database::Database(const fs::path& path, Access access) {
  const std::string name = access == Access::kFrozen ? frozen_uri(path) : path.string();
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (access == Access::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                  : SQLITE_OPEN_READONLY) |
                    (access == Access::kFrozen ? SQLITE_OPEN_URI : 0);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &connection, flags, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) fail_with(connection, code, path.string());
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail_with(connection_.get(), code);
}

Statement Database::prepare(const char* sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) fail_with(connection_.get(), code);
  return Statement(statement);
}

std::int64_t Database::number(const char* sql) const {
  Statement statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

void Database::roll_back() noexcept {
  if (sqlite3_get_autocommit(connection_.get()) != 0) return;  // SQLite has rolled back by itself
  sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Database::Access access_to_read(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (::access(folder.c_str(), W_OK) == 0) return Database::Access::kRead;
  std::error_code absent;
  const auto log_size = fs::file_size(file.string() + "-wal", absent);
  return absent || log_size == 0 ? Database::Access::kFrozen : Database::Access::kRead;
}

}  // namespace sightline
