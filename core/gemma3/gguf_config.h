#pragma once

// Gemma 3's numbers as llama.cpp keeps them in the metadata of a GGUF file, and those of the vision tower in
// the file "mmproj" beside it.
//
// What it leaves out it knows by heart, and so do we: a window pattern of 6, a base of 10000 for the rotary
// positions of local layers, queries scaled by the head's size, but by width over heads in the one with 62
// layers (27B), and 4 x 4 patches for a token of a picture.
//
// Source  llama.cpp, src/models/gemma3.cpp, tools/mtmd/clip.cpp and conversion/gemma.py

#include "core/gemma3/config.h"
#include "core/gguf/gguf_file.h"
#include "core/gguf/gguf_writer.h"

#include <nlohmann/json.hpp>

namespace facet::core::gemma3 {

/// A config.json that says what the files say, with the names of transformers 4.50 to 5.17; for parseConfig()
/// and for whoever writes a Hugging Face folder. `vision` is null for a text model.
///
/// Errors  InvalidInput: the file is no Gemma 3, a number is missing, the two files do not belong together
Result<nlohmann::ordered_json> configJsonOf(const GgufFile& text, const GgufFile* vision);

/// The text part of a model as metadata: general.architecture and gemma3.*.
///
/// Errors  InvalidInput: llama.cpp would compute something else (another scale of the queries)
Result<GgufWriter::Metadata> ggufMetadataOf(const TextConfig& text);

/// The metadata of mmproj: general.architecture and clip.*. Limits  config.vision is there.
GgufWriter::Metadata ggufVisionMetadataOf(const Config& config);

}  // namespace facet::core::gemma3
