// The operations of kernels/text_layer.h, for each instruction set, against the plain ones of engine/gemma3/.

#include "engine/gemma3/operations.h"

#include "kernels/text_layer.h"
#include "tests/engine/gemma3/golden_model.h"
#include "tests/kernels/every_isa.h"

using namespace facet;
using namespace facet::engine;
using namespace facet::engine::gemma3;
using kernels::CpuIsa;
using kernels::isSupported;

namespace {

const float* in(const at::Tensor& tensor)
{
    return tensor.const_data_ptr<float>();
}

float* out(const at::Tensor& tensor)
{
    return tensor.data_ptr<float>();
}

constexpr double kEps = 1e-6;
constexpr double kRounding = 4e-6;  // of values of about 1 to 4

}  // namespace

class OperationsTest final : public QObject {
    Q_OBJECT

    const c10::InferenceMode m_noGradients;

private Q_SLOTS:
    void init() { at::manual_seed(11); }

    void norms_data() { kernels::addIsaRows(); }
    void norms()
    {
        FETCH_ISA(isa);
        for (const int64_t rows : {1, 5})
            for (const int64_t width : {1, 7, 64, 641, 1152}) {
                const at::Tensor x = at::randn({rows, width}), update = 100 * at::randn({rows, width});
                const at::Tensor weight = at::randn({width}), y = at::empty_like(x);
                kernels::rmsNorm(out(y), in(x), in(weight), rows, width, float(kEps), isa);
                QVERIFY(largestDifference(y, kPlainOperations.norm(x, weight, kEps)) <= kRounding * 4);
                kernels::addRmsNorm(out(y), in(x), in(update), in(weight), rows, width, float(kEps), isa);
                QVERIFY(largestDifference(y, kPlainOperations.addNorm(x, update, weight, kEps)) <=
                        kRounding * 4);
            }
    }

    void rotation_data() { kernels::addIsaRows(); }
    void rotation()
    {
        FETCH_ISA(isa);
        for (const int64_t headDim : {2, 6, 72, 128, 256}) {
            const at::Tensor x = at::randn({3, 4, headDim}), weight = at::randn({headDim}),
                             y = at::empty_like(x);
            const Rotation angles = rotationAt(at::tensor({0, 17, 4000}, at::kLong), {10'000, 1}, headDim);
            kernels::rmsNormRotate(out(y), in(x), in(weight), in(angles.cos_Th), in(angles.sin_Th), 3, 4,
                                   headDim, float(kEps), isa);
            QVERIFY(largestDifference(y, kPlainOperations.normRotate(x, weight, kEps, angles)) <=
                    kRounding * 4);
        }
    }

    void gate_data() { kernels::addIsaRows(); }
    void gate()
    {
        FETCH_ISA(isa);
        for (const int64_t width : {1, 30, 2049}) {
            const at::Tensor up = at::randn({width});
            for (const double deviation : {1e-3, 1.0, 30.0, 1e4}) {  // far out gelu is 0 or the gate itself
                const at::Tensor gate = deviation * at::randn({width}), y = at::empty_like(gate);
                kernels::gatedGelu(out(y), in(gate), in(up), width, isa);
                QVERIFY(largestDifference(y, kPlainOperations.gatedGelu(gate, up)) <=
                        2e-6 * std::max(1.0, deviation));
            }
        }
    }

    void attentionOfOneToken_data() { kernels::addIsaRows(); }
    void attentionOfOneToken()
    {
        FETCH_ISA(isa);
        for (const int64_t headDim : {6, 64, 256})
            for (const int64_t numKeys : {1, 3, 64, 517}) {
                const at::Tensor q = 3 * at::randn({1, headDim}), k = at::randn({numKeys, headDim});
                const at::Tensor v = at::randn({numKeys, headDim}), y = at::empty({1, headDim});
                const at::Tensor scores = at::empty({numKeys});
                kernels::attendOne(out(y), in(q), in(k), in(v), out(scores), numKeys, headDim, 0.25f, isa);
                const at::Tensor expected =
                    (0.25 * q.matmul(k.t())).to(at::kDouble).softmax(-1).matmul(v.to(at::kDouble));
                QVERIFY(largestDifference(y, expected) <= kRounding * 2);
            }
    }

    /// Through caches with a window and without, heads that share keys, long enough to be split among
    /// threads.
    void attentionOverACacheIsThePlainOne()
    {
        constexpr int64_t N = 4, K = 2, H = 64;
        for (const int64_t window : {0, 9, 700}) {
            LayerCache cache(window);
            for (const int64_t numTokens : {1, 8, 1, 600, 1, 300, 1, 1}) {
                const at::Tensor k_TKH = at::randn({numTokens, K, H}), v_TKH = at::randn({numTokens, K, H});
                cache.append(k_TKH, v_TKH);
                const at::Tensor q_TNH = at::randn({numTokens, N, H});
                const at::Tensor k_KSH = cache.k_KSH(cache.begin()), v_KSH = cache.v_KSH(cache.begin());
                QVERIFY(largestDifference(
                            kCpuOperations.attend(q_TNH, k_KSH, v_KSH, window, false, 0.125),
                            kPlainOperations.attend(q_TNH, k_KSH, v_KSH, window, false, 0.125)) <= kRounding);
            }
        }
    }

    void manyRowsAreSharedAmongThreads()
    {
        const at::Tensor x = at::randn({301, 4, 256}), other = at::randn({301, 4, 256}),
                         weight = at::randn({256});
        const Rotation angles = rotationAt(at::arange(301), {10'000, 1}, 256);
        QVERIFY(largestDifference(kCpuOperations.norm(x, weight, kEps),
                                  kPlainOperations.norm(x, weight, kEps)) <= kRounding * 4);
        QVERIFY(largestDifference(kCpuOperations.addNorm(x, other, weight, kEps),
                                  kPlainOperations.addNorm(x, other, weight, kEps)) <= kRounding * 4);
        QVERIFY(largestDifference(kCpuOperations.normRotate(x, weight, kEps, angles),
                                  kPlainOperations.normRotate(x, weight, kEps, angles)) <= kRounding * 4);
        QVERIFY(largestDifference(kCpuOperations.gatedGelu(x, other), kPlainOperations.gatedGelu(x, other)) <=
                kRounding);
    }
};

QTEST_GUILESS_MAIN(OperationsTest)
#include "operations_test.moc"
