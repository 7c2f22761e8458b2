#include "engine/data/job_data.h"

#include "core/data/loss_mask.h"
#include "core/data/mock.h"
#include "core/data/packing.h"
#include "core/data/tar_shard.h"
#include "engine/gemma3/image_preprocessing.h"
#include "engine/guard.h"
#include "engine/parallel_for.h"
#include "jobs/job/open_source.h"
#include "jobs/job_rows.h"

#include <algorithm>
#include <cstdio>

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
        Result<core::Image> read = core::readPicture(source);
        if (!read)
            return read.error();
        image = *std::move(read);
    }
    return guarded([&] { return gemma3::pixelValues(image, side); });
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
    m_validationFingerprint = fingerprintOfHeldOut();
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
    constexpr int64_t kAtOnce = 1024;
    int64_t done = 0;
    bool isAnythingLeft = false;
    for (Source& source : m_sources) {  // those that only validate have none of these rows
        const auto reading = source.samples ? std::make_unique<core::ReadInOrder>(*source.samples) : nullptr;
        const std::vector<uint64_t>& rows = source.rows.trained;
        for (int64_t first = 0; first < std::ssize(rows); first += kAtOnce) {
            std::vector<Read<int64_t>> lengths(
                static_cast<size_t>(std::min(kAtOnce, std::ssize(rows) - first)));
            parallelForEach(std::ssize(lengths), m_job.data.numWorkers, [&](int64_t index) {
                Read<int64_t>& length = lengths[static_cast<size_t>(index)];
                const Result<std::optional<core::TokenizedSample>> sample =
                    tokens(source, rows[static_cast<size_t>(first + index)], length.leftOut);
                if (!sample)
                    length.result = sample.error();
                else if (*sample)
                    length.result = std::ssize((*sample)->ids);
            });
            for (const Read<int64_t>& length : lengths) {
                sayLeftOut(length.leftOut);
                if (!length.result)
                    return length.result.error();
                source.lengths.push_back(*length.result);
                isAnythingLeft = isAnythingLeft || (*length.result > 0 && source.settings.weight > 0);
            }
            done += std::ssize(lengths);
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

/// What rows of a source are: the size of each and, up to a bound, their bytes.
void JobData::addRows(core::Fingerprint& print, const Source& source, const std::vector<uint64_t>& rows)
{
    constexpr uint64_t kMostBytes = 256 << 20;  // of rows that are read; a quarter of a second
    print.add(rows.size());
    if (!source.samples) {
        print.addBytes(source.settings.path);
        return;
    }
    const auto bytesOf = [&](uint64_t row) { return source.samples->bytesOf(static_cast<int64_t>(row)); };
    const core::ReadInOrder reading(*source.samples);
    uint64_t numBytes = 0;
    for (const uint64_t row : rows)
        for (const std::string_view bytes : bytesOf(row)) {
            print.add(bytes.size());
            numBytes += bytes.size();
        }
    const uint64_t step = 1 + numBytes / kMostBytes;
    for (uint64_t index = 0; index < rows.size(); index += step)
        for (const std::string_view bytes : bytesOf(rows[index]))
            print.addBytes(bytes);
}

/// Everything that decides which samples come when, and what they are.
std::string JobData::fingerprintOfSources() const
{
    core::Fingerprint print;
    print.add(m_job.packing);
    print.add(m_job.sequenceLength);
    print.add(m_job.data.shuffleSeed);
    print.add(static_cast<int>(m_job.data.trainOn));
    for (size_t number = 0; number < m_numTrained; ++number) {
        print.add(m_sources[number].settings.weight);
        addRows(print, m_sources[number], m_sources[number].rows.trained);
    }
    return print.text();
}

/// What is validated on, in which order.
std::string JobData::fingerprintOfHeldOut() const
{
    if (m_heldOut.empty())
        return {};
    core::Fingerprint print;
    print.add(m_job.data.validationSeed);
    for (const Source& source : m_sources)
        addRows(print, source, source.rows.heldOut);
    return print.text();
}

void JobData::sayLeftOut(const std::vector<std::string>& reasons)
{
    constexpr int64_t kSaid = 5;
    for (const std::string& why : reasons)
        if (++m_numLeftOut <= kSaid)
            m_say("left out: " + why + (m_numLeftOut == kSaid ? "; more of these are not said" : ""));
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
        leftOut.push_back(error.message);
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
        leftOut.push_back(place() + " has nothing to learn in its first " +
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
        leftOut.push_back(error.message);
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

Result<std::vector<Pack>> JobData::packsOf(const std::vector<std::vector<Place>>& places)
{
    std::vector<Read<Pack>> reads(places.size());
    parallelForEach(std::ssize(places), m_job.data.numWorkers, [&](int64_t number) {
        const auto index = static_cast<size_t>(number);
        reads[index].result = pack(places[index], reads[index].leftOut);
    });
    std::vector<Pack> packs;
    for (Read<Pack>& read : reads) {
        sayLeftOut(read.leftOut);
        if (!read.result)
            return read.result.error();
        packs.push_back(*std::move(read.result));
    }
    return packs;
}

Result<std::vector<Pack>> JobData::packs(int64_t first, int64_t count)
{
    const std::lock_guard lock(m_mutex);
    std::vector<std::vector<Place>> places;
    for (int64_t index = first; index < first + count; ++index)
        places.push_back(placesOf(index));
    return packsOf(places);
}

Result<std::vector<Pack>> JobData::validation(int64_t first, int64_t count)
{
    const std::lock_guard lock(m_mutex);
    std::vector<std::vector<Place>> places;
    for (int64_t index = first; index < std::min(first + count, numValidationPacks()); ++index)
        places.push_back({m_heldOut[static_cast<size_t>(index)]});
    return packsOf(places);
}

std::string JobData::validationPlace(int64_t number) const
{
    const Place& place = m_heldOut[static_cast<size_t>(number)];
    const Source& source = m_sources[place.source];
    return source.samples ? source.samples->placeOf(static_cast<int64_t>(place.row))
                          : source.settings.path + " row " + std::to_string(place.row + 1);
}

}  // namespace facet::engine
