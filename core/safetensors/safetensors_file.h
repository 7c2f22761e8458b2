#pragma once

#include "core/base/file.h"
#include "core/safetensors/tensor_view.h"

#include <filesystem>
#include <map>
#include <string>

namespace facet::core {

/// One .safetensors file, mapped and checked: every tensor lies inside the file, none overlaps another, sizes
/// match shapes and types, no byte is left over.
///
/// Limits  a file with a tensor of a type that DType lacks (8-bit floats, complex numbers) is refused as a
/// whole. Source  https://huggingface.co/docs/safetensors: u64 length, JSON header, bytes.
class SafetensorsFile {
public:
    /// Errors  NotFound, Io; InvalidInput with one sentence that names the file and what is wrong in it.
    static Result<SafetensorsFile> open(const std::filesystem::path& path);

    /// The views stay valid as long as this object, also when it is moved.
    const std::map<std::string, TensorView>& tensors() const { return m_tensors; }
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }

    const std::filesystem::path& path() const { return m_path; }
    uint64_t size() const { return m_file.bytes().size(); }  ///< bytes of the whole file

private:
    SafetensorsFile(std::filesystem::path path, MappedFile file)
        : m_path(std::move(path)), m_file(std::move(file))
    {
    }

    std::filesystem::path m_path;
    MappedFile m_file;
    std::map<std::string, TensorView> m_tensors;
    std::map<std::string, std::string> m_metadata;
};

}  // namespace facet::core
