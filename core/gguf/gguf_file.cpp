#include "core/gguf/gguf_file.h"

#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>

namespace facet::core {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMaxAlignment = 1 << 20;
constexpr uint64_t kMaxNameBytes = 65535;
constexpr uint32_t kMaxDimensions = 4;

struct Entry {
    uint32_t number;
    std::string_view name;
    std::optional<DType> type;
};

/// ggml.h, enum ggml_type. The names of those that we do not read are for the sentence that says so.
constexpr std::array kTensorTypes = {
    Entry{0, "F32", DType::F32},    Entry{1, "F16", DType::F16},    Entry{2, "Q4_0", DType::Q4_0},
    Entry{3, "Q4_1", {}},           Entry{6, "Q5_0", DType::Q5_0},  Entry{7, "Q5_1", {}},
    Entry{8, "Q8_0", DType::Q8_0},  Entry{9, "Q8_1", {}},           Entry{10, "Q2_K", {}},
    Entry{11, "Q3_K", {}},          Entry{12, "Q4_K", DType::Q4_K}, Entry{13, "Q5_K", DType::Q5_K},
    Entry{14, "Q6_K", DType::Q6_K}, Entry{15, "Q8_K", {}},          Entry{16, "IQ2_XXS", {}},
    Entry{17, "IQ2_XS", {}},        Entry{18, "IQ3_XXS", {}},       Entry{19, "IQ1_S", {}},
    Entry{20, "IQ4_NL", {}},        Entry{21, "IQ3_S", {}},         Entry{22, "IQ2_S", {}},
    Entry{23, "IQ4_XS", {}},        Entry{24, "I8", DType::I8},     Entry{25, "I16", DType::I16},
    Entry{26, "I32", DType::I32},   Entry{27, "I64", DType::I64},   Entry{28, "F64", DType::F64},
    Entry{29, "IQ1_M", {}},         Entry{30, "BF16", DType::BF16}, Entry{34, "TQ1_0", {}},
    Entry{35, "TQ2_0", {}},         Entry{39, "MXFP4", {}},         Entry{40, "NVFP4", {}},
};

Error broken(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

/// Bytes of one value; 0 for those that have no fixed size.
size_t sizeOf(GgufType type)
{
    switch (type) {
        case GgufType::UInt8:
        case GgufType::Int8:
        case GgufType::Bool:
            return 1;
        case GgufType::UInt16:
        case GgufType::Int16:
            return 2;
        case GgufType::UInt32:
        case GgufType::Int32:
        case GgufType::Float32:
            return 4;
        case GgufType::UInt64:
        case GgufType::Int64:
        case GgufType::Float64:
            return 8;
        case GgufType::String:
        case GgufType::Array:
            return 0;
    }
    return 0;
}

template <typename T>
T valueAt(std::span<const std::byte> bytes)
{
    T value = {};
    std::memcpy(&value, bytes.data(), sizeof value);  // little-endian, as every machine we build for
    return value;
}

/// A number or a flag. Its bytes are there.
GgufValue scalarAt(GgufType type, std::span<const std::byte> bytes)
{
    switch (type) {
        case GgufType::UInt8:
            return uint64_t{valueAt<uint8_t>(bytes)};
        case GgufType::Int8:
            return int64_t{valueAt<int8_t>(bytes)};
        case GgufType::UInt16:
            return uint64_t{valueAt<uint16_t>(bytes)};
        case GgufType::Int16:
            return int64_t{valueAt<int16_t>(bytes)};
        case GgufType::UInt32:
            return uint64_t{valueAt<uint32_t>(bytes)};
        case GgufType::Int32:
            return int64_t{valueAt<int32_t>(bytes)};
        case GgufType::UInt64:
            return valueAt<uint64_t>(bytes);
        case GgufType::Int64:
            return valueAt<int64_t>(bytes);
        case GgufType::Float32:
            return valueAt<float>(bytes);
        case GgufType::Float64:
            return valueAt<double>(bytes);
        case GgufType::Bool:
            return valueAt<uint8_t>(bytes) != 0;
        default:
            return uint64_t{0};
    }
}

/// Goes through the file from its start. Where it ends too early, what is read is empty or 0, and isCut().
class Cursor {
public:
    explicit Cursor(std::span<const std::byte> bytes) : m_bytes(bytes) {}

    std::span<const std::byte> take(uint64_t size)
    {
        if (m_isCut || size > left()) {
            m_isCut = true;
            return {};
        }
        m_at += size;
        return m_bytes.subspan(m_at - size, size);
    }
    template <typename T>
    T number()
    {
        const std::span<const std::byte> bytes = take(sizeof(T));
        return bytes.empty() ? T{} : valueAt<T>(bytes);
    }
    std::string_view text(uint64_t most = UINT64_MAX)
    {
        const auto length = number<uint64_t>();
        if (length > most)
            m_isCut = true;
        const std::span<const std::byte> bytes = take(length);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void fail() { m_isCut = true; }
    bool isCut() const { return m_isCut; }
    uint64_t at() const { return m_at; }
    uint64_t left() const { return m_bytes.size() - m_at; }

private:
    std::span<const std::byte> m_bytes;
    uint64_t m_at = 0;
    bool m_isCut = false;
};

struct Header {
    std::map<std::string, TensorView> tensors;
    std::map<std::string, GgufValue, std::less<>> metadata;
};

Error cut(const Cursor& cursor, const std::string& what)
{
    return broken(what + " reaches beyond the file's end at byte " +
                  std::to_string(cursor.at() + cursor.left()) + "; the file may be cut short");
}

Result<GgufArray> readArray(Cursor& cursor)
{
    GgufArray array;
    array.type = static_cast<GgufType>(cursor.number<uint32_t>());
    array.count = cursor.number<uint64_t>();
    const uint64_t begin = cursor.at();
    if (const size_t size = sizeOf(array.type); size > 0) {
        if (array.count > cursor.left() / size)
            cursor.fail();
        else
            array.bytes = cursor.take(array.count * size);
    } else if (array.type == GgufType::String) {
        Cursor start = cursor;
        for (uint64_t i = 0; i < array.count && !cursor.isCut(); ++i)
            cursor.text();
        if (!cursor.isCut())
            array.bytes = start.take(cursor.at() - begin);
    } else if (!cursor.isCut()) {
        return broken(array.type == GgufType::Array ? "is a list of lists"
                                                    : "is a list of the unknown type " +
                                                          std::to_string(static_cast<uint32_t>(array.type)));
    }
    return array;
}

Result<GgufValue> readValue(Cursor& cursor)
{
    const auto type = static_cast<GgufType>(cursor.number<uint32_t>());
    if (const size_t size = sizeOf(type); size > 0) {
        const std::span<const std::byte> bytes = cursor.take(size);
        return bytes.empty() ? GgufValue() : scalarAt(type, bytes);
    }
    if (type == GgufType::String)
        return GgufValue(cursor.text());
    if (type == GgufType::Array) {
        const Result<GgufArray> array = readArray(cursor);
        if (!array)
            return array.error();
        return GgufValue(*array);
    }
    return broken("has the unknown type " + std::to_string(static_cast<uint32_t>(type)));
}

Result<void> readMetadata(Cursor& cursor, uint64_t count, Header& header)
{
    for (uint64_t i = 0; i < count; ++i) {
        const std::string key(cursor.text(kMaxNameBytes));
        if (cursor.isCut())
            return cut(cursor, "the name of value " + std::to_string(i + 1) + " of " + std::to_string(count));
        const Result<GgufValue> value = readValue(cursor);
        if (!value)
            return broken("the value " + inQuotes(key) + " " + value.error().message);
        if (cursor.isCut())
            return cut(cursor, "the value " + inQuotes(key));
        if (!header.metadata.emplace(key, *value).second)
            return broken("it has the value " + inQuotes(key) + " twice");
    }
    return {};
}

/// A tensor's type and shape; `offset` is where it lies in the data.
Result<TensorView> readTensor(Cursor& cursor, const std::string& tensor, uint64_t& offset, uint64_t& numBytes)
{
    const auto numDimensions = cursor.number<uint32_t>();
    if (numDimensions > kMaxDimensions)
        return broken(tensor + "has " + std::to_string(numDimensions) + " dimensions; at most " +
                      std::to_string(kMaxDimensions) + " are possible");
    TensorView view;
    for (uint32_t i = 0; i < numDimensions; ++i) {
        const auto size = cursor.number<uint64_t>();
        if (size > static_cast<uint64_t>(INT64_MAX))
            return broken(tensor + "has the impossible size " + std::to_string(size));
        view.shape.insert(view.shape.begin(), static_cast<int64_t>(size));
    }
    const auto number = cursor.number<uint32_t>();
    offset = cursor.number<uint64_t>();
    if (cursor.isCut())
        return cut(cursor, tensor + "in the list of tensors");
    const auto type = std::ranges::find(kTensorTypes, number, &Entry::number);
    if (type == kTensorTypes.end() || !type->type)
        return broken(
            tensor + "has the type " +
            (type == kTensorTypes.end() ? std::to_string(number) : std::string(type->name)) +
            ", which is not supported; take a file in F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_0, Q4_K or Q4_0");
    view.dtype = *type->type;
    const std::optional<uint64_t> size = byteSize(view.dtype, view.shape);
    if (!size)
        return broken(tensor + "has an impossible shape for the type " + std::string(type->name));
    numBytes = *size;
    return view;
}

struct Place {
    std::string name;
    TensorView view;
    uint64_t begin = 0;  // in the data
    uint64_t numBytes = 0;
};

Result<void> placeTensors(std::vector<Place> places, std::span<const std::byte> data, uint64_t alignment,
                          Header& header)
{
    std::ranges::sort(places, {}, [](const Place& place) { return std::pair(place.begin, place.numBytes); });
    uint64_t end = 0;
    for (Place& place : places) {
        const std::string tensor = "tensor " + inQuotes(place.name) + " ";
        if (place.begin % alignment != 0)
            return broken(tensor + "starts at byte " + std::to_string(place.begin) + ", no multiple of " +
                          std::to_string(alignment));
        if (place.begin > data.size() || place.numBytes > data.size() - place.begin)
            return broken(tensor + "has " + std::to_string(place.numBytes) + " bytes from byte " +
                          std::to_string(place.begin) + " on, outside the file's " +
                          std::to_string(data.size()) + " bytes of data; the file may be cut short");
        if (place.begin < end)
            return broken(tensor + "starts at byte " + std::to_string(place.begin) +
                          ", inside another tensor that ends at " + std::to_string(end));
        end = place.begin + place.numBytes;
        place.view.bytes = data.subspan(place.begin, place.numBytes);
        if (!header.tensors.emplace(place.name, std::move(place.view)).second)
            return broken("it has the " + tensor + "twice");
    }
    return {};
}

Result<uint64_t> alignmentOf(const Header& header)
{
    const auto found = header.metadata.find("general.alignment");
    if (found == header.metadata.end())
        return kDefaultAlignment;
    const auto* alignment = std::get_if<uint64_t>(&found->second);
    if (!alignment || *alignment == 0 || *alignment > kMaxAlignment || (*alignment & (*alignment - 1)) != 0)
        return broken("its general.alignment is no power of two up to " + std::to_string(kMaxAlignment));
    return *alignment;
}

Result<Header> readHeader(std::span<const std::byte> file)
{
    Cursor cursor(file);
    const std::span<const std::byte> magic = cursor.take(kMagic.size());
    if (magic.empty() || std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0)
        return broken("it does not begin with \"GGUF\"");
    const auto version = cursor.number<uint32_t>();
    if (!cursor.isCut() && version != 0 && (version & 0xFFFF) == 0)
        return broken("it was written for a big-endian machine");
    if (!cursor.isCut() && version != 2 && version != 3)
        return broken("it has the version " + std::to_string(version) +
                      "; 2 and 3 are supported: convert the model again with a current llama.cpp");
    const auto numTensors = cursor.number<uint64_t>(), numValues = cursor.number<uint64_t>();
    if (cursor.isCut())
        return cut(cursor, "its header");
    // Each takes at least so many bytes: a length and a type, and a value of one byte or a place.
    if (numValues > cursor.left() / 13 || numTensors > cursor.left() / 24)
        return broken("it claims " + std::to_string(numValues) + " values and " + std::to_string(numTensors) +
                      " tensors, more than its " + std::to_string(file.size()) +
                      " bytes can hold; the file may be cut short");
    Header header;
    if (const Result<void> read = readMetadata(cursor, numValues, header); !read)
        return read.error();
    const Result<uint64_t> alignment = alignmentOf(header);
    if (!alignment)
        return alignment.error();
    if (const auto parts = header.metadata.find("split.count"); parts != header.metadata.end())
        if (const auto* count = std::get_if<uint64_t>(&parts->second); count && *count > 1)
            return broken("it is one of " + std::to_string(*count) +
                          " parts of a model; join them first: llama-gguf-split --merge");

    std::vector<Place> places;
    for (uint64_t i = 0; i < numTensors; ++i) {
        Place place;
        place.name = cursor.text(kMaxNameBytes);
        if (cursor.isCut())
            return cut(cursor,
                       "the name of tensor " + std::to_string(i + 1) + " of " + std::to_string(numTensors));
        Result<TensorView> view =
            readTensor(cursor, "tensor " + inQuotes(place.name) + " ", place.begin, place.numBytes);
        if (!view)
            return view.error();
        place.view = *std::move(view);
        places.push_back(std::move(place));
    }
    const uint64_t dataBegin = (cursor.at() + *alignment - 1) / *alignment * *alignment;
    const auto data = file.subspan(std::min<uint64_t>(dataBegin, file.size()));
    if (const Result<void> placed = placeTensors(std::move(places), data, *alignment, header); !placed)
        return placed.error();
    return header;
}

}  // namespace

Result<GgufFile> GgufFile::open(const std::filesystem::path& path)
{
    Result<MappedFile> mapped = MappedFile::open(path);
    if (!mapped)
        return mapped.error();
    GgufFile file(path, *std::move(mapped));
    Result<Header> header = readHeader(file.m_file.bytes());
    if (!header)
        return header.error().during(path.string() + " is no GGUF file that can be read");
    file.m_tensors = std::move(header->tensors);
    file.m_metadata = std::move(header->metadata);
    return file;
}

std::optional<int64_t> GgufFile::integer(std::string_view key) const
{
    const auto found = m_metadata.find(key);
    if (found == m_metadata.end())
        return std::nullopt;
    if (const auto* value = std::get_if<uint64_t>(&found->second); value && *value <= INT64_MAX)
        return static_cast<int64_t>(*value);
    if (const auto* value = std::get_if<int64_t>(&found->second))
        return *value;
    return std::nullopt;
}

std::optional<double> GgufFile::number(std::string_view key) const
{
    if (const std::optional<int64_t> whole = integer(key))
        return static_cast<double>(*whole);
    const auto found = m_metadata.find(key);
    if (found == m_metadata.end())
        return std::nullopt;
    if (const auto* value = std::get_if<double>(&found->second))
        return *value;
    const auto* value = std::get_if<float>(&found->second);
    if (!value)
        return std::nullopt;
    // 1e-6, of which the float is 9.99999997e-7.
    std::array<char, 32> text = {};
    double shortest = 0;
    const auto printed = std::to_chars(text.data(), text.data() + text.size(), *value);
    const auto read = std::from_chars(text.data(), printed.ptr, shortest);
    return read.ec == std::errc() ? shortest : static_cast<double>(*value);
}

std::optional<bool> GgufFile::flag(std::string_view key) const
{
    const auto found = m_metadata.find(key);
    const auto* value = found == m_metadata.end() ? nullptr : std::get_if<bool>(&found->second);
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::string_view> GgufFile::text(std::string_view key) const
{
    const auto found = m_metadata.find(key);
    const auto* value = found == m_metadata.end() ? nullptr : std::get_if<std::string_view>(&found->second);
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::vector<std::string_view>> GgufFile::texts(std::string_view key) const
{
    const auto found = m_metadata.find(key);
    const auto* array = found == m_metadata.end() ? nullptr : std::get_if<GgufArray>(&found->second);
    if (!array || array->type != GgufType::String)
        return std::nullopt;
    std::vector<std::string_view> texts;
    texts.reserve(array->count);
    Cursor cursor(array->bytes);
    for (uint64_t i = 0; i < array->count; ++i)
        texts.push_back(cursor.text());
    return texts;
}

std::optional<std::vector<double>> GgufFile::numbers(std::string_view key) const
{
    const auto found = m_metadata.find(key);
    const auto* array = found == m_metadata.end() ? nullptr : std::get_if<GgufArray>(&found->second);
    const size_t size = array ? sizeOf(array->type) : 0;
    if (size == 0)
        return std::nullopt;
    std::vector<double> numbers;
    numbers.reserve(array->count);
    for (uint64_t i = 0; i < array->count; ++i) {
        const GgufValue value = scalarAt(array->type, array->bytes.subspan(i * size, size));
        std::visit(
            [&](const auto& number) {
                if constexpr (std::is_arithmetic_v<std::decay_t<decltype(number)>>)
                    numbers.push_back(static_cast<double>(number));
            },
            value);
    }
    return numbers;
}

bool isGgufFile(const std::filesystem::path& path)
{
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        return false;
    if (path.extension() == ".gguf")
        return true;
    std::array<char, 4> start = {};
    std::ifstream(path, std::ios::binary).read(start.data(), start.size());
    return std::string_view(start.data(), start.size()) == kMagic;
}

std::optional<uint32_t> ggmlNumberOf(DType type)
{
    const auto found = std::ranges::find(kTensorTypes, std::optional(type), &Entry::type);
    return found == kTensorTypes.end() ? std::nullopt : std::optional(found->number);
}

}  // namespace facet::core
