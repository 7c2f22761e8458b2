#include "engine/train/pack_attention_gpu.h"

#if FACET_CUDA

#include "engine/gemma3/attention.h"
#include "engine/train/packed_batch.h"

#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>

namespace facet::engine {
namespace {

using gemma3::Segment;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What LibTorch's flash attention is told of a window and of pictures; see attendOnGpu().
struct Sight {
    Sight(int64_t window, bool isImage)
        : isCausal(!isImage && window == 0),
          left(window > 0 ? std::optional<int64_t>(window - 1) : std::nullopt),
          right(window > 0 && !isImage ? std::optional<int64_t>(0) : std::nullopt)
    {
    }

    bool isCausal;
    std::optional<int64_t> left, right;
};

/// Queries in stretches, each of which looks at a stretch of keys. One call of flash attention.
struct Stretches {
    bool isImage = false;
    at::Tensor queryStarts, keyStarts;  // int32 [stretches + 1]
    int64_t mostQueries = 0, mostKeys = 0;
};

/// One or more pictures: which rows of the pack are theirs, and which ones they see, one after the other.
struct Pictures {
    Stretches stretches;
    at::Tensor queryRow_Q, keyRow_S;  // int64
};

/// Adds a stretch of so many rows.
void add(std::vector<int32_t>& starts, int64_t& most, int64_t count)
{
    starts.push_back(starts.back() + static_cast<int32_t>(count));
    most = std::max(most, count);
}

/// The pack's documents, as if all of them were text.
Stretches documentsOf(const std::vector<Segment>& segments, at::Device device)
{
    std::vector<int32_t> starts = {0};
    Stretches documents;
    int64_t count = 0;
    for (size_t index = 0; index < segments.size(); ++index) {
        count += segments[index].numTokens;
        if (index + 1 == segments.size() || segments[index + 1].numBefore == 0)
            add(starts, documents.mostQueries, std::exchange(count, 0));
    }
    documents.mostKeys = documents.mostQueries;
    documents.queryStarts = documents.keyStarts = sentTo(device, at::tensor(starts, at::kInt));
    return documents;
}

/// The pack's pictures, so many together that the keys they see, which are copied, stay few.
std::vector<Pictures> picturesOf(const std::vector<Segment>& segments, int64_t window, at::Device device)
{
    int64_t numRows = 0;
    for (const Segment& segment : segments)
        numRows += segment.numTokens;
    std::vector<Pictures> groups;
    std::vector<int32_t> queryStarts = {0}, keyStarts = {0};
    std::vector<int64_t> queryRow, keyRow;
    Stretches stretches;
    const auto close = [&] {
        if (queryRow.empty())
            return;
        stretches.isImage = true;
        stretches.queryStarts = sentTo(device, at::tensor(queryStarts, at::kInt));
        stretches.keyStarts = sentTo(device, at::tensor(keyStarts, at::kInt));
        groups.push_back({std::exchange(stretches, {}), sentTo(device, at::tensor(queryRow, at::kLong)),
                          sentTo(device, at::tensor(keyRow, at::kLong))});
        queryStarts = keyStarts = {0};
        queryRow.clear();
        keyRow.clear();
    };

    int64_t row = 0;
    for (const Segment& segment : segments) {
        const int64_t begin = row;
        row += segment.numTokens;
        if (!segment.isImage)
            continue;
        // The window is that of the picture's first token; later ones see less, as the call is told.
        const int64_t before = window > 0 ? std::min(segment.numBefore, window - 1) : segment.numBefore;
        if (std::ssize(keyRow) + before + segment.numTokens > 2 * numRows)
            close();
        add(queryStarts, stretches.mostQueries, segment.numTokens);
        add(keyStarts, stretches.mostKeys, before + segment.numTokens);
        for (int64_t query = begin; query < row; ++query)
            queryRow.push_back(query);
        for (int64_t key = begin - before; key < row; ++key)
            keyRow.push_back(key);
    }
    close();
    return groups;
}

/// A call's result, and what its backward pass asks for again.
struct Attended {
    at::Tensor y_TNH, logSum, random, unused;
};

Attended attendStretches(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         const Stretches& stretches, int64_t window, double scale)
{
    const Sight sight(window, stretches.isImage);
    auto [y, logSum, random, unused, mask] = at::_flash_attention_forward(
        q, k, v, stretches.queryStarts, stretches.keyStarts, stretches.mostQueries, stretches.mostKeys,
        /*dropout_p=*/0, sight.isCausal, /*return_debug_mask=*/false, scale, sight.left, sight.right);
    return {y, logSum, random, unused};
}

/// {dq, dk, dv}
std::tuple<at::Tensor, at::Tensor, at::Tensor> attendStretchesBackward(
    const at::Tensor& dy, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Attended& was,
    const Stretches& stretches, int64_t window, double scale)
{
    const Sight sight(window, stretches.isImage);
    return at::_flash_attention_backward(dy, q, k, v, was.y_TNH, was.logSum, stretches.queryStarts,
                                         stretches.keyStarts, stretches.mostQueries, stretches.mostKeys,
                                         /*dropout_p=*/0, sight.isCausal, was.random, was.unused, scale,
                                         sight.left, sight.right);
}

/// One causal call for all documents, whose rows of pictures are then replaced by a call for all pictures:
/// text sees pictures as it sees text, so that only pictures need a call without causality.
struct PackAttention : torch::autograd::Function<PackAttention> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& q_TNH, const at::Tensor& k_TKH,
                              const at::Tensor& v_TKH, const std::vector<Segment>& segments, int64_t window,
                              double scale)
    {
        const Stretches documents = documentsOf(segments, q_TNH.device());
        const Attended text = attendStretches(q_TNH, k_TKH, v_TKH, documents, window, scale);
        const at::Tensor& y_TNH = text.y_TNH;
        variable_list saved = {q_TNH,       k_TKH,       v_TKH,       y_TNH,
                               text.logSum, text.random, text.unused, documents.queryStarts};
        std::vector<int64_t> most = {documents.mostQueries};
        for (const Pictures& pictures : picturesOf(segments, window, q_TNH.device())) {
            const Attended image = attendStretches(
                q_TNH.index_select(0, pictures.queryRow_Q), k_TKH.index_select(0, pictures.keyRow_S),
                v_TKH.index_select(0, pictures.keyRow_S), pictures.stretches, window, scale);
            y_TNH.index_copy_(0, pictures.queryRow_Q, image.y_TNH);
            saved.insert(saved.end(),
                         {image.logSum, image.random, image.unused, pictures.queryRow_Q, pictures.keyRow_S,
                          pictures.stretches.queryStarts, pictures.stretches.keyStarts});
            most.insert(most.end(), {pictures.stretches.mostQueries, pictures.stretches.mostKeys});
        }
        context->save_for_backward(saved);
        context->saved_data["most"] = most;
        context->saved_data["window"] = window;
        context->saved_data["scale"] = scale;
        return y_TNH;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradient)
    {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &q_TNH = saved[0], &k_TKH = saved[1], &v_TKH = saved[2], &y_TNH = saved[3];
        const std::vector<int64_t> most = context->saved_data["most"].toIntVector();
        const int64_t window = context->saved_data["window"].toInt();
        const double scale = context->saved_data["scale"].toDouble();
        const at::Tensor dy_TNH = gradient[0].contiguous();

        // Without a gradient, a picture's rows leave nothing in the causal call's.
        at::Tensor dyText_TNH = dy_TNH;
        for (size_t at = kOfText; at < saved.size(); at += kOfPictures)
            dyText_TNH = dyText_TNH.index_fill(0, saved[at + 3], 0);
        auto [dq_TNH, dk_TKH, dv_TKH] =
            attendStretchesBackward(dyText_TNH, q_TNH, k_TKH, v_TKH, {y_TNH, saved[4], saved[5], saved[6]},
                                    {/*isImage=*/false, saved[7], saved[7], most[0], most[0]}, window, scale);
        if (saved.size() == kOfText)
            return {dq_TNH, dk_TKH, dv_TKH, {}, {}, {}};

        at::Tensor kSum_TKH = dk_TKH.to(at::kFloat), vSum_TKH = dv_TKH.to(at::kFloat);
        for (size_t at = kOfText, i = 1; at < saved.size(); at += kOfPictures, i += 2) {
            const at::Tensor &queryRow_Q = saved[at + 3], &keyRow_S = saved[at + 4];
            const auto [dq, dk, dv] = attendStretchesBackward(
                dy_TNH.index_select(0, queryRow_Q), q_TNH.index_select(0, queryRow_Q),
                k_TKH.index_select(0, keyRow_S), v_TKH.index_select(0, keyRow_S),
                {y_TNH.index_select(0, queryRow_Q), saved[at], saved[at + 1], saved[at + 2]},
                {/*isImage=*/true, saved[at + 5], saved[at + 6], most[i], most[i + 1]}, window, scale);
            dq_TNH.index_copy_(0, queryRow_Q, dq);
            kSum_TKH.index_add_(0, keyRow_S, dk.to(at::kFloat));
            vSum_TKH.index_add_(0, keyRow_S, dv.to(at::kFloat));
        }
        return {dq_TNH, kSum_TKH.to(k_TKH.scalar_type()), vSum_TKH.to(v_TKH.scalar_type()), {}, {}, {}};
    }

    static constexpr size_t kOfText = 8, kOfPictures = 7;  // saved tensors
};

}  // namespace

at::Tensor attendPackOnGpu(const at::Tensor& q_TNH, const at::Tensor& k_TKH, const at::Tensor& v_TKH,
                           const std::vector<Segment>& segments, int64_t window, double scale)
{
    return PackAttention::apply(q_TNH, k_TKH, v_TKH, segments, window, scale).flatten(1);
}

}  // namespace facet::engine

#endif
