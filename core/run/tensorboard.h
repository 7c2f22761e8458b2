#pragma once

#include "core/base/file_descriptor.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace facet::core {

/// Writes events that TensorBoard reads: numbers by tag and step, and texts.
///
/// Source  tensorflow/core/lib/io/record_writer.h (u64 length, its masked CRC-32C, bytes, theirs);
///         tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto
class TensorBoardLog {
public:
    /// Makes events.out.tfevents.TIME.HOST.PID in the folder.
    ///
    /// Errors  NotFound (the folder), Io
    static Result<TensorBoardLog> create(const std::filesystem::path& folder, double time);

    /// Errors  Io
    Result<void> addScalar(std::string_view tag, int64_t step, double value, double time);
    Result<void> addText(std::string_view tag, int64_t step, std::string_view text, double time);

private:
    TensorBoardLog(std::filesystem::path path, FileDescriptor file)
        : m_path(std::move(path)), m_file(std::move(file))
    {
    }
    Result<void> write(const std::string& event);

    std::filesystem::path m_path;
    FileDescriptor m_file;
};

/// CRC-32C (Castagnoli). Source  RFC 3720, appendix B.4
uint32_t crc32c(std::string_view bytes);

}  // namespace facet::core
