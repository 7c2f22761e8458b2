#pragma once

// What a job needs, before it runs: memory of each GPU by part, floating-point operations, time.

#include "jobs/estimate/flops.h"

#include <nlohmann/json.hpp>

#include <string>

namespace facet::jobs {

/// What the job runs on.
struct Gpu {
    std::string name;
    double memoryBytes = 0;  ///< 0: not known; nothing is said about what fits
    double flops = 0;        ///< measured rate of its bf16 matrix product, per second; 0: not known

    /// What whole training steps on it came to, per second: device_rate.h. Comes before `flops`; without
    /// either no time is given.
    double stepFlops = 0;
    bool isCpu = false;  ///< computes in fp32, whatever precision says, and has no CUDA to make room for
};

/// Bytes of one GPU, the fullest one. b is 2 bytes (4 in fp32), T the tokens of a micro batch on this GPU.
///
///   weights      b for each (NF4: 0.516 for the language layers and a vision tower that is not trained)
///   adapters     b for each
///   gradients    what of them exists at the fullest moment beside the rest: where several micro batches make
///   a
///                step, their sums, 4 for each trained one (bf16: 2); else only what the end of the backward
///                pass needs over the room that activations leave
///   optimizer    8 for each trained one (bf16: 4, 8-bit: 2.03), and 4 for master weights in bf16_mixed;
///                shared by the data-parallel ranks if sharded
///   activations  for each language layer and token, in elements of b bytes:
///                  none, selective  6 D + 3 N H + 3 K H + 3 F, the inputs of all that has a backward; what
///                                   lies between is computed again by the kernels, so the two are one
///                  full             D
///                with dropout 3 D + N H more where all linear layers are adapted,
///                and 4 N for the soft-max sums; for each vision layer and patch 8 E + 2 F (full: E), kept
///                only if something in the tower is trained
///   logits       of one piece of the loss, and 4 for each trained embedding: the head's gradient
///   workspace    gradients in flight, scratch of the matrix products, a part of a matrix widened in qlora,
///   pixels overhead     CUDA context and fragmentation
/// Tensor parallel divides layers, embeddings, logits and, with sequence parallel, activations; pipeline
/// divides layers and keeps as many micro batches as stages; context divides tokens. The vision tower is
/// whole on each first stage.
struct MemoryByPart {
    double weights = 0;
    double adapters = 0;
    double gradients = 0;
    double optimizer = 0;
    double activations = 0;
    double logits = 0;
    double workspace = 0;
    double overhead = 0;
    double total() const
    {
        return weights + adapters + gradients + optimizer + activations + logits + workspace + overhead;
    }
};

struct Estimate {
    MemoryByPart memory;
    Checkpointing checkpointing = Checkpointing::None;  ///< what auto became: the least that fits
    int64_t picturesPerSample = 0;                      ///< assumed
    StepFlops flops;
    double tokensPerStep = 0;
    double secondsPerStep = 0;  ///< 0: not known
    double seconds = 0;         ///< of the whole job; 0: not known
    bool isFitKnown = false;
    bool fits = false;
    int64_t largestMicroBatch = 0;  ///< that fits with this sequence length and divides the batch; 0: none
    int64_t largestSequence = 0;    ///< that fits with this micro batch, a multiple of 64; 0: none
};

MemoryByPart memoryOf(const ResolvedJob& job, int64_t microBatch, int64_t sequenceLength,
                      Checkpointing checkpointing, int64_t picturesPerSample);

Estimate estimate(const ResolvedJob& job, const Gpu& gpu);

nlohmann::ordered_json toJson(const Estimate& estimate);

/// The resolved job for a reader: how it differs from its recipe, what is trained by part, the estimate,
/// notes.
std::string describe(const ResolvedJob& job, const Estimate& estimate, const Gpu& gpu);

}  // namespace facet::jobs
