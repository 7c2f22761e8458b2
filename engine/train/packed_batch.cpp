#include "engine/train/packed_batch.h"

#include "engine/train/loss.h"

namespace facet::engine {
namespace {

/// Adds the segments of one sample, each picture and each text between pictures.
void addSegments(const std::vector<int64_t>& ids, int64_t imageTokenId,
                 std::vector<gemma3::Segment>& segments)
{
    for (size_t index = 0; index < ids.size(); ++index) {
        const bool isImage = ids[index] == imageTokenId;
        if (index == 0 || segments.back().isImage != isImage)
            segments.push_back({nullptr, 0, isImage, static_cast<int64_t>(index)});
        ++segments.back().numTokens;
    }
}

/// Pictures one after the other on `device`, copied once on the way there.
at::Tensor stacked(const std::vector<at::Tensor>& pixels, at::Device device)
{
    if (device.is_cpu())
        return at::stack(pixels);
    at::DimVector shape(pixels.front().sizes());
    shape.insert(shape.begin(), std::ssize(pixels));
    at::Tensor pinned = at::empty(shape, pixels.front().options().pinned_memory(true));
    at::stack_out(pinned, pixels);
    return pinned.to(device, /*non_blocking=*/true);
}

}  // namespace

int64_t TrainingSample::numTargets() const
{
    int64_t count = 0;
    for (size_t index = 1; index < isTarget.size(); ++index)
        count += isTarget[index];
    return count;
}

at::Tensor sentTo(at::Device device, const at::Tensor& cpu)
{
    // From other than pinned memory, a copy waits for all that the GPU still has to do.
    return device.is_cpu() ? cpu : cpu.pin_memory().to(device, /*non_blocking=*/true);
}

PackedBatch packed(const std::vector<TrainingSample>& samples, int64_t imageTokenId, at::Device device)
{
    PackedBatch batch;
    std::vector<int64_t> token, target;
    std::vector<at::Tensor> pixels;
    for (const TrainingSample& sample : samples) {
        token.insert(token.end(), sample.ids.begin(), sample.ids.end());
        for (size_t next = 1; next <= sample.ids.size(); ++next)
            target.push_back(next < sample.ids.size() && sample.isTarget[next] ? sample.ids[next]
                                                                               : kNoTarget);
        addSegments(sample.ids, imageTokenId, batch.segments);
        pixels.insert(pixels.end(), sample.pixels_3SS.begin(), sample.pixels_3SS.end());
        batch.rowSeeds.tokens.push_back({static_cast<int64_t>(sample.ids.size()), sample.seed});
        if (!sample.pixels_3SS.empty())
            batch.rowSeeds.pictures.push_back({static_cast<int64_t>(sample.pixels_3SS.size()), sample.seed});
        batch.numTargets += sample.numTargets();
    }
    batch.token_T = sentTo(device, at::tensor(token, at::kLong));
    batch.target_T = at::tensor(target, at::kLong);
    if (!pixels.empty())
        batch.pixel_I3SS = stacked(pixels, device);
    return batch;
}

}  // namespace facet::engine
