#pragma once

// Where the pictures of a request may come from: the request itself, or files under folders that were
// allowed. Nothing is ever fetched.

#include "core/base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace facet::engine::serve {

/// Thread  any.
class PictureSource {
public:
    /// Errors  NotFound for a root that is no folder.
    static core::Result<PictureSource> open(const std::vector<std::filesystem::path>& roots);

    /// The bytes of a picture: a data URI, a file:// URL or an absolute path. Links are followed before the
    /// place is judged.
    ///
    /// Errors  InvalidInput, whatever is wrong; outside the roots it does not say if there is a file.
    core::Result<std::string> read(const std::string& source) const;

private:
    core::Result<std::string> readFile(const std::filesystem::path& path) const;

    std::vector<std::filesystem::path> m_roots;  // canonical
};

}  // namespace facet::engine::serve
