#pragma once

#include "engine/train/packed_batch.h"

#include "core/gemma3/config.h"

#include <set>
#include <string>

namespace facet::engine {

/// Floating point operations that a model's training takes, whatever is computed twice to save memory: what
/// MFU counts. A product of [T, I] with [I, O] is 2 T I O; backwards, once more for the gradient of its input
/// where something below is trained, and once more for a weight's where that is trained. So full training is
/// three times the forward pass, and LoRA, whose adapters are not counted, two times.
///
///   attention of T queries over what each sees    4 N H for each pair, twice that backwards
///   the head                                      for targets only, as computed
///
/// Source  PaLM, arXiv:2204.02311, appendix B, with windows and documents counted as they are
class TrainingFlops {
public:
    /// `trained` are canonical names of tensors trained whole, `adapted` names of adapted modules.
    TrainingFlops(const core::gemma3::Config& config, const std::set<std::string>& trained,
                  const std::set<std::string>& adapted);

    double ofBatch(const PackedBatch& batch) const;

private:
    core::gemma3::Config m_config;
    double m_perToken = 0;     ///< of the text layers' products
    double m_perTarget = 0;    ///< of the head
    double m_perPair[2] = {};  ///< of one query and one key: of all local layers, of all global ones
    double m_perPicture = 0;
};

/// Pairs of a query and a key that a document of `length` tokens has in a layer; a picture's tokens, which
/// see each other, are counted as text's. `window` 0: none.
double attentionPairs(int64_t length, int64_t window);

/// What a device can do at most with 16-bit products, in FLOP/s; 0 where that is not known.
///
/// Source  NVIDIA's data sheets: dense, without sparsity
double peakFlops(const std::string& deviceName);

}  // namespace facet::engine
