#include "core/run/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

namespace facet::core {
namespace {

// Protocol buffers: a field is its number and wire type, then the value.
constexpr uint64_t kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

void addVarint(std::string& out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

template <typename Integer>
void addLittleEndian(std::string& out, Integer value)
{
    for (size_t byte = 0; byte < sizeof(value); ++byte)
        out += static_cast<char>(value >> (8 * byte));
}

void addKey(std::string& out, uint64_t field, uint64_t wireType)
{
    addVarint(out, field << 3 | wireType);
}

void addBytes(std::string& out, uint64_t field, std::string_view bytes)
{
    addKey(out, field, kBytes);
    addVarint(out, bytes.size());
    out += bytes;
}

/// Event { wall_time = 1: double; step = 2: int64; ... }
std::string eventHead(double time, int64_t step)
{
    std::string event;
    addKey(event, 1, kFixed64);
    addLittleEndian(event, std::bit_cast<uint64_t>(time));
    addKey(event, 2, kVarint);
    addVarint(event, static_cast<uint64_t>(step));
    return event;
}

/// Event.summary = 5 { value = 1 }
std::string eventWith(const std::string& value, double time, int64_t step)
{
    std::string summary, event = eventHead(time, step);
    addBytes(summary, 1, value);
    addBytes(event, 5, summary);
    return event;
}

uint32_t masked(uint32_t crc)
{
    return std::rotr(crc, 15) + 0xa282ead8U;
}

}  // namespace

uint32_t crc32c(std::string_view bytes)
{
    static constexpr std::array<uint32_t, 256> kTable = [] {
        std::array<uint32_t, 256> table = {};
        for (uint32_t index = 0; index < 256; ++index) {
            table[index] = index;
            for (int bit = 0; bit < 8; ++bit)
                table[index] = table[index] >> 1 ^ (table[index] & 1 ? 0x82f63b78U : 0);
        }
        return table;
    }();
    uint32_t crc = ~0U;
    for (const char byte : bytes)
        crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
    return ~crc;
}

Result<TensorBoardLog> TensorBoardLog::create(const std::filesystem::path& folder, double time)
{
    char host[256] = {};
    if (::gethostname(host, sizeof(host) - 1) != 0)
        std::strcpy(host, "localhost");
    const std::filesystem::path path =
        folder / ("events.out.tfevents." + std::to_string(static_cast<int64_t>(time)) + "." + host + "." +
                  std::to_string(::getpid()));
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!file.isOpen())
        return systemError(path, "open");
    TensorBoardLog log(path, std::move(file));
    std::string event = eventHead(time, 0);
    addBytes(event, 3, "brain.Event:2");  // file_version
    if (Result<void> done = log.write(event); !done)
        return done.error();
    return log;
}

Result<void> TensorBoardLog::addScalar(std::string_view tag, int64_t step, double value, double time)
{
    std::string entry;
    addBytes(entry, 1, tag);
    addKey(entry, 2, kFixed32);  // simple_value
    addLittleEndian(entry, std::bit_cast<uint32_t>(static_cast<float>(value)));
    return write(eventWith(entry, time, step));
}

Result<void> TensorBoardLog::addText(std::string_view tag, int64_t step, std::string_view text, double time)
{
    // Value { tag = 1; tensor = 8 { dtype = 1: DT_STRING; tensor_shape = 2 { dim = 2 { size = 1 } };
    // string_val = 8 }; metadata = 9 { plugin_data = 1 { plugin_name = 1 } } }
    constexpr uint64_t kString = 7;
    std::string dimension, shape, tensor, plugin, metadata, entry;
    addKey(dimension, 1, kVarint);
    addVarint(dimension, 1);
    addBytes(shape, 2, dimension);
    addKey(tensor, 1, kVarint);
    addVarint(tensor, kString);
    addBytes(tensor, 2, shape);
    addBytes(tensor, 8, text);
    addBytes(plugin, 1, "text");
    addBytes(metadata, 1, plugin);
    addBytes(entry, 1, tag);
    addBytes(entry, 8, tensor);
    addBytes(entry, 9, metadata);
    return write(eventWith(entry, time, step));
}

Result<void> TensorBoardLog::write(const std::string& event)
{
    std::string length, record;
    addLittleEndian(length, static_cast<uint64_t>(event.size()));
    record = length;
    addLittleEndian(record, masked(crc32c(length)));
    record += event;
    addLittleEndian(record, masked(crc32c(event)));
    const ssize_t written = ::write(m_file.get(), record.data(), record.size());
    if (written == static_cast<ssize_t>(record.size()))
        return {};
    // Half a record would end TensorBoard's reading for good.
    const int reason = written < 0 ? errno : ENOSPC;
    if (written > 0 && ::ftruncate(m_file.get(), ::lseek(m_file.get(), 0, SEEK_END) - written) != 0)
        return systemError(m_path, "cut");
    errno = reason;
    return systemError(m_path, "write");
}

}  // namespace facet::core
