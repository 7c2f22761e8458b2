#pragma once

// Samples as a folder that NVIDIA's energon opens: WebDataset tar files with .nv-meta beside them, as
// `energon prepare` would leave it.
//
// The sample type is the plainest that fits all samples: CaptioningSample (a picture and what to say of it),
// VQASample (one question about one picture), TextSample (plain text), InterleavedSample (documents with
// pictures), else CrudeWebdataset, whose part "json" is a row {"messages": ...} that names its pictures by
// their parts. EnergonFolder gives all of these back as they were.

#include "core/data/sample_source.h"

#include <string>
#include <utility>
#include <vector>

namespace facet::core {

struct PrepareOptions {
    uint64_t shardBytes = 256 << 20;  ///< a tar file ends with the sample that reaches this
    /// Names and shares, as parts of their sum.
    std::vector<std::pair<std::string, double>> splits = {{"train", 1}};
    uint64_t seed = 1234;  ///< which samples go into which split; their order stays
    bool skipBad = false;  ///< leave out what cannot be read
};

struct PreparedFolder {
    std::string sampleType;                                  ///< "VQASample"
    std::vector<std::pair<std::string, int64_t>> samplesOf;  ///< by split
    int64_t numShards = 0;
    uint64_t numBytes = 0;  ///< of the tar files
    int64_t numSkipped = 0;
    std::vector<std::string> problems;  ///< of the first few that were left out
};

/// Reads a source twice: once to see what it holds, once to write. The folder appears when it is whole.
///
/// Precondition: the source is indexed.
/// Errors  InvalidInput: the folder exists, a split gets no samples, a sample cannot be read or its picture
/// is
///         none (unless they are skipped), documents and conversations are mixed; Io; Cancelled
Result<PreparedFolder> prepareEnergonFolder(const SampleSource& source, const std::filesystem::path& folder,
                                            const PrepareOptions& options = {},
                                            const Progress& progress = {});

}  // namespace facet::core
