#include "core/data/row_shares.h"

#include "core/base/text.h"
#include "core/data/shuffle.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

namespace facet::core {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

const std::vector<Words>& knownSplits()
{
    static const std::vector<Words> splits = {{"train", "training"},
                                              {"validation", "valid", "val", "dev"},
                                              {"test", "testing", "eval", "evaluation"}};
    return splits;
}

/// All words that mean a split.
Words wordsOf(std::string_view split)
{
    for (const Words& words : knownSplits())
        if (std::ranges::find(words, split) != words.end())
            return words;
    return {std::string(split)};
}

/// `name` with `word` where it says "train"; none where it does not.
std::optional<std::string> renamed(const std::string& name, const std::string& word)
{
    const auto isLetter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
    for (size_t begin = 0; begin < name.size();) {
        size_t end = begin;
        while (end < name.size() && isLetter(name[end]))
            ++end;
        const Words& train = knownSplits().front();
        if (std::ranges::find(train, name.substr(begin, end - begin)) != train.end())
            return name.substr(0, begin) + word + name.substr(end);
        begin = end + 1;
    }
    return std::nullopt;
}

}  // namespace

RowShares sharesOf(int64_t numRows, double fraction, uint64_t seed, int64_t mostTrained)
{
    RowShares shares;
    for (int64_t index = 0; index < numRows; ++index) {
        const auto row = static_cast<uint64_t>(index);
        if (isHeldOut(row, fraction, seed))
            shares.heldOut.push_back(row);
        else if (mostTrained == 0 || std::ssize(shares.trained) < mostTrained)
            shares.trained.push_back(row);
    }
    return shares;
}

int64_t numHeldOut(int64_t numRows, double fraction, uint64_t seed)
{
    int64_t count = 0;
    for (int64_t row = 0; fraction > 0 && row < numRows; ++row)
        count += isHeldOut(static_cast<uint64_t>(row), fraction, seed) ? 1 : 0;
    return count;
}

Result<fs::path> fileOfSplit(const fs::path& file, std::string_view split)
{
    const std::string name = file.filename().string();
    std::error_code ignored;
    const fs::path folder = fs::absolute(file, ignored).parent_path();
    std::vector<fs::path> tried, found;
    for (const std::string& word : wordsOf(split)) {
        if (const std::optional<std::string> other = renamed(name, word))
            tried.push_back(file.parent_path() / *other);
        else if (const std::optional<std::string> beside = renamed(folder.filename().string(), word))
            tried.push_back(folder.parent_path() / *beside / name);
    }
    const std::string otherwise = "; name the file as data.validation.path";
    if (tried.empty())
        return Error{ErrorCode::InvalidInput,
                     file.string() +
                         " does not say \"train\" in its name, so that there is no file of the split " +
                         inQuotes(split) + " beside it" + otherwise};
    for (const fs::path& each : tried)
        if (fs::exists(each, ignored) && !fs::equivalent(each, file, ignored))
            found.push_back(each);
    if (found.empty())
        return Error{ErrorCode::NotFound, file.string() + " has no split " + inQuotes(split) +
                                              ": there is no " + tried.front().string() + otherwise};
    if (found.size() > 1)
        return Error{ErrorCode::InvalidInput, file.string() + " has two files of the split " +
                                                  inQuotes(split) + ", " + found[0].string() + " and " +
                                                  found[1].string() + otherwise};
    return found.front();
}

}  // namespace facet::core
