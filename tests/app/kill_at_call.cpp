// Loaded into facet-engine by LD_PRELOAD: FACET_KILL_AT="rename 2" ends it, as kill -9 does, before its
// second rename(). The moments that matter lie between two calls, where no server and no clock can aim.

#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

/// Counts the calls of one function whose argument lies in the cache.
void countCall(const char* function)
{
    static const char* const wanted = std::getenv("FACET_KILL_AT");
    static int left = wanted ? std::atoi(std::strchr(wanted, ' ') + 1) : 0;
    if (wanted && std::string(wanted).starts_with(std::string(function) + " ") && --left == 0)
        ::raise(SIGKILL);
}

template <typename Function>
Function original(const char* name)
{
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept
{
    countCall("rename");
    return original<int (*)(const char*, const char*)>("rename")(from, to);
}

int symlink(const char* target, const char* place) noexcept
{
    countCall("symlink");
    return original<int (*)(const char*, const char*)>("symlink")(target, place);
}

int fsync(int file)
{
    countCall("fsync");
    return original<int (*)(int)>("fsync")(file);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t place)
{
    countCall("pwrite");
    return original<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite")(file, bytes, size, place);
}
}
