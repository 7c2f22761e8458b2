#include "jobs/job_rows.h"

#include "core/data/energon_folder.h"
#include "core/data/mock.h"
#include "core/data/row_shares.h"
#include "jobs/job/open_source.h"

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

bool isMock(const DataSource& source)
{
    return source.path.starts_with("mock:");
}

Result<int64_t> numRows(const DataSource& source, const core::Progress& progress)
{
    if (isMock(source))
        return core::kMockSamples;
    Result<core::SampleSource> samples = openSource(source, progress);
    if (!samples)
        return samples.error();
    if (const Result<void> indexed = samples->buildIndex(progress); !indexed)
        return indexed.error();
    return samples->numSamples();
}

}  // namespace

Result<std::vector<DataSource>> validationSources(const DataSettings& data)
{
    std::vector<DataSource> sources;
    if (!data.validationPath.empty()) {
        sources.push_back(data.sources.front());
        sources.back().path = data.validationPath;
        return sources;
    }
    if (data.validationSplit.empty())
        return sources;
    for (DataSource source : data.sources) {
        if (isMock(source))
            return Error{ErrorCode::InvalidInput, "data.validation.split: " + source.path +
                                                      " has no splits; take data.validation.fraction"};
        if (core::EnergonFolder::isOne(source.path)) {
            source.split = data.validationSplit;
        } else {
            const Result<std::filesystem::path> file = core::fileOfSplit(source.path, data.validationSplit);
            if (!file)
                return file.error().during("data.validation.split");
            source.path = file->string();
        }
        sources.push_back(std::move(source));
    }
    return sources;
}

Result<void> checkHeldOut(const DataSettings& data, int64_t numHeldOut)
{
    if (numHeldOut > 0)
        return {};
    if (data.validationFraction > 0)
        return Error{ErrorCode::InvalidInput,
                     "data.validation.fraction " + nlohmann::json(data.validationFraction).dump() +
                         " holds out none of the rows: raise it, or name a file as data.validation.path"};
    if (!data.validationPath.empty() || !data.validationSplit.empty())
        return Error{ErrorCode::InvalidInput, "data.validation has no rows"};
    return {};
}

Result<std::vector<RowCounts>> countRows(const DataSettings& data, const core::Progress& progress)
{
    std::vector<RowCounts> counts;
    for (const DataSource& source : data.sources) {
        const Result<int64_t> rows = numRows(source, progress);
        if (!rows)
            return rows.error();
        const int64_t heldOut =
            core::numHeldOut(*rows, data.validationFraction, static_cast<uint64_t>(data.validationSeed));
        const int64_t others = *rows - heldOut;
        counts.push_back(
            {source.path, data.maxSamples > 0 ? std::min(others, data.maxSamples) : others, heldOut});
    }
    const Result<std::vector<DataSource>> validating = validationSources(data);
    if (!validating)
        return validating.error();
    for (const DataSource& source : *validating) {
        const Result<int64_t> rows = numRows(source, progress);
        if (!rows)
            return rows.error().during("data.validation");
        const bool isSplit = !data.validationSplit.empty() && core::EnergonFolder::isOne(source.path);
        counts.push_back({source.path + (isSplit ? " (" + source.split + ")" : ""), 0, *rows});
    }
    int64_t numHeldOut = 0;
    for (const RowCounts& each : counts)
        numHeldOut += each.heldOut;
    if (const Result<void> checked = checkHeldOut(data, numHeldOut); !checked)
        return checked.error();
    return counts;
}

std::string describe(const std::vector<RowCounts>& counts)
{
    std::string text;
    for (const RowCounts& each : counts) {
        text += each.path + ": ";
        if (each.trained > 0 || each.heldOut == 0)
            text += std::to_string(each.trained) + (each.trained == 1 ? " row trains" : " rows train");
        if (each.trained > 0 && each.heldOut > 0)
            text += ", ";
        if (each.heldOut > 0)
            text += std::to_string(each.heldOut) + (each.heldOut == 1 ? " validates" : " validate");
        text += "\n";
    }
    return text;
}

}  // namespace facet::jobs
