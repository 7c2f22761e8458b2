// Feeds a fuzz function the inputs of a corpus, then changes of them, for FACET_FUZZ_SECONDS (3 if it is
// unset). The short run always makes the same changes; a longer one makes others each time and prints its
// seed.
//
//   NAME_fuzz CORPUS [SEED]      mutates
//   NAME_fuzz INPUT              runs one input, such as a finding
//
// The input that ends the process is kept beside the program, and its path printed.

#include "tests/fuzz/fuzz.h"

#include <sanitizer/common_interface_defs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Bytes = std::string;

constexpr unsigned kSecondsPerInput = 20;
constexpr size_t kMaxBytes = 64 << 10;

Bytes currentInput;
std::string findingPath;

void keepInput()
{
    if (std::FILE* file = std::fopen(findingPath.c_str(), "wb")) {
        std::fwrite(currentInput.data(), 1, currentInput.size(), file);
        std::fclose(file);
        std::fprintf(stderr, "the input is kept as %s; once it is mended, put it into the corpus\n",
                     findingPath.c_str());
    }
}

void onSignal(int number)
{
    std::fputs(number == SIGALRM ? "an input takes too long\n" : "aborted\n", stderr);
    keepInput();
    std::_Exit(1);
}

void run(const Bytes& input)
{
    currentInput = input;
    ::alarm(kSecondsPerInput);
    // A copy of exactly this size, so that a read beyond its end is seen.
    const std::vector<uint8_t> exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    ::alarm(0);
}

Bytes read(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Mutator {
public:
    Mutator(std::vector<Bytes> seeds, uint64_t seed) : m_seeds(std::move(seeds)), m_random(seed) {}

    Bytes next()
    {
        Bytes bytes = pick(m_seeds);
        for (size_t changes = 1 + below(8); changes > 0; --changes)
            change(bytes);
        bytes.resize(std::min(bytes.size(), kMaxBytes));
        return bytes;
    }

private:
    size_t below(size_t end) { return end == 0 ? 0 : m_random() % end; }
    const Bytes& pick(const std::vector<Bytes>& from) { return from[below(from.size())]; }

    void change(Bytes& bytes)
    {
        static const std::vector<Bytes> kWords = {"{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  "\"",
                                                  ":",
                                                  ",",
                                                  "null",
                                                  "true",
                                                  "false",
                                                  "{}",
                                                  "[]",
                                                  "\"\"",
                                                  "0",
                                                  "-1",
                                                  "1",
                                                  "2",
                                                  "255",
                                                  "65536",
                                                  "2147483648",
                                                  "4294967295",
                                                  "9223372036854775807",
                                                  "9223372036854775808",
                                                  "18446744073709551615",
                                                  "-0.0",
                                                  "1e308",
                                                  "1e999",
                                                  "1e-400",
                                                  "\\u0000",
                                                  "\\ud800",
                                                  "\xff",
                                                  "\xef\xbb\xbf",
                                                  Bytes(1, '\0'),
                                                  Bytes(8, '\xff'),
                                                  Bytes(8, '\0'),
                                                  Bytes(200, '['),
                                                  "\xe2\x96\x81",
                                                  "\r\n"};
        const size_t at = below(bytes.size() + 1);
        const size_t length = below(std::min<size_t>(bytes.size() - at, 64) + 1);
        switch (below(9)) {
            case 0:
                if (at < bytes.size())
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
                break;
            case 1:
                if (at < bytes.size())
                    bytes[at] = static_cast<char>(below(256));
                break;
            case 2:
                bytes.erase(at, length);
                break;
            case 3:
                bytes.insert(at, pick(kWords));
                break;
            case 4:
                bytes.replace(at, length, pick(kWords));
                break;
            case 5:
                bytes.insert(below(bytes.size() + 1), bytes.substr(at, length));
                break;
            case 6: {  // a piece of another input
                const Bytes& other = pick(m_seeds);
                bytes.insert(at, other.substr(below(other.size() + 1), 1 + below(64)));
                break;
            }
            case 7:
                bytes.resize(at);
                break;
            default:
                changeNumber(bytes);
        }
    }

    /// Puts another number where digits are.
    void changeNumber(Bytes& bytes)
    {
        static const std::vector<Bytes> kNumbers = {"0",
                                                    "1",
                                                    "-1",
                                                    "3",
                                                    "7",
                                                    "16",
                                                    "17",
                                                    "1000000",
                                                    "4294967296",
                                                    "9223372036854775807",
                                                    "18446744073709551616",
                                                    "0.5",
                                                    "1e10"};
        constexpr std::string_view kDigits = "0123456789";
        const size_t begin = bytes.find_first_of(kDigits, below(bytes.size() + 1));
        if (begin == Bytes::npos)
            return;
        const size_t end = std::min(bytes.find_first_not_of(kDigits, begin), bytes.size());
        bytes.replace(begin, end - begin, pick(kNumbers));
    }

    std::vector<Bytes> m_seeds;
    std::mt19937_64 m_random;
};

}  // namespace

int main(int count, char** arguments)
{
    if (count < 2) {
        std::fprintf(stderr, "usage: %s CORPUS [SEED] | INPUT\n", arguments[0]);
        return 2;
    }
    findingPath = fs::absolute(arguments[0]).string() + ".finding";
    __sanitizer_set_death_callback(keepInput);
    std::signal(SIGABRT, onSignal);
    std::signal(SIGALRM, onSignal);

    if (!fs::is_directory(arguments[1])) {
        run(read(arguments[1]));
        return 0;
    }
    std::vector<fs::path> paths;
    for (const fs::directory_entry& entry : fs::directory_iterator(arguments[1]))
        paths.push_back(entry.path());
    std::ranges::sort(paths);
    std::vector<Bytes> seeds;
    for (const fs::path& path : paths)
        run(seeds.emplace_back(read(path)));
    if (seeds.empty()) {
        std::fprintf(stderr, "%s has no inputs\n", arguments[1]);
        return 2;
    }

    const char* secondsText = std::getenv("FACET_FUZZ_SECONDS");
    const std::chrono::seconds seconds(secondsText ? std::atol(secondsText) : 3);
    const uint64_t seed = count > 2     ? std::strtoull(arguments[2], nullptr, 10)
                          : secondsText ? std::random_device()()
                                        : 1;
    Mutator mutator(std::move(seeds), seed);
    uint64_t runs = 0;
    for (const auto end = std::chrono::steady_clock::now() + seconds; std::chrono::steady_clock::now() < end;
         ++runs)
        run(mutator.next());
    std::printf("%zu inputs of the corpus, %llu changes of them with seed %llu\n", paths.size(),
                static_cast<unsigned long long>(runs), static_cast<unsigned long long>(seed));
    return 0;
}
