#pragma once

#include "core/base/file.h"
#include "core/safetensors/tensor_view.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace facet::core {

/// What a value of the metadata can be; the numbers are the format's.
enum class GgufType : uint32_t {
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
};

/// A list in the metadata, as it lies in the file: a vocabulary has a quarter of a million entries.
struct GgufArray {
    GgufType type = GgufType::UInt8;  ///< of its entries; lists of lists are refused
    uint64_t count = 0;
    std::span<const std::byte> bytes;
};

using GgufValue = std::variant<uint64_t, int64_t, float, double, bool, std::string_view, GgufArray>;

/// One .gguf file of llama.cpp, version 2 or 3, mapped and checked: all counts and lengths fit the file,
/// every tensor lies inside it and overlaps no other.
///
/// Limits  a file with a tensor of a type that DType lacks, a part of a split model and a big-endian file are
///         refused as a whole.
/// Source  ggml, docs/gguf.md: magic, version, counts, metadata, tensors' names and places, then their bytes.
class GgufFile {
public:
    /// Errors  NotFound, Io; InvalidInput with one sentence that names the file and what is wrong in it.
    static Result<GgufFile> open(const std::filesystem::path& path);

    /// Shapes are row-major, as everywhere in Facet: the file has the last dimension first. The views stay
    /// valid as long as this object, also when it is moved.
    const std::map<std::string, TensorView>& tensors() const { return m_tensors; }
    const std::map<std::string, GgufValue, std::less<>>& metadata() const { return m_metadata; }

    // One value by its key; none if it is absent or of another kind.
    std::optional<int64_t> integer(std::string_view key) const;
    std::optional<double> number(
        std::string_view key) const;  ///< of a float the shortest decimals that mean it
    std::optional<bool> flag(std::string_view key) const;
    std::optional<std::string_view> text(std::string_view key) const;
    std::optional<std::vector<std::string_view>> texts(std::string_view key) const;
    std::optional<std::vector<double>> numbers(std::string_view key) const;  ///< of any numbers, and of flags

    const std::filesystem::path& path() const { return m_path; }
    uint64_t size() const { return m_file.bytes().size(); }  ///< bytes of the whole file

private:
    GgufFile(std::filesystem::path path, MappedFile file) : m_path(std::move(path)), m_file(std::move(file))
    {
    }

    std::filesystem::path m_path;
    MappedFile m_file;
    std::map<std::string, TensorView> m_tensors;
    std::map<std::string, GgufValue, std::less<>> m_metadata;
};

/// A regular file with the magic number or the name of a GGUF.
bool isGgufFile(const std::filesystem::path& path);

/// The number of a type of ggml's tensors; none if GGUF has no such type.
std::optional<uint32_t> ggmlNumberOf(DType type);

}  // namespace facet::core
