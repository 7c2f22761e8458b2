#pragma once

// Where samples come from, whatever it is: a file of rows or an Energon folder.

#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/data/energon_folder.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace facet::core {

struct SourceOptions {
    DatasetOptions file;     ///< where it is a file
    EnergonOptions energon;  ///< where it is a folder
};

class SampleSource {
public:
    /// Opens a file or a folder. The samples of a file can be read by number once it is indexed.
    ///
    /// Errors  as Dataset::open and EnergonFolder::open; NotFound for a folder without .nv-meta/dataset.yaml
    static Result<SampleSource> open(const std::filesystem::path& path, const SourceOptions& options = {},
                                     const Progress& progress = {});

    /// Builds the index of a file that has none.
    ///
    /// Errors  as RowFile::buildIndex
    Result<void> buildIndex(const Progress& progress = {});

    std::string format() const;  ///< "llava", "energon VQASample"

    /// Precondition: the index is there; also for all that follow but head().
    int64_t numSamples() const;

    /// Errors  InvalidInput: "data.jsonl line 3: conversations[1].from is \"tool\"; ..."
    Result<DataSample> sample(int64_t index) const;

    /// "data.jsonl line 3", "shards/a.tar sample 000012", for messages.
    std::string placeOf(int64_t index) const;

    /// What is stored of a sample: a row of a file, or the parts in a tar file, one after the other.
    std::vector<std::string_view> bytesOf(int64_t index) const;

    /// The first samples, before there is an index.
    std::vector<Result<DataSample>> head(size_t count) const;

    const Dataset* file() const { return std::get_if<Dataset>(&m_source); }  ///< null: it is a folder

    /// As RowFile::expectInOrder; a folder is read as it comes.
    void expectInOrder(bool isInOrder) const;

private:
    explicit SampleSource(std::variant<Dataset, EnergonFolder> source) : m_source(std::move(source)) {}

    std::variant<Dataset, EnergonFolder> m_source;
};

/// While this lives, a source is read from its first sample to its last.
class ReadInOrder {
public:
    explicit ReadInOrder(const SampleSource& source) : m_source(source) { m_source.expectInOrder(true); }
    ~ReadInOrder() { m_source.expectInOrder(false); }
    ReadInOrder(const ReadInOrder&) = delete;
    ReadInOrder& operator=(const ReadInOrder&) = delete;

private:
    const SampleSource& m_source;
};

}  // namespace facet::core
