#pragma once

// The samples of a job, from its sources: tokens, what counts in the loss, pixels.

#include "core/base/fingerprint.h"
#include "core/chat/chat_template.h"
#include "core/data/row_shares.h"
#include "core/data/sample_source.h"
#include "core/data/shuffle.h"
#include "core/models/model_folder.h"
#include "core/tokenizer/tokenizer.h"
#include "engine/train/sample_stream.h"
#include "jobs/job/job.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace facet::engine {

/// What turns rows into tokens and pixels.
struct SampleReader {
    const core::Tokenizer* tokenizer = nullptr;  ///< none: made-up samples only
    const core::ChatTemplate* chatTemplate = nullptr;
    core::gemma3::Config config;
    int64_t imageSize = 896;
};

/// Samples of the job's sources, mixed by their weights; or, if the job packs, packs of them.
///
/// A weight is a source's share of the samples, whatever its size: with weights w, a source gives n w /
/// sum(w) of the first n samples, to within one or two, and goes through all of its rows in a new order
/// before it begins again. A round, which is what the job calls an epoch, is as many samples as all sources
/// have rows together; so with one source, or weights as the numbers of rows are, each row comes once in it.
/// Packs are planned for each round over just those samples.
///
/// Source  the meaning of weights: Megatron's BlendedDataset, which keeps to the shares as this does, and
///         Energon's blend, which draws by them at random
///
/// A row that cannot be read is an error, or, with data.skip_bad, a pack without samples, so that the order
/// of all others stays; so is one that has nothing to learn once it is cut to sequence_length.
class JobData final : public SampleStream {
public:
    /// Opens all sources and indexes them; where the job packs, all rows are tokenised once.
    ///
    /// `say` is told what is left out. `progress` may cancel.
    /// Limits  what `reader` points to outlives this
    /// Errors  NotFound, Io, Cancelled; InvalidInput with file and line
    static core::Result<std::unique_ptr<JobData>> open(const jobs::Job& job, const SampleReader& reader,
                                                       std::function<void(const std::string&)> say,
                                                       const core::Progress& progress = {});

    core::Result<std::vector<Pack>> packs(int64_t first, int64_t count) override;
    int64_t numValidationPacks() const override { return std::ssize(m_heldOut); }
    core::Result<std::vector<Pack>> validation(int64_t first, int64_t count) override;
    int64_t packsPerRound() const override { return m_packsPerRound; }
    std::string fingerprint() const override { return m_fingerprint; }
    std::string validationFingerprint() const override { return m_validationFingerprint; }

    /// Where a pack to validate on is from: "heldout.jsonl line 3".
    ///
    /// Cost    may read the file up to there
    std::string validationPlace(int64_t number) const;

private:
    struct Source {
        jobs::DataSource settings;
        std::optional<core::SampleSource> samples;  ///< none for made-up ones
        core::RowShares rows;
        std::vector<int64_t> lengths;  ///< where packed: tokens of each of rows.trained; 0: left out
    };
    struct Place {
        size_t source = 0;  ///< in m_sources
        uint64_t row = 0;
        uint64_t round = 0;  ///< how often its source was gone through before
    };

    JobData(const jobs::Job& job, const SampleReader& reader, std::function<void(const std::string&)> say)
        : m_job(job), m_reader(reader), m_say(std::move(say))
    {
    }

    core::Result<void> open(const core::Progress& progress);
    core::Result<void> openSource(const jobs::DataSource& settings, double fraction,
                                  const core::Progress& progress);
    core::Result<void> holdOut(const core::Progress& progress);
    std::vector<core::Blend::Source> blended() const;
    core::Result<void> measureRows(const core::Progress& progress);
    void planRound();
    static void addRows(core::Fingerprint& print, const Source& source, const std::vector<uint64_t>& rows);
    std::string fingerprintOfSources() const;
    std::string fingerprintOfHeldOut() const;

    /// What one of several threads has read.
    template <typename T>
    struct Read {
        core::Result<T> result = T();
        std::vector<std::string> leftOut;  ///< why rows were
    };

    /// None for what is left out.
    core::Result<std::optional<core::TokenizedSample>> tokens(const Source& source, uint64_t row,
                                                              std::vector<std::string>& leftOut) const;
    core::Result<Pack> pack(const std::vector<Place>& places, std::vector<std::string>& leftOut) const;
    core::Result<TrainingSample> withPixels(const core::TokenizedSample& sample, uint64_t seed) const;
    core::Result<std::vector<Pack>> packsOf(const std::vector<std::vector<Place>>& places);
    std::vector<Place> placesOf(int64_t pack);
    void sayLeftOut(const std::vector<std::string>& reasons);

    jobs::Job m_job;
    SampleReader m_reader;
    std::function<void(const std::string&)> m_say;
    std::vector<Source> m_sources;  // those that only validate come last
    size_t m_numTrained = 0;        // of them
    std::vector<Place> m_heldOut;
    std::optional<core::Blend> m_blend;
    std::vector<std::vector<Place>> m_plan;  ///< where packed: the packs of a round
    uint64_t m_planRound = 0;
    int64_t m_planBegin = 0;  ///< the number of its first pack
    int64_t m_packsPerRound = 0;
    std::string m_fingerprint;
    std::string m_validationFingerprint;
    int64_t m_numLeftOut = 0;
    std::mutex m_mutex;  // packs() of the next step runs beside validation()
};

}  // namespace facet::engine
