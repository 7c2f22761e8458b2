#pragma once

#include "core/base/placed_file.h"
#include "core/gguf/gguf_file.h"

#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace facet::core {

/// Writes a .gguf file of version 3 piece by piece: no tensor has to fit into memory. Metadata and tensors
/// are declared first and keep their order; the tensors' bytes come in any order between tensors, and in
/// order within one.
///
/// The file appears with finish(), whole (PlacedFile).
/// Thread  one at a time.
class GgufWriter {
public:
    using Value = std::variant<uint32_t, int32_t, float, bool, std::string, std::vector<std::string>,
                               std::vector<float>, std::vector<int32_t>, std::vector<bool>>;
    using Metadata = std::vector<std::pair<std::string, Value>>;

    struct Tensor {
        std::string name;
        DType dtype = DType::F32;
        std::vector<int64_t> shape;  ///< row-major, at most 4 dimensions
    };

    /// Writes the header.
    ///
    /// Errors  InvalidInput (a name twice, an impossible shape, a type that GGUF lacks), NotFound (the
    ///         folder), Io
    static Result<GgufWriter> create(const std::filesystem::path& path, const Metadata& metadata,
                                     const std::vector<Tensor>& tensors);

    /// Writes the next bytes of a tensor.
    ///
    /// Errors  InvalidInput (no such tensor, more bytes than it has), Io
    Result<void> append(const std::string& name, std::span<const std::byte> bytes)
    {
        return m_file.append(name, bytes);
    }

    /// Flushes to the disk and renames.
    ///
    /// Errors  InvalidInput (bytes of a tensor are missing), Io
    Result<void> finish() { return m_file.finish(); }

private:
    explicit GgufWriter(PlacedFile file) : m_file(std::move(file)) {}

    PlacedFile m_file;
};

}  // namespace facet::core
