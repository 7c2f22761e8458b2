"""Writes the logits of Hugging Face transformers for an input file, as `facet-engine score` does.

    hf_logits.py MODEL_DIR INPUT.jsonl OUT.safetensors [--dtype float32] [--device cpu] [--no-generation-prompt]

OUT has, for line number i: "i" [T, V] float32 and "i.ids" [T] int64. hf_common.py describes the input.
"""

import argparse

import torch
from safetensors.torch import save_file

import hf_common


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("input")
    parser.add_argument("out")
    parser.add_argument("--dtype", default="float32", choices=hf_common.DTYPES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--attention", default="eager", choices=["eager", "sdpa"])
    parser.add_argument("--threads", type=int, help="threads of PyTorch; its own choice without")
    parser.add_argument("--no-generation-prompt", action="store_true")
    arguments = parser.parse_args()
    hf_common.quiet()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = hf_common.load_model(arguments.model, arguments.dtype, arguments.device, arguments.attention)
    inputs = hf_common.Inputs(arguments.model, not arguments.no_generation_prompt)
    tensors = {}
    for i, entry in enumerate(inputs.read(arguments.input)):
        tensors[f"{i}.ids"] = entry["input_ids"][0].contiguous()
        tensors[str(i)] = hf_common.logits(model, entry).contiguous()
    save_file(tensors, arguments.out)


if __name__ == "__main__":
    main()
