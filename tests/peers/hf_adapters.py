"""Makes random adapters with peft, and the logits of transformers with any of them on a model.

    hf_adapters.py MODEL_DIR INPUT.jsonl OUT_DIR SET [SET ...]

Writes OUT_DIR/plain (LoRA, text and vision, with patterns), OUT_DIR/dora (DoRA, text) and OUT_DIR/rslora (rsLoRA,
text), and for each SET, such as "plain:1+dora:0.5", OUT_DIR/SET.safetensors as hf_logits.py does.
"""

import argparse
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

import hf_common

CONFIGS = {
    "plain": dict(r=4, lora_alpha=8, rank_pattern={"mlp.down_proj": 2}, alpha_pattern={"q_proj": 24},
                 target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "out_proj", "fc1", "down_proj"]),
    "dora": dict(r=3, lora_alpha=6, use_dora=True, target_modules=r".*language_model.*\.(q_proj|up_proj|down_proj)"),
    "rslora": dict(r=8, lora_alpha=4, use_rslora=True, target_modules=r".*language_model.*\.(gate_proj|v_proj)"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("input")
    parser.add_argument("out", type=Path)
    parser.add_argument("sets", nargs="+")
    arguments = parser.parse_args()
    hf_common.quiet()
    torch.manual_seed(7)
    model = None
    for name, config in CONFIGS.items():
        config = LoraConfig(task_type="CAUSAL_LM", **config)
        if model is None:
            model = get_peft_model(hf_common.load_model(arguments.model), config, adapter_name=name)
        else:
            model.add_adapter(name, config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
            elif "lora_magnitude" in name:
                parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
    model.save_pretrained(arguments.out)
    inputs = list(hf_common.Inputs(arguments.model).read(arguments.input))
    for text in arguments.sets:
        uses = dict((name, float(scale)) for name, scale in (part.split(":") for part in text.split("+")))
        model.base_model.set_adapter(list(uses))
        for module in model.modules():
            for name, scale in uses.items():
                if hasattr(module, "set_scale") and name in getattr(module, "scaling", {}):
                    module.set_scale(name, scale)
        tensors = {}
        for i, entry in enumerate(inputs):
            tensors[f"{i}.ids"] = entry["input_ids"][0].contiguous()
            tensors[str(i)] = hf_common.logits(model.eval(), entry).contiguous()
        save_file(tensors, arguments.out / f"{text}.safetensors")


if __name__ == "__main__":
    main()
