#include "core/base/sqlite.h"

#include <sqlite3.h>

namespace facet::core::sqlite {

void Statement::Closer::operator()(sqlite3_stmt* statement) const
{
    sqlite3_finalize(statement);
}

Statement::Statement(Database& database, std::string_view sql) : m_database(database)
{
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database.m_database.get(), sql.data(), static_cast<int>(sql.size()), &statement,
                           nullptr) != SQLITE_OK)
        database.noteFailure();
    m_statement.reset(statement);
}

Statement& Statement::bind(int64_t value)
{
    sqlite3_bind_int64(m_statement.get(), ++m_bound, value);
    return *this;
}

Statement& Statement::bind(double value)
{
    sqlite3_bind_double(m_statement.get(), ++m_bound, value);
    return *this;
}

Statement& Statement::bind(std::string_view value)
{
    sqlite3_bind_text64(m_statement.get(), ++m_bound, value.data(), value.size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
    return *this;
}

Statement& Statement::bindNull()
{
    sqlite3_bind_null(m_statement.get(), ++m_bound);
    return *this;
}

bool Statement::step()
{
    if (!m_statement)
        return false;
    const int code = sqlite3_step(m_statement.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        m_database.noteFailure();
    return code == SQLITE_ROW;
}

Result<void> Statement::run()
{
    m_database.forgetFailure();
    while (step()) {
    }
    if (!m_statement || m_database.hasFailed())
        return m_database.error();
    sqlite3_reset(m_statement.get());
    m_bound = 0;
    return {};
}

int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

std::string Statement::text(int column) const
{
    const unsigned char* bytes = sqlite3_column_text(m_statement.get(), column);
    const int size = sqlite3_column_bytes(m_statement.get(), column);
    return bytes ? std::string(bytes, bytes + size) : std::string();
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}

void Database::Closer::operator()(sqlite3* database) const
{
    sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::filesystem::path& path)
{
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(handle, path);
    if (code != SQLITE_OK)
        return database.error();
    sqlite3_busy_timeout(handle, 5000);
    return database;
}

Result<void> Database::execute(const std::string& sql)
{
    if (sqlite3_exec(m_database.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return error();
    return {};
}

int64_t Database::lastInsertedId() const
{
    return sqlite3_last_insert_rowid(m_database.get());
}

Error Database::error() const
{
    const int code = m_database ? sqlite3_errcode(m_database.get()) : SQLITE_NOMEM;
    const std::string reason = m_database ? sqlite3_errmsg(m_database.get()) : "out of memory";
    const std::string what = m_path.string() + ": " + reason;
    if (code == SQLITE_FULL)
        return {ErrorCode::Io, what + ": make room on that disk, and go on"};
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        return {ErrorCode::InvalidInput, what + ": move it away to begin with an empty one"};
    return {ErrorCode::Io, what};
}

}  // namespace facet::core::sqlite
