#include "engine/serve/picture_source.h"

#include "core/api/data_uri.h"
#include "core/base/file.h"
#include "core/base/text.h"

#include <algorithm>
#include <charconv>

namespace facet::engine::serve {
namespace {

using core::Error;
using core::ErrorCode;
namespace fs = std::filesystem;

constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr std::string_view kFileScheme = "file://";

Error invalid(const std::string& message)
{
    return {ErrorCode::InvalidInput, message};
}

/// "%20" -> " ".
std::string percentDecoded(std::string_view text)
{
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            result += static_cast<char>(value);
            i += 2;
        } else {
            result += text[i];
        }
    }
    return result;
}

bool isInside(const fs::path& path, const fs::path& root)
{
    return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

}  // namespace

core::Result<PictureSource> PictureSource::open(const std::vector<fs::path>& roots)
{
    PictureSource source;
    for (const fs::path& root : roots) {
        std::error_code problem;
        const fs::path place = fs::canonical(root, problem);
        if (problem || !fs::is_directory(place, problem))
            return Error{ErrorCode::NotFound, "--allow-files: " + root.string() + " is no folder"};
        source.m_roots.push_back(place);
    }
    return source;
}

core::Result<std::string> PictureSource::read(const std::string& source) const
{
    if (source.starts_with("data:")) {
        core::Result<std::string> bytes = core::api::bytesOfDataUri(source);
        if (!bytes)
            return invalid("the picture " + core::inQuotes(source.substr(0, 40)) + " " +
                           bytes.error().message);
        return bytes;
    }
    if (source.starts_with(kFileScheme)) {
        std::string path = percentDecoded(std::string_view(source).substr(kFileScheme.size()));
        if (path.starts_with("localhost/"))
            path.erase(0, std::string_view("localhost").size());
        return readFile(path);
    }
    if (source.starts_with('/'))
        return readFile(source);
    return invalid("the picture " + core::inQuotes(source) +
                   " is neither a data URI nor a file:// URL nor an absolute path; nothing is fetched from "
                   "elsewhere");
}

core::Result<std::string> PictureSource::readFile(const fs::path& path) const
{
    const std::string shown = "the picture " + core::inQuotes(path.string());
    if (path.native().find('\0') != std::string::npos)
        return invalid(shown + " has a zero byte in its path");
    std::error_code problem;
    const fs::path place = fs::weakly_canonical(path, problem);
    const bool isAllowed =
        !problem && path.is_absolute() &&
        std::ranges::any_of(m_roots, [&](const fs::path& root) { return isInside(place, root); });
    if (!isAllowed)
        return invalid(shown +
                       " is in no folder that was allowed: start the engine with --allow-files FOLDER, or "
                       "send the picture as a data URI");
    core::Result<std::string> bytes = core::readFile(place, kMaxBytes);
    if (!bytes)
        return invalid(bytes.error().message);
    return bytes;
}

}  // namespace facet::engine::serve
