// Which modules PEFT gives a LoRA, on tiny random Gemma 3 models, against ours; and the rank and the number
// of parameters that it gives them.

#include "core/gemma3/config_json.h"
#include "jobs/targets/target_selection.h"
#include "tests/support/check.h"
#include "tests/support/python.h"

#include <nlohmann/json.hpp>

using namespace facet::jobs;
using namespace facet::core;

namespace {

const char* const kPeft = R"(
import json, sys, warnings
warnings.filterwarnings("ignore")
from transformers import Gemma3Config, Gemma3TextConfig, Gemma3ForConditionalGeneration, Gemma3ForCausalLM
from peft import LoraConfig, get_peft_model
text = dict(vocab_size=64, hidden_size=24, intermediate_size=40, num_hidden_layers=7, num_attention_heads=4,
            num_key_value_heads=2, head_dim=8)
vision = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=2, image_size=56,
              patch_size=14, vision_use_head=False)
def build(kind):
    if kind == "text":
        return Gemma3ForCausalLM(Gemma3TextConfig(**text))
    return Gemma3ForConditionalGeneration(Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4))
cases = json.loads(sys.argv[1])
answers = []
for case in cases:
    model = build(case["kind"])
    config = dict(r=case.get("r", 4), lora_alpha=8, target_modules=case["target_modules"])
    for key in ("exclude_modules", "layers_to_transform", "rank_pattern", "use_dora"):
        if key in case:
            config[key] = case[key]
    try:
        model = get_peft_model(model, LoraConfig(**config))
    except ValueError:
        answers.append(None)
        continue
    ranks = {}
    for name, module in model.base_model.model.named_modules():
        if hasattr(module, "lora_A"):
            ranks[name] = module.r["default"]
    answers.append({"ranks": ranks, "trained": model.get_nb_trainable_parameters()[0]})
print(json.dumps({"text": Gemma3TextConfig(**text).to_dict(), "vision": Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4).to_dict(), "answers": answers}))
)";

nlohmann::json cases()
{
    nlohmann::json list = nlohmann::json::array();
    const nlohmann::json targets = {
        {"q_proj"},
        {"q_proj", "v_proj"},
        {"self_attn.q_proj", "mlp.down_proj"},
        {"out_proj"},
        {"0.self_attn.k_proj"},
        {"model.layers.1.mlp.up_proj"},
        {"proj"},
        {"_proj"},
        "all-linear",
        "ALL-Linear",
        "q_proj",
        ".*q_proj",
        ".*\\.(q|v)_proj",
        ".*language_model.*\\.(gate|up|down)_proj",
        ".*vision_tower.*fc[12]",
        ".*layers\\.[0-3]\\.self_attn\\.[qkv]_proj$",
        "(?!.*vision).*\\.\\w_proj",
        "model\\.layers\\.\\d+\\.mlp\\.(?:gate|up)_proj",
    };
    for (const char* kind : {"text", "vision"})
        for (const nlohmann::json& target : targets)
            list.push_back({{"kind", kind}, {"target_modules", target}});
    const auto add = [&](nlohmann::json more) {
        for (const char* kind : {"text", "vision"}) {
            more["kind"] = kind;
            list.push_back(more);
        }
    };
    // Only where each entry matches something: we refuse the others, PEFT does not look.
    list.push_back({{"kind", "vision"}, {"target_modules", {"fc1", "o_proj"}}});
    list.push_back(
        {{"kind", "vision"}, {"target_modules", {"q_proj", "fc2"}}, {"layers_to_transform", {0, 2}}});
    add({{"target_modules", {"q_proj", "k_proj"}}, {"layers_to_transform", {5}}});
    add({{"target_modules", {"q_proj", "v_proj"}},
         {"exclude_modules", {"layers.0.self_attn.q_proj", "6.self_attn.v_proj"}}});
    add({{"target_modules", "all-linear"}, {"exclude_modules", ".*mlp.*"}});
    add({{"target_modules", "all-linear"}, {"exclude_modules", ".*vision_tower.*|.*\\.3\\..*"}});
    add({{"target_modules", {"q_proj", "up_proj"}},
         {"rank_pattern", {{"q_proj", 2}, {"layers.1.mlp.up_proj", 7}}}});
    add({{"target_modules", "all-linear"}, {"rank_pattern", {{".*layers\\.[01]\\..*", 3}, {"o_proj", 6}}}});
    add({{"target_modules", {"q_proj", "down_proj"}}, {"use_dora", true}});
    return list;
}

/// Numbers of layers as PEFT's list has them.
std::string layersOf(const nlohmann::json& each)
{
    std::string text;
    for (const nlohmann::json& layer : each.value("layers_to_transform", nlohmann::json::array()))
        text += (text.empty() ? "" : ",") + layer.dump();
    return text;
}

}  // namespace

class TargetSelectionPeerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void peftMatchesTheSameModules()
    {
        if (!hasPythonPackages("peft, transformers"))
            QSKIP("no .venv/bin/python with peft and transformers");
        const nlohmann::json list = cases();
        const QByteArray output = runPython(kPeft, {QString::fromStdString(list.dump())});
        const nlohmann::json peer = nlohmann::json::parse(output.toStdString(), nullptr, false);
        QVERIFY(peer.is_object());
        int numMatched = 0;
        for (size_t i = 0; i < list.size(); ++i) {
            const nlohmann::json& each = list[i];
            const nlohmann::json& answer = peer["answers"][i];
            const std::string kind = each["kind"];
            const auto config = gemma3::parseConfig(peer[kind].dump(), false);
            QVERIFY2(config, reason(config));
            TargetPatterns patterns;
            if (each["target_modules"].is_string())
                patterns.regex = each["target_modules"];
            else
                patterns.names = each["target_modules"];
            if (each.contains("exclude_modules") && each["exclude_modules"].is_string())
                patterns.excludeRegex = each["exclude_modules"];
            else
                patterns.exclude = each.value("exclude_modules", std::vector<std::string>());
            patterns.layers = layersOf(each);
            const Result<TargetSelection> ours = selectTargets(linearModules(*config), patterns);
            QVERIFY2(answer.is_null() == !ours, (each.dump() + (ours ? "" : ours.error().message)).c_str());
            if (!ours)
                continue;
            ++numMatched;
            std::map<std::string, int64_t> ranks;
            int64_t trained = 0;
            for (const LinearModule& module : ours->modules) {
                int64_t rank = 4;
                const nlohmann::json rankPattern = each.value("rank_pattern", nlohmann::json::object());
                for (const auto& [key, value] : rankPattern.items()) {
                    const Result<bool> means = meansModule(key, module);
                    QVERIFY2(means, reason(means));
                    if (*means) {
                        rank = value;
                        break;
                    }
                }
                ranks[module.name] = rank;
                trained += module.numAdapterParameters(rank, each.value("use_dora", false));
            }
            QVERIFY2(ranks == (answer["ranks"].get<std::map<std::string, int64_t>>()), each.dump().c_str());
            QCOMPARE(trained, answer["trained"].get<int64_t>());
        }
        QVERIFY(numMatched > 35);
    }
};

QTEST_GUILESS_MAIN(TargetSelectionPeerTest)
#include "target_selection_peer_test.moc"
