// The operations that training calls give LibTorch's numbers and gradients of the plain ones.

#include "engine/train/fused_operations.h"

#include "engine/gemma3/attention.h"

#include <QTest>

#include <functional>

using namespace facet::engine;
using gemma3::kPlainOperations;
using gemma3::Operations;
using gemma3::Segment;

namespace {

using Call = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// The result, then the gradient of each input.
std::vector<at::Tensor> taken(const Call& call, const std::vector<at::Tensor>& inputs)
{
    std::vector<at::Tensor> own;
    for (const at::Tensor& input : inputs)
        own.push_back(input.detach().clone().requires_grad_());
    const at::Tensor y = call(own);
    (y * at::linspace(-1, 1, y.numel()).view(y.sizes())).sum().backward();
    std::vector<at::Tensor> all = {y.detach()};
    for (const at::Tensor& input : own)
        all.push_back(input.grad());
    return all;
}

void compare(const Call& fused, const Call& plain, const std::vector<at::Tensor>& inputs)
{
    const std::vector<at::Tensor> ours = taken(fused, inputs), theirs = taken(plain, inputs);
    for (size_t index = 0; index < ours.size(); ++index)
        QVERIFY2(at::allclose(ours[index], theirs[index], 1e-4, 1e-5), qPrintable(QString::number(index)));
}

void compare(const std::vector<at::Tensor>& inputs,
             const std::function<at::Tensor(const Operations&, const std::vector<at::Tensor>&)>& call)
{
    compare([&](const auto& in) { return call(kFusedOperations, in); },
            [&](const auto& in) { return call(kPlainOperations, in); }, inputs);
}

}  // namespace

class FusedOperationsTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { at::manual_seed(7); }

    void eachIsThePlainOne()
    {
        // So many rows that weights' gradients are summed in parts.
        const at::Tensor x = at::randn({700, 72}), update = at::randn({700, 72}), weight = at::randn({72});
        compare({x, weight},
                [](const Operations& ops, const auto& in) { return ops.norm(in[0], in[1], 1e-6); });
        compare({x, update, weight},
                [](const Operations& ops, const auto& in) { return ops.addNorm(in[0], in[1], in[2], 1e-6); });
        compare({x, update},
                [](const Operations& ops, const auto& in) { return ops.gatedGelu(in[0], in[1]); });
        const gemma3::Rotation rotation =
            gemma3::rotationAt(at::arange(1000, 1300, at::kLong), {10'000, 1}, /*headDim=*/32);
        compare({at::randn({300, 6, 32}), at::randn({32})}, [&](const Operations& ops, const auto& in) {
            return ops.normRotate(in[0], in[1], 1e-6, rotation);
        });
    }

    void whatHasNoKernelIsThePlainOne()
    {
        const at::Tensor x = at::randn({9, 12}, at::kDouble), weight = at::randn({12}, at::kDouble);
        compare({x, weight},
                [](const Operations& ops, const auto& in) { return ops.norm(in[0], in[1], 1e-6); });
    }

    void packsAttendAsSegmentsDo_data()
    {
        QTest::addColumn<int>("window");
        QTest::addColumn<bool>("isLong");
        for (const int window : {0, 1, 40})
            for (const bool isLong : {false, true})
                QTest::addRow("window %d, %s", window, isLong ? "long" : "short") << window << isLong;
    }
    void packsAttendAsSegmentsDo()
    {
        QFETCH(const int, window);
        QFETCH(const bool, isLong);
        const int64_t text = isLong ? 1500 : 60;
        const std::vector<Segment> segments = {
            {nullptr, text, false, 0},       {nullptr, 1, false, 0},         {nullptr, 50, false, 0},
            {nullptr, 64, true, 50},         {nullptr, 30, false, 114},      {nullptr, 64, true, 0},
            {nullptr, text, false, 64},      {nullptr, 48, true, 64 + text}, {nullptr, 48, true, 112 + text},
            {nullptr, 7, false, 160 + text},
        };
        int64_t numRows = 0;
        for (const Segment& segment : segments)
            numRows += segment.numTokens;
        compare(
            [&](const auto& in) {
                return kFusedOperations.attendPack(in[0], in[1], in[2], segments, window, 0.25);
            },
            [&](const auto& in) {
                return gemma3::attendSegments(in[0], in[1], in[2], segments, window, 0.25, kPlainOperations,
                                              /*layer=*/0);
            },
            {at::randn({numRows, 4, 16}), at::randn({numRows, 2, 16}), at::randn({numRows, 2, 16})});
    }
};

QTEST_GUILESS_MAIN(FusedOperationsTest)
#include "fused_operations_test.moc"
