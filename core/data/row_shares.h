#pragma once

// Which rows are trained on, and which are kept from that to validate on.

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace facet::core {

struct RowShares {
    std::vector<uint64_t> trained;
    std::vector<uint64_t> heldOut;
};

/// Holds out a fraction of the rows: by number and seed alone, as isHeldOut(), so the same ones whatever
/// their order is and however many of the others are used. `mostTrained` bounds those; 0: all.
RowShares sharesOf(int64_t numRows, double fraction, uint64_t seed, int64_t mostTrained = 0);

/// How many rows sharesOf() holds out.
///
/// Cost    a few nanoseconds for each row
int64_t numHeldOut(int64_t numRows, double fraction, uint64_t seed);

/// The file of another split beside a file of rows: what stands where its name, or that of its folder, says
/// "train". "val" finds data/train.jsonl's data/validation.jsonl, train/a.jsonl's valid/a.jsonl.
///
/// Source  Hugging Face datasets, "Structure your repository": a split's words (train, training; validation,
///         valid, val, dev; test, testing, eval, evaluation), which anything but a letter parts from the rest
/// Errors  NotFound: there is none; InvalidInput: there are several, or the name does not say "train"
Result<std::filesystem::path> fileOfSplit(const std::filesystem::path& file, std::string_view split);

}  // namespace facet::core
