#pragma once

// SQLite with results in place of codes, for the folders of core.

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace facet::core::sqlite {

class Database;

/// A prepared statement in the middle of a run. Values are numbered from 1, columns from 0.
class Statement {
public:
    Statement(Database& database, std::string_view sql);

    Statement& bind(int64_t value);
    Statement& bind(double value);
    Statement& bind(std::string_view value);
    Statement& bindNull();

    /// Whether there is another row. After an error: false, and Database::error() has it.
    bool step();

    /// Runs it to its end; it can be bound and run again.
    Result<void> run();

    int64_t integer(int column) const;
    std::string text(int column) const;
    bool isNull(int column) const;

private:
    struct Closer {
        void operator()(sqlite3_stmt* statement) const;
    };

    Database& m_database;
    std::unique_ptr<sqlite3_stmt, Closer> m_statement;
    int m_bound = 0;
};

class Database {
public:
    static Result<Database> open(const std::filesystem::path& path);

    /// Runs statements without values.
    Result<void> execute(const std::string& sql);

    int64_t lastInsertedId() const;

    /// The sentence of what failed last.
    Error error() const;

    bool hasFailed() const { return m_hasFailed; }
    void noteFailure() { m_hasFailed = true; }
    void forgetFailure() { m_hasFailed = false; }

private:
    friend class Statement;
    struct Closer {
        void operator()(sqlite3* database) const;
    };

    Database(sqlite3* database, std::filesystem::path path) : m_database(database), m_path(std::move(path)) {}

    std::unique_ptr<sqlite3, Closer> m_database;
    std::filesystem::path m_path;
    bool m_hasFailed = false;
};

}  // namespace facet::core::sqlite
