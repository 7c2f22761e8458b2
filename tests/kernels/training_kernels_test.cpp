// The gradients of training.h are those of the textbook formulas in double, by differences on both sides.

#include "kernels/training.h"
#include "tests/kernels/every_isa.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

using namespace facet::kernels;

namespace {

using Numbers = std::vector<double>;

constexpr float kEps = 1e-6F;

/// x / sqrt(mean(x^2) + eps) (1 + weight), in rows.
Numbers norm(const Numbers& x, const Numbers& weight)
{
    Numbers y;
    for (size_t row = 0; row < x.size(); row += weight.size()) {
        double sum = 0;
        for (size_t i = 0; i < weight.size(); ++i)
            sum += x[row + i] * x[row + i];
        for (size_t i = 0; i < weight.size(); ++i)
            y.push_back(x[row + i] / std::sqrt(sum / double(weight.size()) + double(kEps)) * (1 + weight[i]));
    }
    return y;
}

/// norm(), and each pair of halves of a head turned by the token's angles.
Numbers normRotate(const Numbers& x, const Numbers& weight, const Numbers& angle, size_t numHeads)
{
    const Numbers y = norm(x, weight);
    const size_t half = weight.size() / 2;
    Numbers turned(y.size());
    for (size_t first = 0; first < y.size(); first += 2 * half)
        for (size_t i = 0; i < half; ++i) {
            const double at = angle[first / (2 * half) / numHeads * half + i];
            turned[first + i] = y[first + i] * std::cos(at) - y[first + half + i] * std::sin(at);
            turned[first + half + i] = y[first + half + i] * std::cos(at) + y[first + i] * std::sin(at);
        }
    return turned;
}

Numbers gatedGelu(const Numbers& gate, const Numbers& up)
{
    Numbers y;
    for (size_t i = 0; i < gate.size(); ++i) {
        const double x = gate[i];
        y.push_back(x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) * up[i]);
    }
    return y;
}

/// How sum(dy * function(inputs)) changes with each number of one input.
Numbers slopes(const std::function<Numbers(const std::vector<Numbers>&)>& function,
               const std::vector<std::vector<float>>& inputs, size_t which, const std::vector<float>& dy)
{
    std::vector<Numbers> wide;
    for (const std::vector<float>& input : inputs)
        wide.emplace_back(input.begin(), input.end());
    const auto sum = [&] {
        const Numbers y = function(wide);
        return std::inner_product(y.begin(), y.end(), dy.begin(), 0.0);
    };
    Numbers slopes;
    for (double& number : wide[which]) {
        constexpr double kStep = 1e-5;
        const double was = number;
        number = was + kStep;
        const double more = sum();
        number = was - kStep;
        slopes.push_back((more - sum()) / (2 * kStep));
        number = was;
    }
    return slopes;
}

double largestDifference(const std::vector<float>& a, const Numbers& b)
{
    double largest = a.size() == b.size() ? 0 : INFINITY;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        largest = std::max(largest, std::abs(double(a[i]) - b[i]));
    return largest;
}

constexpr double kLimit = 2e-5;

}  // namespace

class TrainingKernelsTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void norms_data() { addIsaRows(); }
    void norms()
    {
        FETCH_ISA(isa);
        for (const int64_t width : {1, 19, 64}) {
            const auto x = randomFloats(3 * width, 1.5F, 1), weight = randomFloats(width, 0.5F, 2),
                       dy = randomFloats(3 * width, 1, 3);
            std::vector<float> dx(x.size()), dWeight(weight.size(), 0.25F);
            rmsNormBackward(dx.data(), dWeight.data(), dy.data(), x.data(), weight.data(), 3, width, kEps,
                            isa);
            const auto function = [](const std::vector<Numbers>& in) { return norm(in[0], in[1]); };
            QVERIFY(largestDifference(dx, slopes(function, {x, weight}, 0, dy)) <= kLimit);
            for (float& added : dWeight)
                added -= 0.25F;  // what was there is added to
            QVERIFY(largestDifference(dWeight, slopes(function, {x, weight}, 1, dy)) <= kLimit);

            std::vector<float> inPlace = dy;
            rmsNormBackward(inPlace.data(), nullptr, inPlace.data(), x.data(), weight.data(), 3, width, kEps,
                            isa);
            QCOMPARE(inPlace, dx);
        }
    }

    void rotatedNorms_data() { addIsaRows(); }
    void rotatedNorms()
    {
        FETCH_ISA(isa);
        constexpr int64_t kTokens = 3, kHeads = 2;
        for (const int64_t headDim : {2, 24, 64}) {
            const auto x = randomFloats(kTokens * kHeads * headDim, 1.5F, 4),
                       weight = randomFloats(headDim, 0.5F, 5),
                       dy = randomFloats(kTokens * kHeads * headDim, 1, 6),
                       angle = randomFloats(kTokens * headDim / 2, 3, 7);
            std::vector<float> cos, sin, dx(x.size()), dWeight(weight.size());
            for (const float at : angle) {
                cos.push_back(std::cos(at));
                sin.push_back(std::sin(at));
            }
            rmsNormRotateBackward(dx.data(), dWeight.data(), dy.data(), x.data(), weight.data(), cos.data(),
                                  sin.data(), kTokens, kHeads, headDim, kEps, isa);
            const auto function = [](const std::vector<Numbers>& in) {
                return normRotate(in[0], in[1], in[2], kHeads);
            };
            QVERIFY(largestDifference(dx, slopes(function, {x, weight, angle}, 0, dy)) <= kLimit);
            QVERIFY(largestDifference(dWeight, slopes(function, {x, weight, angle}, 1, dy)) <= kLimit);
        }
    }

    void gates_data() { addIsaRows(); }
    void gates()
    {
        FETCH_ISA(isa);
        auto gate = randomFloats(67, 2, 8);
        gate[0] = -30;
        gate[1] = 30;
        gate[2] = 0;
        const auto up = randomFloats(67, 1, 9), dy = randomFloats(67, 1, 10);
        std::vector<float> dGate(67), dUp(67);
        gatedGeluBackward(dGate.data(), dUp.data(), dy.data(), gate.data(), up.data(), 67, isa);
        const auto function = [](const std::vector<Numbers>& in) { return gatedGelu(in[0], in[1]); };
        QVERIFY(largestDifference(dGate, slopes(function, {gate, up}, 0, dy)) <= kLimit);
        QVERIFY(largestDifference(dUp, slopes(function, {gate, up}, 1, dy)) <= kLimit);
    }

    void crossEntropies_data() { addIsaRows(); }
    void crossEntropies()
    {
        FETCH_ISA(isa);
        constexpr int64_t kWidth = 1003;
        const auto score = randomFloats(2 * kWidth, 4, 11);
        const std::vector<int64_t> target = {0, kWidth - 1};
        std::vector<float> loss(2), alone(2), gradient = score, untouched = score;
        crossEntropy(loss.data(), gradient.data(), target.data(), 2, kWidth, true, isa);
        crossEntropy(alone.data(), untouched.data(), target.data(), 2, kWidth, false, isa);
        QCOMPARE(untouched, score);
        for (size_t row = 0; row < 2; ++row) {
            const float* const of = score.data() + row * kWidth;
            double sum = 0;
            for (int64_t i = 0; i < kWidth; ++i)
                sum += std::exp(double(of[i]));
            const double truth = std::log(sum) - double(of[target[row]]);
            QVERIFY(std::abs(double(loss[row]) - truth) <= kLimit);
            QVERIFY(std::abs(double(alone[row]) - truth) <= kLimit);
            for (int64_t i = 0; i < kWidth; ++i) {
                const double slope = std::exp(double(of[i])) / sum - (i == target[row] ? 1 : 0);
                QVERIFY(std::abs(double(gradient[row * kWidth + size_t(i)]) - slope) <= 1e-6);
            }
        }
    }

    void whatIsNotANumberIsSaid_data() { addIsaRows(); }
    void whatIsNotANumberIsSaid()
    {
        FETCH_ISA(isa);
        const int64_t target = 5;
        for (const float bad : {NAN, INFINITY}) {
            auto score = randomFloats(40, 1, 12);
            score[7] = bad;
            float loss = 0;
            crossEntropy(&loss, score.data(), &target, 1, 40, true, isa);
            QVERIFY(!std::isfinite(loss));
        }
    }
};

QTEST_GUILESS_MAIN(TrainingKernelsTest)
#include "training_kernels_test.moc"
