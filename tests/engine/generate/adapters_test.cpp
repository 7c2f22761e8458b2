// Adapters that peft made, on answers that run side by side: each is what it is alone.

#include "engine/generate/generate.h"
#include "engine/generate/scheduler.h"
#include "tests/engine/gemma3/golden_model.h"
#include "tests/support/check.h"

#include <QTest>

#include <future>

using namespace facet;
using namespace facet::engine;

using Ids = std::vector<int64_t>;

namespace {

const core::Tokenizer& tokenizer()
{
    static const core::Tokenizer tokenizer =
        *core::Tokenizer::open(std::filesystem::path(SOURCE_DIR) / "resources/demo-model");
    return tokenizer;
}

ScaledAdapter adapterOf(const std::string& name, double scale = 1)
{
    const std::filesystem::path cases = std::filesystem::path(SOURCE_DIR) / "tests/engine/train/golden";
    return {name, std::make_shared<const PeftAdapter>(*readPeftFolder(cases / name / "adapter")), scale};
}

GenerateRequest requestOf(const Ids& prompt)
{
    GenerateRequest request;
    request.prompt = prompt;
    request.maxTokens = 12;
    request.sampling.numLogprobs = 0;
    return request;
}

double largestDifference(const GenerateResult& a, const GenerateResult& b)
{
    if (a.ids != b.ids || a.ids.empty())
        return 1e9;
    double largest = 0;
    for (size_t i = 0; i < a.logprobs.size(); ++i)
        largest = std::max(largest, std::abs(a.logprobs[i].logprob - b.logprobs[i].logprob));
    return largest;
}

/// Work whose result can be waited for.
std::pair<Scheduler::Work, std::future<GenerateResult>> workOf(const Ids& prompt,
                                                               std::shared_ptr<const AdaptedModel> adapted)
{
    auto promise = std::make_shared<std::promise<GenerateResult>>();
    std::future<GenerateResult> result = promise->get_future();
    Scheduler::Work work = {requestOf(prompt), [](const AnswerPiece&) {},
                            [promise](core::Result<GenerateResult> end) {
                                promise->set_value(end ? std::move(*end) : GenerateResult{});
                            },
                            std::move(adapted)};
    return {std::move(work), std::move(result)};
}

}  // namespace

class AdaptersTest final : public QObject {
    Q_OBJECT

    const c10::InferenceMode m_noGradients;
    const GoldenModel m_golden = GoldenModel::open("text_small");
    const gemma3::Model& m_base = m_golden.model;
    const Ids m_prompt = {2, 136, 104, 84, 47, 53, 12, 17, 8, 32, 131, 106, 146};

    std::shared_ptr<AdaptedModel> on(const std::vector<ScaledAdapter>& adapters, const std::string& key) const
    {
        const auto made = adaptedModel(m_base, adapters, key);
        return made ? *made : nullptr;
    }

    GenerateResult alone(const std::shared_ptr<AdaptedModel>& adapted) const
    {
        const core::Result<GenerateResult> result =
            generate(adapted ? adapted->model : m_base, tokenizer(), requestOf(m_prompt));
        return result ? *result : GenerateResult{};
    }

private Q_SLOTS:
    void answersSideBySideAreWhatTheyAreAlone()
    {
        const std::vector<std::shared_ptr<AdaptedModel>> sets = {
            nullptr, on({adapterOf("text_dora")}, "dora"), on({adapterOf("text_rslora_patterns")}, "rs"),
            on({adapterOf("text_rslora_patterns", -2)}, "rs:-2"),
            on({adapterOf("text_dora"), adapterOf("text_rslora_patterns", 0.5)}, "both")};
        std::vector<GenerateResult> expected;
        for (const auto& set : sets)
            expected.push_back(alone(set));
        for (size_t i = 1; i < sets.size(); ++i)
            QVERIFY(largestDifference(expected[i], expected[0]) > 1e-3);  // or nothing would be shown here

        PrefixCache prefixes(int64_t{1} << 26);
        Scheduler::Settings settings;
        settings.numSlots = 16;
        Scheduler scheduler(m_base, tokenizer(), settings, {&prefixes, nullptr});
        for (const bool fromSnapshots : {false, true}) {
            std::vector<Scheduler::Work> works;
            std::vector<std::future<GenerateResult>> results;
            for (int copy = 0; copy < 2; ++copy) {  // two of each set share steps
                for (const auto& set : sets) {
                    auto [work, result] = workOf(m_prompt, set);
                    works.push_back(std::move(work));
                    results.push_back(std::move(result));
                }
            }
            const core::Result<Scheduler::Ticket> ticket = scheduler.submit(std::move(works));
            QVERIFY2(ticket, core::reason(ticket));
            for (size_t i = 0; i < results.size(); ++i) {
                QVERIFY(results[i].wait_for(std::chrono::seconds(60)) == std::future_status::ready);
                const GenerateResult result = results[i].get();
                QVERIFY2(largestDifference(result, expected[i % sets.size()]) < 1e-4,
                         std::to_string(i).c_str());
                if (fromSnapshots)
                    QVERIFY(result.numCached > 0);
            }
        }
    }

    void theBaseIsLeftAlone()
    {
        const GenerateResult before = alone(nullptr);
        const auto adapted = on({adapterOf("text_dora")}, "dora");
        QVERIFY(adapted && adapted->notes.empty());
        QCOMPARE(largestDifference(alone(nullptr), before), 0.0);
    }

    void scaleZeroOfALoraIsTheBase()
    {
        const auto off = on({adapterOf("text_rslora_patterns", 0)}, "off");
        QVERIFY(off && largestDifference(alone(off), alone(nullptr)) < 1e-6);
    }

    void anAdapterOfAnotherModelIsRefused()
    {
        const auto made = adaptedModel(m_base, {adapterOf("text_lora")}, "");
        QVERIFY(!made);
        QVERIFY2(made.error().message.starts_with("adapter text_lora: "), made.error().message.c_str());
    }

    void partsWithoutAPlaceAreCountedAndNoneIsAnError()
    {
        PeftAdapter adapter = *adapterOf("text_dora").adapter;
        const auto count = static_cast<int64_t>(adapter.layers.size());
        auto vision = std::make_shared<LoraLayer>(*adapter.layers.front());
        vision->settings.module = "vision_tower.encoder.layers.0.self_attn.q_proj";
        adapter.layers.push_back(vision);
        gemma3::Model model = m_base;
        const core::Result<Attached> attached = attach(adapter, model);
        QVERIFY2(attached, core::reason(attached));
        QCOMPARE(attached->numMatched, count);
        QCOMPARE(attached->unmatched, std::vector<std::string>{vision->settings.module});
        QVERIFY(attached->note("a").starts_with("1 of " + std::to_string(count + 1) + " parts of a "));

        adapter.layers = {vision};
        QVERIFY(!attach(adapter, model));
    }
};

QTEST_GUILESS_MAIN(AdaptersTest)
#include "adapters_test.moc"
