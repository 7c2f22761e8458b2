#pragma once

#include "core/base/file_descriptor.h"

#include <string>
#include <string_view>

namespace facet::core {

/// A file written piece by piece, which appears under its name only when it is whole.
class NewFile {
public:
    /// Errors  NotFound, Io
    static Result<NewFile> create(const std::filesystem::path& path);

    NewFile(NewFile&&) = default;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile();  ///< removes what was written, if it was not finished

    /// Errors  Io, with the system's reason
    Result<void> write(std::string_view bytes);

    /// Gives it its name, in place of what had that before.
    ///
    /// Errors  Io
    Result<void> finish();

private:
    NewFile() = default;

    std::filesystem::path m_path;
    std::string m_beside;
    FileDescriptor m_file;
};

}  // namespace facet::core
