"""Continues prompts greedily with Hugging Face transformers.

    hf_generate.py MODEL_DIR PROMPTS.jsonl OUT.jsonl [--max-new-tokens 50] [--dtype float32] [--device cpu] [--ignore-eos]

hf_common.py describes the prompts. A line of OUT: {"prompt_ids": [...], "ids": [...], "text": "...", "lead": 0.12}, where
lead is the smallest lead of the best logit over the second along the way: where it is below rounding, another
implementation may rightly go another way. "text" is there if the folder has a tokenizer.
"""

import argparse
import json

import torch

import hf_common


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("prompts")
    parser.add_argument("out")
    parser.add_argument("--max-new-tokens", type=int, default=50)
    parser.add_argument("--dtype", default="float32", choices=hf_common.DTYPES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--attention", default="eager", choices=["eager", "sdpa"])
    parser.add_argument("--ignore-eos", action="store_true")
    parser.add_argument("--no-generation-prompt", action="store_true")
    arguments = parser.parse_args()
    hf_common.quiet()
    model = hf_common.load_model(arguments.model, arguments.dtype, arguments.device, arguments.attention)
    inputs = hf_common.Inputs(arguments.model, not arguments.no_generation_prompt)
    if arguments.ignore_eos:
        model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    has_tokenizer = any((inputs.folder / name).exists() for name in ("tokenizer.json", "tokenizer.model"))
    with open(arguments.out, "w") as out:
        for entry in inputs.read(arguments.prompts):
            entry = {k: v.to(model.device) for k, v in entry.items()}
            if "pixel_values" in entry:
                entry["pixel_values"] = entry["pixel_values"].to(model.dtype)
            with torch.no_grad():
                result = model.generate(**entry, attention_mask=torch.ones_like(entry["input_ids"]), do_sample=False,
                                        top_k=None, top_p=None, max_new_tokens=arguments.max_new_tokens,
                                        output_logits=True, return_dict_in_generate=True)
            prompt = entry["input_ids"][0].tolist()
            ids = result.sequences[0, len(prompt):].tolist()
            top = torch.stack(result.logits)[:, 0].float().topk(2).values
            line = {"prompt_ids": prompt, "ids": ids, "lead": round((top[:, 0] - top[:, 1]).min().item(), 6)}
            if has_tokenizer:
                line["text"] = inputs.tokenizer.decode(ids, skip_special_tokens=True)
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
