#pragma once

#include "core/base/placed_file.h"
#include "core/safetensors/tensor_view.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace facet::core {

/// Writes a .safetensors file piece by piece: no tensor has to fit into memory. All tensors are declared
/// first; their bytes come in any order between tensors, and in order within one.
///
/// The file appears with finish(), whole (PlacedFile).
/// Thread  one at a time.
class SafetensorsWriter {
public:
    struct Tensor {
        std::string name;
        DType dtype = DType::F32;
        std::vector<int64_t> shape;
    };

    /// Writes the header. Tensors with wide elements lie first, so that each is aligned to its elements, as
    /// the format's own library does and torch needs to map them.
    ///
    /// Errors  InvalidInput (a name twice, an impossible shape), NotFound (the folder), Io
    static Result<SafetensorsWriter> create(const std::filesystem::path& path,
                                            const std::vector<Tensor>& tensors,
                                            const std::map<std::string, std::string>& metadata = {});

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
    explicit SafetensorsWriter(PlacedFile file) : m_file(std::move(file)) {}

    PlacedFile m_file;
};

}  // namespace facet::core
