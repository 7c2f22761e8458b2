#pragma once

// A source of training rows, opened with the model that will read it: any row as sample and as tokens. Of
// core/data alone.

#include "core/chat/chat_template.h"
#include "core/data/loss_mask.h"
#include "core/data/sample_source.h"
#include "core/gemma3/config.h"
#include "core/tokenizer/tokenizer.h"
#include "jobs/job/job.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace facet::ui {

struct DataQuery {
    jobs::DataSource source;
    bool everything = false;  ///< prompts count in the loss, too
    int64_t sequenceLength = 0;
    uint64_t seed = 0;
    std::filesystem::path modelPath;  ///< "" where the model is not on this machine: no tokens then
    core::gemma3::Config config;
    jobs::DataSettings all = {};  ///< all sources, with what validates
};

/// Whether two queries read the same rows as the same tokens.
bool readTheSame(const DataQuery& a, const DataQuery& b);

class DataSession {
public:
    /// Opens the source and the model's tokenizer. Of a file without an index only the first rows are there.
    ///
    /// Cost    a tokenizer takes half a second; a packed file is unpacked first
    /// Errors  as jobs::openSource, Tokenizer::open; Cancelled by `progress`
    static core::Result<std::shared_ptr<const DataSession>> open(const DataQuery& query,
                                                                 const core::Progress& progress = {});

    /// The same with all rows: builds the index of the file.
    ///
    /// Cost    reads the whole file once
    /// Errors  as RowFile::buildIndex; Cancelled by `progress`
    core::Result<std::shared_ptr<const DataSession>> withAllRows(const core::Progress& progress = {}) const;

    bool hasAllRows() const { return m_head.empty(); }

    const std::string& format() const { return m_format; }  ///< "llava", "energon VQASample", "mock"
    int64_t numRows() const { return m_numRows; }
    bool hasTokens() const { return m_tokenizer || !m_samples; }
    const core::Tokenizer* tokenizer() const { return m_tokenizer.get(); }

    /// Errors  InvalidInput with file and line
    core::Result<core::DataSample> sample(int64_t row) const;
    core::Result<core::TokenizedSample> tokens(int64_t row) const;

private:
    DataSession() = default;

    DataQuery m_query;
    std::string m_format;
    int64_t m_numRows = 0;
    std::optional<core::SampleSource> m_samples;  ///< none for made-up ones
    std::vector<core::Result<core::DataSample>> m_head;
    std::shared_ptr<const core::Tokenizer> m_tokenizer;
    std::shared_ptr<const core::ChatTemplate> m_template;
};

struct RowProblem {
    int64_t row = 0;
    std::string sentence;
};

/// What was counted over the rows so far.
struct DataCounts {
    int64_t nextRow = 0;  ///< all before it are counted
    int64_t good = 0;
    int64_t bad = 0;
    int64_t pictures = 0;
    int64_t missingPictures = 0;
    int64_t tokens = 0;
    int64_t inLoss = 0;
    std::map<int64_t, int64_t> rowsByLength;  ///< how many good rows have so many tokens
    std::vector<int64_t> lengths;             ///< of the first good rows, to pack them
    std::vector<int64_t> goodRows;            ///< their numbers
    std::vector<RowProblem> problems;

    static constexpr size_t kMostProblems = 1000;
    static constexpr size_t kMostLengths = 300'000;

    /// Adds what was counted after it: what that costs does not depend on how much there is already.
    void add(DataCounts later);

    /// All good rows have their length in `lengths`.
    bool hasAllLengths() const { return good == std::ssize(lengths); }

    int64_t longerThan(int64_t limit) const;
    int64_t longest() const;
};

/// A row in a packed sequence.
struct PackedRow {
    int64_t row = 0;
    int64_t length = 0;  ///< tokens that are left of it
    bool isCut = false;
};
using PackedRows = std::vector<PackedRow>;

/// The sequences of the first round of training, in their order, if the query's source is the only one.
std::vector<PackedRows> packedRows(const DataQuery& query, const DataSession& session,
                                   const DataCounts& counts);

/// Counts from `counts.nextRow` on, for about as long as given.
void countRows(const DataSession& session, DataCounts& counts, int milliseconds);

}  // namespace facet::ui
