"""Is Facet's bfloat16 as close to the truth as transformers' own? The truth is transformers in float32.

    bf16_error.py MODEL_DIR INPUT.jsonl FACET.safetensors [--device cuda] [--truth-device cuda] [--limit 1.1]

FACET.safetensors is what `facet-engine score --dtype bfloat16` wrote for INPUT. For each of RMS, largest and mean KL
prints the error of both and their ratio, as one line of JSON. The gate is on RMS and KL over all rows; the largest
difference is one number out of millions and only reported. Exit code 0 if both ratios are within --limit, 1 if not,
2 if the files cannot be compared. Needs torch and transformers only.
"""

import argparse
import json
import sys

import torch
from safetensors.torch import load_file

import hf_common


def all_logits(arguments, dtype, device):
    model = hf_common.load_model(arguments.model, dtype, device, arguments.attention)
    inputs = hf_common.Inputs(arguments.model, not arguments.no_generation_prompt)
    rows = [(entry["input_ids"][0], hf_common.logits(model, entry)) for entry in inputs.read(arguments.input)]
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("input")
    parser.add_argument("facet")
    parser.add_argument("--device", default="cuda", help="where transformers computes in bfloat16")
    parser.add_argument("--truth-device", default="cuda", help="where it computes in float32")
    parser.add_argument("--attention", default="sdpa", choices=["eager", "sdpa"])
    parser.add_argument("--limit", type=float, default=1.1)
    parser.add_argument("--no-generation-prompt", action="store_true")
    arguments = parser.parse_args()
    hf_common.quiet()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    facet = load_file(arguments.facet)
    truth = all_logits(arguments, "float32", arguments.truth_device)
    peer = all_logits(arguments, "bfloat16", arguments.device)
    ours, theirs = Errors(), Errors()
    for i, ((ids, true), (_, other)) in enumerate(zip(truth, peer)):
        if str(i) not in facet or facet[str(i)].shape != true.shape or not torch.equal(facet[f"{i}.ids"], ids):
            print(f"row {i}: Facet's file has other ids or another shape", file=sys.stderr)
            return 2
        ours.add(true, facet[str(i)])
        theirs.add(true, other)
    ours, theirs = ours.summary(), theirs.summary()
    ratio = {k: ours[k] / theirs[k] if theirs[k] else float("inf") for k in ours}
    ok = ratio["rms"] <= arguments.limit and ratio["kl"] <= arguments.limit
    print(json.dumps({"facet": ours, "transformers": theirs, "ratio": ratio, "limit": arguments.limit, "ok": ok,
                      "rows": len(truth), "device": torch.cuda.get_device_name() if arguments.device != "cpu" else "cpu"}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
