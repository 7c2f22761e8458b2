#pragma once

#include "core/base/file_descriptor.h"
#include "core/safetensors/tensor_view.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace facet::core {

/// Writes a .safetensors file piece by piece: no tensor has to fit into memory. All tensors are declared
/// first; their bytes come in any order between tensors, and in order within one.
///
/// The file lies beside its place as NAME.PID.tmp until finish() renames it; without finish() it is removed.
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

    SafetensorsWriter(SafetensorsWriter&& other) noexcept;
    SafetensorsWriter& operator=(SafetensorsWriter&& other) noexcept;
    ~SafetensorsWriter();

    /// Writes the next bytes of a tensor.
    ///
    /// Errors  InvalidInput (no such tensor, more bytes than it has), Io
    Result<void> append(const std::string& name, std::span<const std::byte> bytes);

    /// Flushes to the disk and renames.
    ///
    /// Errors  InvalidInput (bytes of a tensor are missing), Io
    Result<void> finish();

private:
    struct Place {
        uint64_t next = 0;  // in the file
        uint64_t end = 0;
    };

    SafetensorsWriter() = default;
    void discard();

    std::filesystem::path m_path;
    std::filesystem::path m_beside;  // empty once it is renamed
    FileDescriptor m_file;
    std::map<std::string, Place> m_places;
};

}  // namespace facet::core
