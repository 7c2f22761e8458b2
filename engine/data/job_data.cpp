#include "engine/data/job_data.h"

#include "core/data/loss_mask.h"
#include "core/data/mock.h"
#include "core/data/packing.h"
#include "core/data/tar_shard.h"
#include "core/image/image.h"
#include "engine/gemma3/image_preprocessing.h"
#include "engine/guard.h"
#include "engine/parallel_for.h"
#include "jobs/job/open_source.h"
#include "jobs/job_rows.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <thread>

namespace facet::engine {
namespace {

using core::Error;
using core::ErrorCode;
using core::Result;

constexpr std::string_view kMock = "mock:";

/// A picture's pixels from a file, or made up from "mock:SEED:INDEX".
Result<at::Tensor> pixelsOf(const std::string& source, int64_t side)
{
    core::Image image;
    unsigned long long seed = 0, index = 0;
    if (std::sscanf(source.c_str(), "mock:%llu:%llu", &seed, &index) == 2) {
        image = {side, side, core::mockPixels(index, seed, side)};
    } else {
        const Result<std::string> bytes = core::readSource(source);
        if (!bytes)
            return bytes.error();
        Result<core::Image> read = core::decodeImage(std::as_bytes(std::span(*bytes)));
        if (!read)
            return read.error().during("reading " + source);
        image = *std::move(read);
    }
    return guarded([&] { return gemma3::pixelValues(image, side); });
}

uint64_t hashed(uint64_t hash, std::string_view bytes)  // FNV-1a
{
    for (const char byte : bytes)
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    return hash;
}

}  // namespace

Result<std::unique_ptr<JobData>> JobData::open(const jobs::Job& job, const SampleReader& reader,
                                               std::function<void(const std::string&)> say,
                                               const core::Progress& progress)
{
    std::unique_ptr<JobData> data(new JobData(job, reader, std::move(say)));
    if (const Result<void> opened = data->open(progress); !opened)
        return opened.error();
    return data;
}

Result<void> JobData::open(const core::Progress& progress)
{
    for (const jobs::DataSource& settings : m_job.data.sources) {
        if (const Result<void> opened = openSource(settings, m_job.data.validationFraction, progress);
            !opened)
            return opened;
        m_packsPerRound += std::ssize(m_sources.back().rows.trained);
    }
    m_numTrained = m_sources.size();
    if (std::ranges::none_of(blended(),
                             [](const auto& source) { return source.numRows > 0 && source.weight > 0; }))
        return Error{ErrorCode::InvalidInput, "data.sources have no rows to train on"};
    if (const Result<void> heldOut = holdOut(progress); !heldOut)
        return heldOut;
    m_fingerprint = fingerprintOfSources();
    m_blend.emplace(blended(), static_cast<uint64_t>(m_job.data.shuffleSeed));
    if (!m_job.packing)
        return {};
    if (const Result<void> measured = measureRows(progress); !measured)
        return measured;
    planRound();
    m_packsPerRound = std::ssize(m_plan);
    return {};
}

Result<void> JobData::openSource(const jobs::DataSource& settings, double fraction,
                                 const core::Progress& progress)
{
    Source source;
    source.settings = settings;
    int64_t numRows = core::kMockSamples;
    if (!settings.path.starts_with(kMock)) {
        if (!m_reader.tokenizer)
            return Error{ErrorCode::InvalidInput,
                         "the model has no tokenizer, which " + settings.path + " needs"};
        Result<core::SampleSource> samples = jobs::openSource(settings, progress);
        if (!samples)
            return samples.error();
        if (const Result<void> indexed = samples->buildIndex(progress); !indexed)
            return indexed.error();
        numRows = samples->numSamples();
        source.samples = *std::move(samples);
    }
    source.rows = core::sharesOf(numRows, fraction, static_cast<uint64_t>(m_job.data.validationSeed),
                                 m_job.data.maxSamples);
    m_sources.push_back(std::move(source));
    return {};
}

/// Finds the rows to validate on, in an order of their own, so that the first of them stand for all.
Result<void> JobData::holdOut(const core::Progress& progress)
{
    const jobs::DataSettings& data = m_job.data;
    const Result<std::vector<jobs::DataSource>> others = jobs::validationSources(data);
    if (!others)
        return others.error();
    for (const jobs::DataSource& settings : *others) {
        constexpr double kAll = 1;
        if (const Result<void> opened = openSource(settings, kAll, progress); !opened)
            return opened.error().during("data.validation");
    }
    std::vector<Place> places;
    for (size_t index = 0; index < m_sources.size(); ++index)
        for (const uint64_t row : m_sources[index].rows.heldOut)
            places.push_back({index, row, 0});
    if (const Result<void> checked = jobs::checkHeldOut(data, std::ssize(places)); !checked || places.empty())
        return checked;
    const core::Permutation order(places.size(), static_cast<uint64_t>(data.validationSeed));
    for (size_t index = 0; index < places.size(); ++index)
        m_heldOut.push_back(places[order.at(index)]);
    return {};
}

std::vector<core::Blend::Source> JobData::blended() const
{
    std::vector<core::Blend::Source> blended;
    for (size_t index = 0; index < m_numTrained; ++index)
        blended.push_back({m_sources[index].rows.trained.size(), m_sources[index].settings.weight});
    return blended;
}

Result<void> JobData::measureRows(const core::Progress& progress)
{
    constexpr size_t kAtOnce = 4096;
    int64_t done = 0;
    bool isAnythingLeft = false;
    for (Source& source : m_sources) {  // those that only validate have none of these rows
        const std::vector<uint64_t>& rows = source.rows.trained;
        for (size_t first = 0; first < rows.size(); first += kAtOnce) {
            const Result<std::vector<int64_t>> lengths =
                readAll<int64_t>(static_cast<int64_t>(std::min(kAtOnce, rows.size() - first)),
                                 [&](int64_t index, std::vector<std::string>& leftOut) -> Result<int64_t> {
                                     const Result<std::optional<core::TokenizedSample>> sample =
                                         tokens(source, rows[first + static_cast<size_t>(index)], leftOut);
                                     if (!sample)
                                         return sample.error();
                                     return *sample ? std::ssize((*sample)->ids) : 0;
                                 });
            if (!lengths)
                return lengths.error();
            source.lengths.insert(source.lengths.end(), lengths->begin(), lengths->end());
            isAnythingLeft = isAnythingLeft ||
                             (source.settings.weight > 0 && std::ranges::any_of(*lengths, std::identity()));
            done += std::ssize(*lengths);
            if (progress && !progress(done, m_packsPerRound))
                return Error{ErrorCode::Cancelled, "packing was cancelled"};
        }
    }
    if (!isAnythingLeft)
        return Error{ErrorCode::InvalidInput, "no row of data.sources has anything to learn"};
    return {};
}

/// Plans the packs of the round that the blend has come to.
void JobData::planRound()
{
    int64_t numSamples = 0;
    for (const Source& source : m_sources)
        numSamples += std::ssize(source.rows.trained);
    std::vector<Place> places;
    std::vector<int64_t> lengths;
    for (int64_t i = 0; i < numSamples; ++i) {
        const core::Blend::Pick pick = m_blend->next();
        const Source& source = m_sources[pick.source];
        if (source.lengths[pick.row] == 0)
            continue;
        places.push_back({pick.source, source.rows.trained[pick.row], pick.round});
        lengths.push_back(source.lengths[pick.row]);
    }
    m_plan.clear();
    for (const std::vector<size_t>& pack : core::planRound(
             lengths, m_job.sequenceLength, static_cast<uint64_t>(m_job.data.shuffleSeed), m_planRound)) {
        m_plan.emplace_back();
        for (const size_t place : pack)
            m_plan.back().push_back(places[place]);
    }
}

/// Everything that decides which samples come when, and what they are.
std::string JobData::fingerprintOfSources() const
{
    constexpr uint64_t kSampled = 1000;  // rows
    uint64_t hash = 0xcbf29ce484222325U;
    const auto add = [&](const auto& value) { hash = hashed(hash, std::to_string(value) + ","); };
    add(m_job.packing);
    add(m_job.sequenceLength);
    add(m_job.data.shuffleSeed);
    add(static_cast<int>(m_job.data.trainOn));
    for (size_t number = 0; number < m_numTrained; ++number) {
        const Source& source = m_sources[number];
        const std::vector<uint64_t>& rows = source.rows.trained;
        add(source.settings.weight);
        add(rows.size());
        if (!source.samples) {
            hash = hashed(hash, source.settings.path);
            continue;
        }
        for (const uint64_t row : rows)
            for (const std::string_view bytes : source.samples->bytesOf(static_cast<int64_t>(row)))
                add(bytes.size());
        const uint64_t step = std::max<uint64_t>(1, rows.size() / kSampled);
        for (uint64_t index = 0; index < rows.size(); index += step)
            for (const std::string_view bytes : source.samples->bytesOf(static_cast<int64_t>(rows[index])))
                hash = hashed(hash, bytes);
    }
    char text[17];
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
    return text;
}

void JobData::sayLeftOut(const std::vector<std::string>& leftOut)
{
    constexpr int64_t kSaid = 5;
    for (const std::string& why : leftOut)
        if (++m_numLeftOut <= kSaid)
            m_say(why + (m_numLeftOut == kSaid ? "; more of these are not said" : ""));
}

template <typename Thing>
Result<std::vector<Thing>> JobData::readAll(
    int64_t count, const std::function<Result<Thing>(int64_t, std::vector<std::string>&)>& read)
{
    const int64_t numWorkers = std::min<int64_t>(m_job.data.numWorkers, std::thread::hardware_concurrency());
    std::vector<std::optional<Result<Thing>>> results(static_cast<size_t>(count));
    std::vector<std::vector<std::string>> leftOut(static_cast<size_t>(count));
    parallelForEach(count, numWorkers, [&](int64_t index) {
        const auto at = static_cast<size_t>(index);
        const Result<Result<Thing>> guardedRead = guarded([&] { return read(index, leftOut[at]); });
        results[at] = guardedRead ? *guardedRead : guardedRead.error();
    });
    std::vector<Thing> things;
    for (size_t index = 0; index < results.size(); ++index) {
        sayLeftOut(leftOut[index]);
        if (!*results[index])
            return results[index]->error();
        things.push_back(**std::move(results[index]));
    }
    return things;
}

Result<std::optional<core::TokenizedSample>> JobData::tokens(const Source& source, uint64_t row,
                                                             std::vector<std::string>& leftOut) const
{
    std::optional<core::TokenizedSample> nothing;
    if (!source.samples)
        return std::optional(core::mockSample(row, static_cast<uint64_t>(m_job.data.shuffleSeed),
                                              m_job.sequenceLength, source.settings.path == "mock:vision",
                                              m_reader.config));
    const auto index = static_cast<int64_t>(row);
    const auto refused = [&](const Error& error) -> Result<std::optional<core::TokenizedSample>> {
        if (!m_job.data.skipBad)
            return error;
        leftOut.push_back("left out: " + error.message);
        return nothing;
    };
    const Result<core::DataSample> sample = source.samples->sample(index);
    if (!sample)
        return refused(sample.error());
    const auto place = [&] { return source.samples->placeOf(index); };
    Result<core::TokenizedSample> tokenized =
        core::tokenizeSample(*sample, *m_reader.tokenizer, *m_reader.chatTemplate, m_reader.config,
                             {.everything = m_job.data.trainOn == jobs::TrainOn::All});
    if (!tokenized)
        return refused(tokenized.error().during(place()));
    if (tokenized->numInLoss() == 0)
        return refused({ErrorCode::InvalidInput, place() + " has no answer to learn"});
    if (!core::truncate(*tokenized, m_job.sequenceLength)) {
        leftOut.push_back("left out: " + place() + " has nothing to learn in its first " +
                          std::to_string(m_job.sequenceLength) + " tokens; raise sequence_length");
        return nothing;
    }
    return std::optional(*std::move(tokenized));
}

Result<TrainingSample> JobData::withPixels(const core::TokenizedSample& sample, uint64_t seed) const
{
    TrainingSample training;
    training.ids = sample.ids;
    training.isTarget.assign(sample.inLoss.begin(), sample.inLoss.end());
    training.seed = seed;
    for (const core::TokenizedSample::Picture& picture : sample.pictures) {
        Result<at::Tensor> pixel_3SS = pixelsOf(picture.source, m_reader.imageSize);
        if (!pixel_3SS)
            return pixel_3SS.error();
        training.pixels_3SS.push_back(*std::move(pixel_3SS));
    }
    return training;
}

Result<Pack> JobData::pack(const std::vector<Place>& places, std::vector<std::string>& leftOut) const
{
    Pack pack;
    for (const Place& place : places) {
        const Result<std::optional<core::TokenizedSample>> sample =
            tokens(m_sources[place.source], place.row, leftOut);
        if (!sample)
            return sample.error();
        if (!*sample)
            continue;
        const uint64_t seed = mixedSeed(
            mixedSeed(mixedSeed(static_cast<uint64_t>(m_job.seed), place.source), place.row), place.round);
        Result<TrainingSample> training = withPixels(**sample, seed);
        if (training) {
            pack.push_back(*std::move(training));
            continue;
        }
        const Source& source = m_sources[place.source];
        const Error error =
            source.samples ? training.error().during(source.samples->placeOf(static_cast<int64_t>(place.row)))
                           : training.error();
        if (!m_job.data.skipBad)
            return error;
        leftOut.push_back("left out: " + error.message);
    }
    return pack;
}

std::vector<JobData::Place> JobData::placesOf(int64_t pack)
{
    const auto seed = static_cast<uint64_t>(m_job.data.shuffleSeed);
    if (m_job.packing) {
        if (pack < m_planBegin) {
            m_blend.emplace(blended(), seed);
            m_planRound = 0;
            m_planBegin = 0;
            planRound();
        }
        while (pack >= m_planBegin + std::ssize(m_plan)) {
            m_planBegin += std::ssize(m_plan);
            ++m_planRound;
            planRound();
        }
        return m_plan[static_cast<size_t>(pack - m_planBegin)];
    }
    const auto number = static_cast<uint64_t>(pack);
    if (m_blend->numPicked() > number)
        m_blend.emplace(blended(), seed);
    m_blend->skip(number - m_blend->numPicked());
    const core::Blend::Pick pick = m_blend->next();
    return {{pick.source, m_sources[pick.source].rows.trained[pick.row], pick.round}};
}

Result<std::vector<Pack>> JobData::packs(int64_t first, int64_t count)
{
    const std::lock_guard lock(m_mutex);
    std::vector<std::vector<Place>> places;
    for (int64_t index = first; index < first + count; ++index)
        places.push_back(placesOf(index));
    return readAll<Pack>(count, [&](int64_t index, std::vector<std::string>& leftOut) {
        return pack(places[static_cast<size_t>(index)], leftOut);
    });
}

Result<std::vector<Pack>> JobData::validation(int64_t first, int64_t count)
{
    const std::lock_guard lock(m_mutex);
    return readAll<Pack>(std::min(count, numValidationPacks() - first),
                         [&](int64_t index, std::vector<std::string>& leftOut) {
                             return pack({m_heldOut[static_cast<size_t>(first + index)]}, leftOut);
                         });
}

std::string JobData::validationPlace(int64_t number) const
{
    const Place& place = m_heldOut[static_cast<size_t>(number)];
    const Source& source = m_sources[place.source];
    return source.samples ? source.samples->placeOf(static_cast<int64_t>(place.row))
                          : source.settings.path + " row " + std::to_string(place.row + 1);
}

}  // namespace facet::engine
