// Writing answers token by token, held against transformers' generate() and against itself.

#include "engine/generate/decode.h"
#include "tests/engine/gemma3/golden_model.h"

#include <QTest>

using namespace facet;
using namespace facet::engine;

/// A slot whose cache holds the input's prompt and whose first token is chosen.
static Slot startedSlot(const GoldenModel& golden, const std::vector<int64_t>& prompt,
                        const at::Tensor& feature_XD, const SamplingOptions& options)
{
    Slot slot = {gemma3::KvCache(golden.model.config.text),
                 Sampler(options, prompt, {}, golden.model.config.text.vocabSize, at::kCPU),
                 {}};
    prefill(golden.model, slot.cache, prompt, feature_XD, [&](const at::Tensor& hidden_TD) {
        begin(golden.model, slot, hidden_TD.narrow(0, hidden_TD.size(0) - 1, 1));
        return true;
    });
    return slot;
}

/// The next `count` tokens of a slot, alone.
static std::vector<int64_t> answerOf(const GoldenModel& golden, Slot slot, size_t count)
{
    std::vector<int64_t> ids = {slot.last.id.item<int64_t>()};
    while (ids.size() < count) {
        Slot* const slots[] = {&slot};
        decodeStep(golden.model, slots);
        ids.push_back(slot.last.id.item<int64_t>());
    }
    return ids;
}

class DecodeTest final : public QObject {
    Q_OBJECT

    const c10::InferenceMode m_noGradients;

private Q_SLOTS:
    void greedyTextIsThatOfTransformers_data()
    {
        QTest::addColumn<std::string>("name");
        QTest::newRow("text") << std::string("text_generate");
        QTest::newRow("picture") << std::string("vision_generate");
    }

    void greedyTextIsThatOfTransformers()
    {
        QFETCH(const std::string, name);
        const GoldenModel golden = GoldenModel::open(name);
        const at::Tensor expected = golden.value("0.generated_ids");
        QCOMPARE(expected.size(0), 200);
        const std::vector<int64_t> ids =
            answerOf(golden, startedSlot(golden, golden.ids(0), golden.features_XD(0), {}), 200);
        for (int64_t i = 0; i < 200; ++i)
            QVERIFY2(ids[size_t(i)] == expected[i].item<int64_t>(), ("token " + std::to_string(i)).c_str());
    }

    void slotsInOneStepAnswerAsEachAlone()
    {
        const GoldenModel golden = GoldenModel::open("text_generate");
        const std::vector<int64_t> whole = golden.ids(0);
        std::vector<Slot> slots;
        std::vector<std::vector<int64_t>> expected;
        for (size_t i = 0; i < 5; ++i) {  // prompts of different lengths, each its own sampling
            SamplingOptions options;
            options.temperature = i % 2 == 0 ? 0 : 0.9;
            options.repetitionPenalty = i == 3 ? 1.2 : 1;
            options.seed = i;
            const std::vector<int64_t> prompt(whole.begin(), whole.begin() + 2 + int64_t(i));
            expected.push_back(answerOf(golden, startedSlot(golden, prompt, {}, options), 60));
            slots.push_back(startedSlot(golden, prompt, {}, options));
        }

        std::vector<std::vector<int64_t>> ids(slots.size());
        std::vector<Slot*> together;
        for (Slot& slot : slots)
            together.push_back(&slot);
        for (size_t step = 0; step < 60; ++step) {
            for (size_t i = 0; i < slots.size(); ++i)
                ids[i].push_back(slots[i].last.id.item<int64_t>());
            decodeStep(golden.model, together);
            std::ranges::rotate(together, together.begin() + 1);  // the order within a step means nothing
        }
        for (size_t i = 0; i < slots.size(); ++i)
            QVERIFY2(ids[i] == expected[i], ("slot " + std::to_string(i)).c_str());
    }
};

QTEST_GUILESS_MAIN(DecodeTest)
#include "decode_test.moc"
