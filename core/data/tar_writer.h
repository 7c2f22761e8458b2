#pragma once

#include "core/base/new_file.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace facet::core {

/// Writes a tar file (ustar) member by member. The same members give the same bytes: there are no times,
/// users or groups in it.
class TarWriter {
public:
    /// Errors  NotFound, Io
    static Result<TarWriter> create(const std::filesystem::path& path);

    /// Limits  a name of at most 100 bytes, less than 8 GiB of content
    /// Errors  Io
    Result<void> add(std::string_view name, std::string_view content);

    uint64_t size() const { return m_size; }  ///< so far; the next member begins there

    /// Errors  Io
    Result<void> finish();

private:
    explicit TarWriter(NewFile file) : m_file(std::move(file)) {}
    Result<void> put(std::string_view bytes);
    Result<void> flush();

    NewFile m_file;
    std::string m_buffer;
    uint64_t m_size = 0;
};

}  // namespace facet::core
