#pragma once

// A GGUF file as a model, and back. What a Hugging Face folder says in small files, a GGUF says in its
// metadata, so it is read as the folder that it stands for.
//
// Norms: a GGUF holds 1 + w in F32, a checkpoint w. A bfloat16 w comes back bit by bit if its smallest bit is
// at least 2^-23 (2^-24 if w is negative), which every |w| from 2^-16 on has; of smaller ones the sum has
// lost bits. An F32 w comes back within 2^-24 of it, relative to 1 + w. A zero comes back as +0.

#include "core/gguf/gguf_writer.h"
#include "core/models/model_folder.h"

#include <map>
#include <string>

namespace facet::core {

/// Opens a model from a .gguf file. It sees pictures if the vision part lies beside it: in mmproj-NAME.gguf
/// for NAME.gguf, else in the one file there with "mmproj" in its name that fits the model.
///
/// Cost    reads headers, norms, and what the tower has in F32.
/// Types   norms are F32, or BF16 where the file says that its weights are (general.file_type); so are, if
/// that
///         loses nothing, the tower's matrices that llama.cpp wants in F32.
/// Errors  as ModelFolder::open; InvalidInput: several vision parts fit
Result<ModelFolder> openGgufModel(const std::filesystem::path& path, bool textOnly);

/// The small files of the Hugging Face folder that a GGUF stands for, by name: config.json (without the type
/// of its weights), generation_config.json, tokenizer.model, tokenizer_config.json, and what it has of
/// chat_template.jinja, preprocessor_config.json and processor_config.json.
///
/// Errors  as openGgufModel and openVocabulary
Result<std::map<std::string, std::string>> huggingFaceFilesOf(const std::filesystem::path& gguf,
                                                              bool textOnly);

/// What a model is written as.
struct GgufDescription {
    std::string name;
    DType type = DType::BF16;  ///< of its matrices: F32, F16, BF16 or Q8_0
    const gemma3::Config* config = nullptr;
    const GenerationConfig* generation = nullptr;
    std::filesystem::path base;  ///< folder or GGUF with the tokenizer and the chat template
};

/// Metadata of the text part.
///
/// Errors  as openVocabulary and ChatTemplate::open; InvalidInput: llama.cpp cannot be told this shape
Result<GgufWriter::Metadata> ggufMetadataOf(const GgufDescription& model);

/// Metadata of mmproj. Limits  the model has a vision part.
GgufWriter::Metadata ggufVisionMetadataOf(const GgufDescription& model);

}  // namespace facet::core
