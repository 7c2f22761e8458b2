#pragma once

// The numbers that make one Gemma 3 model, whatever kind of file they came from. Defaults are those of the
// classes Gemma3TextConfig, SiglipVisionConfig and Gemma3Config of Hugging Face transformers, since the
// config.json files on the hub leave out what equals them.

#include <cstdint>
#include <optional>
#include <vector>

namespace facet::core::gemma3 {

/// A local layer sees a window of tokens, a global one all of them.
enum class LayerKind { Local, Global };

/// Rotary position embedding of one kind of layer: the angle of pair i at position p is
/// p / factor / theta^(2 i / headDim).
struct Rope {
    double theta = 10'000;
    double factor = 1;  ///< "linear" scaling: 8 for the global layers of 4B, 12B and 27B
};

struct TextConfig {
    int64_t vocabSize = 262'208;      // V, rows of the embedding table
    int64_t hiddenSize = 2304;        // D
    int64_t intermediateSize = 9216;  // F, of the feed-forward
    int64_t numLayers = 26;
    int64_t numHeads = 8;             // N, query heads
    int64_t numKvHeads = 4;           // K, N is a multiple of K
    int64_t headDim = 256;            // H, not D / N in every model
    double queryPreAttnScalar = 256;  ///< queries are scaled by 1 / sqrt of it; 168 for 27B, whose H is 128
    int64_t slidingWindow = 4096;     ///< tokens a local layer looks back over, its own included
    int64_t maxPositions = 131'072;   ///< tokens of context
    double rmsNormEps = 1e-6;
    Rope ropeLocal = {10'000, 1};
    Rope ropeGlobal = {1'000'000, 1};
    std::vector<LayerKind> layers;  ///< one entry a layer
};

struct VisionConfig {          // SigLIP
    int64_t hiddenSize = 768;  // D of the tower, written E in engine/gemma3/
    int64_t intermediateSize = 3072;
    int64_t numLayers = 12;
    int64_t numHeads = 12;
    int64_t imageSize = 224;  ///< pixels; pictures are resized to this square
    int64_t patchSize = 16;   ///< pixels
    int64_t numChannels = 3;
    double layerNormEps = 1e-6;

    int64_t patchesPerSide() const { return imageSize / patchSize; }
};

struct Config {
    TextConfig text;
    std::optional<VisionConfig> vision;  ///< none for 270M, 1B and text-only imports

    int64_t tokensPerImage = 256;    ///< a square number that divides the patches evenly
    int64_t imageTokenId = 262'144;  ///< stands where the features of a picture go
    int64_t boiTokenId = 255'999;    ///< <start_of_image>
    int64_t eoiTokenId = 256'000;    ///< <end_of_image>
};

}  // namespace facet::core::gemma3
