#pragma once

// What a fuzz test is made of: a function that eats any bytes. It ends the process (the sanitizers do, or
// abort()) where something is wrong, and returns 0 otherwise. The name is libFuzzer's, so that both drivers
// can call it.

#include "core/base/file_descriptor.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace facet::fuzz {

/// Ends the process, with a sentence, unless `isTrue`.
inline void require(bool isTrue, const char* sentence)
{
    if (isTrue)
        return;
    std::fprintf(stderr, "not true: %s\n", sentence);
    std::abort();
}

/// A file in memory, for code that wants a path.
class InputFile {
public:
    InputFile(const uint8_t* data, size_t size) : m_file(::memfd_create("input", MFD_CLOEXEC))
    {
        require(::write(m_file.get(), data, size) == static_cast<ssize_t>(size),
                "the input could be written");
    }
    std::string path() const { return "/proc/self/fd/" + std::to_string(m_file.get()); }

private:
    core::FileDescriptor m_file;
};

}  // namespace facet::fuzz
