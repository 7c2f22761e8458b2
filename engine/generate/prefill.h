#pragma once

// Prompts go through the model in chunks that fit in memory and never split a picture.

#include "engine/gemma3/load.h"
#include "engine/generate/pictures.h"

#include <functional>
#include <vector>

namespace facet::engine {

/// Cuts ids into segments: each run of `imageTokenId` is one picture, what lies between is text.
/// Source  transformers 5.17, get_block_sequence_ids_for_mask: neighbouring image tokens are of one picture.
std::vector<gemma3::Segment> segmentsOf(const std::vector<int64_t>& ids, int64_t imageTokenId,
                                        gemma3::KvCache& cache);

/// Puts segments together into steps of about `maxTokens` tokens, cutting text where needed. A picture with
/// more is a step of its own.
std::vector<std::vector<gemma3::Segment>> chunksOf(const std::vector<gemma3::Segment>& segments,
                                                   int64_t maxTokens);

/// A prompt on its way through the model, one step at a time.
class Prefill {
public:
    /// `cache` holds the first tokens of `ids` already, maybe none, and never half of a picture. It must
    /// outlive this.
    Prefill(const gemma3::Model& model, const std::vector<int64_t>& ids, gemma3::KvCache& cache);

    int64_t numLeft() const { return m_left; }

    /// Computes about `maxTokens` more tokens and gives their hidden states, [T, D].
    ///
    /// Shapes  feature_XD: the features of all pictures that `cache` did not hold; undefined without
    /// pictures. Effect  the cache grows by the tokens that were computed. Errors  throws c10::Error; the
    /// cache may then
    ///         be cut back, and the step be tried again.
    at::Tensor step(const at::Tensor& feature_XD, int64_t maxTokens);

private:
    const gemma3::Model& m_model;
    at::Tensor m_id_T;  // those that are computed here
    std::vector<gemma3::Segment> m_segments;
    int64_t m_row = 0;
    int64_t m_left = 0;
    int64_t m_usedFeatures = 0;
};

/// Called after each chunk with the hidden states of its tokens, [T, D]; returning false ends the work early.
using OnChunk = std::function<bool(const at::Tensor& hidden_TD)>;

/// Runs what `cache` does not hold yet of `ids` through the model.
///
/// Shapes  feature_XD: the features of all pictures, one row for each image token; undefined without
/// pictures. Effect  `cache` grows by the tokens that were computed. Errors  throws c10::Error.
void prefill(const gemma3::Model& model, gemma3::KvCache& cache, const std::vector<int64_t>& ids,
             const at::Tensor& feature_XD, const OnChunk& onChunk, int64_t maxTokens = 512);

/// Whether ids are of the model's vocabulary and hold tokensPerImage image tokens for each of `numPictures`
/// pictures.
///
/// Errors  InvalidInput, with the numbers.
core::Result<void> checkPrompt(const core::gemma3::Config& config, const std::vector<int64_t>& ids,
                               size_t numPictures);

/// The features of pictures that were made by pixelValues(), all rows one after another, [X, D]; undefined
/// for none. One picture at a time goes through the tower: its activations are large.
at::Tensor imageFeatures(const gemma3::Model& model, const std::vector<Picture>& pictures);

/// Of one picture, [tokensPerImage, D].
at::Tensor imageFeatures(const gemma3::Model& model, const at::Tensor& pixel_3SS);

}  // namespace facet::engine
