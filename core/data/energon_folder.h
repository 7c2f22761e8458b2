#pragma once

// Folders that NVIDIA's `energon prepare` makes: WebDataset tar files with a .nv-meta folder beside them.
//
// Read: .nv-meta/dataset.yaml (sample_type, field_map), split.yaml (split_parts, exclude, brace ranges), and
// the tars themselves, whose index is taken from their headers: the layout of index.sqlite may change without
// notice.
//
// A VQASample is a question about a picture; a CaptioningSample, an OCRSample: a picture and what to say of
// it; a MultiChoiceVQASample: a question with lettered choices; an InterleavedSample: a document; a
// TextSample: plain text. A CrudeWebdataset has no field map of its own: one is given, or the part "json" of
// each sample is a row as core/data/row_format.h has them, whose pictures are parts of the sample.

#include "core/base/result.h"
#include "core/data/sample.h"
#include "core/data/tar_shard.h"

#include <map>
#include <memory>

namespace facet::core {

struct EnergonOptions {
    std::string split = "train";
    /// Instead of the folder's own, and for crude datasets that have other fields than those of rows:
    /// {"image": "jpg", "context": "json[0][value]"}; a key "messages" or "conversations" takes a whole chat.
    /// Alternatives are parted by commas.
    std::map<std::string, std::string> fieldMap;
};

class EnergonFolder {
public:
    /// Is there a .nv-meta/dataset.yaml?
    static bool isOne(const std::filesystem::path& folder);

    /// Errors  NotFound, Io; InvalidInput: a split or a sample type that is not known, a sample loader in
    /// Python, no
    ///         field map
    static Result<EnergonFolder> open(const std::filesystem::path& folder,
                                      const EnergonOptions& options = {});

    const std::string& sampleType() const { return m_type; }  ///< "VQASample"
    const std::vector<std::string>& splits() const { return m_splits; }
    int64_t numSamples() const { return std::ssize(m_places); }
    const std::string& keyOf(int64_t index) const;
    std::string placeOf(int64_t index) const;  ///< "shards/a.tar sample 000012", for messages

    /// The parts of a sample, as they lie in its tar file.
    std::vector<std::string_view> bytesOf(int64_t index) const;

    /// Pictures are named by tarSource().
    ///
    /// Errors  InvalidInput: "shards/a.tar sample 000012: json[q] ..."
    Result<DataSample> sample(int64_t index) const;

private:
    struct Place {
        size_t shard = 0;
        size_t sample = 0;
    };

    std::string m_type;
    std::map<std::string, std::string> m_fieldMap;
    std::vector<std::string> m_splits;
    std::vector<TarShard> m_shards;
    std::vector<Place> m_places;
};

/// "a_{000..002}.{tar,tgz}" -> all six, as bash and Python's braceexpand do.
///
/// Errors  InvalidInput for more than a hundred thousand
Result<std::vector<std::string>> expandBraces(const std::string& text);

}  // namespace facet::core
