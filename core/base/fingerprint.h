#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace facet::core {

/// A text of 16 digits that changes with what is added: for telling whether something is what it was, not
/// against those who mean harm (sha256.h). FNV-1a.
class Fingerprint {
public:
    void addBytes(std::string_view bytes)
    {
        for (const char byte : bytes)
            m_hash = (m_hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
    }

    /// A number as its digits, so that 1 and 1.0 differ.
    template <typename Number>
    void add(Number number)
    {
        addBytes(std::to_string(number) + ",");
    }

    std::string text() const;

private:
    uint64_t m_hash = 0xCBF29CE484222325U;
};

}  // namespace facet::core
