#pragma once

// A Hugging Face model folder of Gemma 3, or a GGUF file of llama.cpp's, used where it lies.

#include "core/base/result.h"
#include "core/gemma3/config.h"
#include "core/gguf/gguf_file.h"
#include "core/safetensors/safetensors_file.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace facet::core {

/// What generation_config.json says, for sampling by default.
struct GenerationConfig {
    std::vector<int64_t> eosTokenIds = {1, 106};
    bool doSample = false;
    double temperature = 1;
    int64_t topK = 0;  ///< 0: off
    double topP = 1;
};

/// What preprocessor_config.json or processor_config.json says of pictures.
struct ImagePreprocessing {
    int64_t imageSize = 896;  ///< pixels, of the square that pictures are resized to
    bool panAndScan = false;
    int64_t panAndScanMinCropSize = 256;
    int64_t panAndScanMaxNumCrops = 4;
    double panAndScanMinRatioToActivate = 1.2;
};

/// Every tensor of the files, held against what the shape of the model asks for.
struct TensorAccounting {
    std::vector<std::string> missing;     ///< canonical names
    std::vector<std::string> unexpected;  ///< names as in the files
    std::vector<std::string>
        misshaped;  ///< "name has shape [3, 4], not [4, 4]"; also wrong types, an untied head
    std::vector<std::string>
        unused;  ///< names as in the files: vision of a text-only import, a copy of the head
    bool isComplete() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }

    /// "2 tensors are missing: a, b; 1 is unexpected: c"; "" if it is complete. Names at most five of each.
    std::string inWords() const;
};

struct ModelFolder {
    /// The folder, of a folder models--org--name of the Hugging Face cache its snapshot; or the GGUF file.
    /// Tokenizer::open() and ChatTemplate::open() take either.
    std::filesystem::path path;
    bool textOnly = false;   ///< opened as such
    bool hasVision = false;  ///< there is a vision part, wanted or not
    gemma3::Config config;   ///< without vision if the import is text-only
    GenerationConfig generation;
    ImagePreprocessing preprocessing;

    std::vector<SafetensorsFile> files;
    std::vector<GgufFile> ggufFiles;                  ///< instead of them: the model, and its mmproj
    std::vector<std::vector<std::byte>> madeTensors;  ///< of a GGUF, what is not used as it lies there

    /// By canonical name (core/gemma3/tensor_names.h), into the files. A GGUF's may be in blocks.
    std::map<std::string, TensorView> tensors;
    TensorAccounting accounting;

    /// Opens and checks everything but the tokenizer and the chat template. A GGUF file sees pictures if its
    /// mmproj lies beside it (core/models/gguf_model.h).
    ///
    /// Cost    reads headers only, except where a file has the tied head twice: then it compares the two.
    /// Errors  NotFound, Io; InvalidInput: not Gemma 3, a NeMo 2 folder (the sentence has the command that
    /// exports
    ///         it), a broken file. Tensors that do not add up are no error here: see `accounting`.
    static Result<ModelFolder> open(const std::filesystem::path& path, bool textOnly = false);
};

/// The numbers alone, from config.json of a folder or the metadata of a .gguf file; weights may be missing.
///
/// Errors  NotFound, Io, InvalidInput with the file's name
Result<gemma3::Config> readModelConfig(const std::filesystem::path& model, bool textOnly);

}  // namespace facet::core
