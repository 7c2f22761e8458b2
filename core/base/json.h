#pragma once

// JSON from outside. nlohmann's own parser lets the last of two equal keys win, in silence; a file that says
// two things is a broken file, so ours refuses it.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace facet::core {

/// Parses JSON text.
///
/// Errors  InvalidInput: "is not valid JSON at byte 17", "has the key "a" twice", "is nested deeper than 64
/// levels".
///         The sentence lacks its subject: put the file's name in front.
Result<nlohmann::json> parseJson(std::string_view text, int maxDepth = 64);

/// Reads a file that holds one JSON object.
///
/// Errors  NotFound, Io; InvalidInput with the file's name.
Result<nlohmann::json> readJsonObject(const std::filesystem::path& path, size_t maxBytes = 16 << 20);

/// Reads members of one JSON object. A member that is absent or null has its default. The first wrong one is
/// kept in error() and the reading goes on with defaults, so that a reader of many members asks once, at the
/// end.
class JsonFields {
public:
    /// `where` stands before member names in messages: "text_config." or "". Both must outlive this.
    JsonFields(const nlohmann::json& object, std::string where) : m_object(object), m_where(std::move(where))
    {
    }

    int64_t integer(const char* key, int64_t absent, int64_t least, int64_t most);
    double number(const char* key, double absent, double least, double most);
    bool flag(const char* key, bool absent);
    std::string text(const char* key, std::string_view absent);

    /// The member, or nullptr if it is absent or null.
    const nlohmann::json* find(const char* key) const;
    bool has(const char* key) const { return find(key) != nullptr; }

    /// Keeps "<where><key> <what>" as the error, unless there is one already.
    void fail(const char* key, std::string_view what);

    const std::optional<Error>& error() const { return m_error; }

private:
    const nlohmann::json& m_object;
    std::string m_where;
    std::optional<Error> m_error;
};

/// A JSON value in few words, for messages: 3, "abc", null, "a list", "an object".
std::string shown(const nlohmann::json& value);

}  // namespace facet::core
