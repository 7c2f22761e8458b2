// Targets by NeMo's rules (reference: NeMo, lightning/pytorch/callbacks/peft.py and peft/utils.py) and what a
// user is told about a wrong one. PEFT's rules are tried against PEFT in target_selection_peer_test.

#include "jobs/targets/target_selection.h"
#include "jobs/model_shape.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::jobs;
using facet::core::reason;
using facet::core::Result;

namespace {

std::vector<LinearModule> modulesOf(const char* model)
{
    return linearModules(*publicShape(model));
}

std::vector<std::string> selected(const char* model, TargetPatterns patterns)
{
    const Result<TargetSelection> selection = selectTargets(modulesOf(model), patterns);
    if (!selection)
        return {selection.error().message};
    std::vector<std::string> names;
    for (const LinearModule& module : selection->modules)
        names.push_back(module.name);
    return names;
}

bool says(const std::vector<std::string>& result, const char* words)
{
    return result.size() == 1 && result.front().find(words) != std::string::npos;
}

}  // namespace

class TargetSelectionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nemosFusedNamesMeanEachLinearOfHuggingFace()
    {
        const auto names = selected("google/gemma-3-1b-it", {.names = {"linear_qkv"}, .layers = "3"});
        QCOMPARE(names, (std::vector<std::string>{"model.layers.3.self_attn.q_proj",
                                                  "model.layers.3.self_attn.k_proj",
                                                  "model.layers.3.self_attn.v_proj"}));
        QCOMPARE(selected("gemma-3-1b", {.names = {"linear_fc1"}, .layers = "0"}),
                 (std::vector<std::string>{"model.layers.0.mlp.gate_proj", "model.layers.0.mlp.up_proj"}));
    }

    void nemosShortNamesAlsoMeanTheVisionTowerAndItsGlobsDoNot()
    {
        // 34 language layers of 3, 27 vision layers of 3.
        QCOMPARE(selected("gemma-3-4b", {.names = {"linear_qkv"}}).size(), size_t{34 * 3 + 27 * 3});
        QCOMPARE(selected("gemma-3-4b", {.names = {"*.language_model.*.linear_qkv"}}).size(), size_t{34 * 3});
        QCOMPARE(selected("gemma-3-4b", {.names = {"*.layers.0.*.linear_qkv"}}).size(), size_t{6});
        QCOMPARE(selected("gemma-3-4b", {.names = {"*.vision_model.*.linear_fc1"}}).size(), size_t{27});
    }

    void languageModelGlobsMatchATextModelToo()
    {
        QCOMPARE(selected("gemma-3-1b", {.names = {"*.language_model.*.linear_proj"}}).size(), size_t{26});
        QCOMPARE(selected("gemma-3-1b", {.names = {"*.decoder.layers.*.linear_proj"}}).size(), size_t{26});
    }

    void automodelsGlobsMatchTheNamesOfTransformers()
    {
        QCOMPARE(selected("gemma-3-270m", {.names = {"*_proj"}}).size(), size_t{18 * 7});
    }

    void aPatternThatMatchesNothingIsAnErrorWithAdvice()
    {
        QVERIFY(says(selected("gemma-3-1b", {.names = {"q_proj", "qproj"}}),
                     "\"qproj\" matches nothing in this model; did you mean \"q_proj\"?"));
        QVERIFY(
            says(selected("gemma-3-4b", {.names = {"*.language_model.*.linear_kv"}}), "write linear_qkv"));
        QVERIFY(says(selected("gemma-3-4b", {.names = {"lm_head"}}), "takes no LoRA"));
        QVERIFY(says(selected("gemma-3-4b", {.names = {"mm_input_projection_weight"}}),
                     "freeze.projector=false"));
        QVERIFY(says(selected("gemma-3-1b", {.names = {"*.vision_model.*"}}), "no vision tower"));
        QVERIFY(says(selected("gemma-3-1b", {.regex = "q_proj"}), "write [\"q_proj\"]"));
        QVERIFY(says(selected("gemma-3-1b", {.regex = "(q_proj"}), "no valid regular expression"));
        QVERIFY(says(selected("gemma-3-1b", {.regex = "(?i).*Q_PROJ"}), "not supported"));
        QVERIFY(says(selected("gemma-3-1b", {.names = {"q_proj"}, .exclude = {"self_attn.q_proj"}}),
                     "nothing is left"));
        QVERIFY(says(selected("gemma-3-1b", {.names = {"q_proj"}, .exclude = {"z_proj"}}),
                     "excluding: the target pattern \"z_proj\" matches nothing"));
        QVERIFY(says(selected("gemma-3-1b", {}), "there are no LoRA targets"));
    }

    void layersAreNumbersAndRanges()
    {
        QCOMPARE(selected("gemma-3-1b", {.names = {"q_proj"}, .layers = "0-5,10,20-"}).size(),
                 size_t{6 + 1 + 6});
        for (const char* wrong : {"26", "5-3", "a", "1,,2", "-3", "1-99", "1;2"})
            QVERIFY2(says(selected("gemma-3-1b", {.names = {"q_proj"}, .layers = wrong}), "from 0 to 25"),
                     wrong);
    }
};

QTEST_GUILESS_MAIN(TargetSelectionTest)
#include "target_selection_test.moc"
