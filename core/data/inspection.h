#pragma once

// All samples of a source, read once: how many there are, how long they are, and what is wrong with them. The
// result is kept in the user's cache, since it takes minutes for files of many gigabytes.

#include "core/chat/chat_template.h"
#include "core/data/sample_source.h"
#include "core/gemma3/config.h"
#include "core/tokenizer/tokenizer.h"

#include <map>

namespace facet::core {

/// What turns samples into tokens.
struct SampleText {
    Tokenizer tokenizer;
    ChatTemplate chatTemplate;
    gemma3::Config config;
};

struct InspectionOptions {
    bool skipBad = false;        ///< bad samples are counted; else the first of them is the error
    bool everything = false;     ///< prompts count in the loss, too
    bool pictures = false;       ///< pictures are decoded, and one that cannot be makes its sample bad
    int64_t sequenceLength = 0;  ///< samples are cut to this many tokens; 0: they are not
};

/// What was counted.
struct Inspection {
    std::string format;  ///< SampleSource::format()
    int64_t good = 0;
    int64_t bad = 0;
    int64_t pictures = 0;
    int64_t missingPictures = 0;
    int64_t tokens = 0;   ///< this and what follows: with a model
    int64_t inLoss = 0;   ///< of them
    int64_t useless = 0;  ///< samples of which nothing counts in the loss once they are cut
    int64_t shortest = 0;
    int64_t median = 0;
    int64_t longest = 0;
    std::vector<std::string> problems;                  ///< the first five, in the order of the samples
    std::map<std::string, std::string> pictureFolders;  ///< where pictures were looked for, and its time
};

/// Reads every sample, on all cores. Without `text` nothing is turned into tokens.
///
/// Precondition  the source is indexed
/// Errors        those of SampleSource::sample() and tokenizeSample(), with the place; Cancelled
Result<Inspection> inspectSamples(const SampleSource& samples, const SampleText* text,
                                  const InspectionOptions& options, const Progress& progress = {});

/// A text that changes with everything an inspection depends on but pictures outside the source: the names,
/// sizes and times of the source's files and of those that say how the model reads (`model`, "" for none; not
/// its weights), this program, and `settings`.
///
/// Errors  NotFound, Io
Result<std::string> inspectionKey(const std::filesystem::path& source, const std::filesystem::path& model,
                                  const std::string& settings);

/// What was kept under a key; none, too, where a folder with pictures has changed since. A picture that is a
/// link counts as unchanged while the link is.
std::optional<Inspection> keptInspection(const std::string& key);

/// Keeps an inspection that began at `began`. Where it cannot be kept, or pictures came or went meanwhile,
/// that is no failure: the next one reads again.
void keepInspection(const std::string& key, const Inspection& inspection,
                    std::filesystem::file_time_type began);

}  // namespace facet::core
