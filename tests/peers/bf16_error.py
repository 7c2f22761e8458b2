"""Is Facet's bfloat16 as close to the truth as transformers' own? The truth is transformers in float32.

    bf16_error.py MODEL_DIR INPUT.jsonl FACET.safetensors [more of three ...] [--device cuda] [--truth-device cuda]
                  [--limit 1.1]

FACET.safetensors is what `facet-engine score --dtype bfloat16` wrote for INPUT. For each of RMS, largest and mean KL
prints the error of both and their ratio, as one line of JSON. The gate is on RMS and KL over all rows of all models,
each model's errors as a share of transformers'; the largest difference is one number out of millions and only reported. Exit code 0 if both ratios are within --limit, 1 if not,
2 if the files cannot be compared. Needs torch and transformers only.
"""

import argparse
import json
import math
import sys

import torch
from safetensors.torch import load_file

import hf_common


def all_logits(folder, input_file, dtype, device, arguments):
    model = hf_common.load_model(folder, dtype, device, arguments.attention)
    inputs = hf_common.Inputs(folder, not arguments.no_generation_prompt)
    rows = [(entry["input_ids"][0], hf_common.logits(model, entry)) for entry in inputs.read(input_file)]
    del model
    if device != "cpu":
        torch.cuda.empty_cache()
    return rows


class Errors:
    """How far logits are from the truth, over all rows."""

    def __init__(self):
        self.squares = self.count = self.kl = self.positions = 0
        self.largest = 0.0

    def add(self, truth, other):
        for t, o in zip(truth.split(256), other.split(256)):  # the vocabulary is wide
            t, o = t.double(), o.double()
            self.squares += (t - o).square().sum().item()
            self.count += t.numel()
            self.largest = max(self.largest, (t - o).abs().max().item())
            log_t, log_o = t.log_softmax(-1), o.log_softmax(-1)
            self.kl += (log_t.exp() * (log_t - log_o)).sum().item()
            self.positions += t.shape[0]

    def summary(self):
        return {"rms": (self.squares / self.count) ** 0.5, "max": self.largest, "kl": self.kl / self.positions}


def measure(folder, input_file, facet_file, arguments):
    """Facet's errors and transformers' on one model, and how many rows; None if the files cannot be compared."""
    facet = load_file(facet_file)
    truth = all_logits(folder, input_file, "float32", arguments.truth_device, arguments)
    peer = all_logits(folder, input_file, "bfloat16", arguments.device, arguments)
    ours, theirs = Errors(), Errors()
    for i, ((ids, true), (_, other)) in enumerate(zip(truth, peer)):
        if str(i) not in facet or facet[str(i)].shape != true.shape or not torch.equal(facet[f"{i}.ids"], ids):
            print(f"{folder}, row {i}: Facet's file has other ids or another shape", file=sys.stderr)
            return None
        ours.add(true, facet[str(i)])
        theirs.add(true, other)
    return ours.summary(), theirs.summary(), len(truth)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="model folder, input, Facet's logits; again for further models")
    parser.add_argument("--device", default="cuda", help="where transformers computes in bfloat16")
    parser.add_argument("--truth-device", default="cuda", help="where it computes in float32")
    parser.add_argument("--attention", default="sdpa", choices=["eager", "sdpa"])
    parser.add_argument("--limit", type=float, default=1.1)
    parser.add_argument("--no-generation-prompt", action="store_true")
    arguments = parser.parse_args()
    if len(arguments.files) % 3:
        parser.error("the files must come in threes")
    hf_common.quiet()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    measured = [measure(*arguments.files[i:i + 3], arguments) for i in range(0, len(arguments.files), 3)]
    if None in measured:
        return 2
    ratios = [{k: ours[k] / theirs[k] if theirs[k] else float("inf") for k in ours} for ours, theirs, _ in measured]
    ratio = {k: math.exp(sum(math.log(r[k]) for r in ratios) / len(ratios)) for k in ratios[0]}
    ok = ratio["rms"] <= arguments.limit and ratio["kl"] <= arguments.limit
    print(json.dumps({"facet": [m[0] for m in measured], "transformers": [m[1] for m in measured], "ratios": ratios,
                      "ratio": ratio, "limit": arguments.limit, "ok": ok, "rows": sum(m[2] for m in measured),
                      "device": torch.cuda.get_device_name() if arguments.device != "cpu" else "cpu"}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
