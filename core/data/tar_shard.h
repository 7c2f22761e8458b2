#pragma once

// A WebDataset tar file: samples are neighbours whose names are the same up to the first dot.

#include "core/base/file.h"
#include "core/base/result.h"
#include "core/image/image.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

class TarShard {
public:
    struct Part {
        std::string name;  ///< "jpg": what follows the first dot
        uint64_t offset = 0;
        uint64_t size = 0;
    };
    struct Sample {
        std::string key;     ///< "dir/000001"
        uint64_t begin = 0;  ///< of its first header in the file
        std::vector<Part> parts;

        const Part* find(std::string_view name) const;
    };

    /// Maps a tar file and finds its samples by its headers: ustar, with the long names of GNU and of pax.
    ///
    /// Cost    touches the headers only
    /// Errors  NotFound, Io; InvalidInput for a broken or cut file
    static Result<TarShard> open(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return m_path; }
    const std::vector<Sample>& samples() const { return m_samples; }
    uint64_t end() const { return m_end; }  ///< behind the last member, where the file's end mark begins
    std::string_view bytes(const Part& part) const;

private:
    TarShard(std::filesystem::path path, MappedFile file) : m_path(std::move(path)), m_file(std::move(file))
    {
    }

    std::filesystem::path m_path;
    MappedFile m_file;
    std::vector<Sample> m_samples;
    uint64_t m_end = 0;
};

/// "tar:OFFSET:SIZE:PATH", by which a picture inside a tar file is named.
std::string tarSource(const std::filesystem::path& path, const TarShard::Part& part);

/// The bytes of a picture by its source: a path, a place in a tar file, or a data URI.
///
/// Errors  NotFound, Io; InvalidInput, also for what would have to be fetched
Result<std::string> readSource(const std::string& source);

/// The same, decoded.
///
/// Errors  those of readSource and decodeImage; the latter name the file, the byte in the tar file, or that
///         the picture is written into its row
Result<Image> readPicture(const std::string& source);

}  // namespace facet::core
