"""Makes sampling/: what transformers' logits processors leave of rows of logits, for the engine's sampler.

    .venv/bin/python tests/engine/golden/make_sampling.py

cases.json lists the options of each case, in OpenAI's and transformers' names; golden.safetensors has for case i
  i.logits         [V]   what the model says
  i.prompt         [P]   ids of the prompt
  i.generated      [G]   ids generated so far
  i.probabilities  [V]   what to draw from; 0 where a token is out

Order: repetition penalty (prompt and generated), presence and frequency penalty (generated only), temperature, top-k,
top-p, min-p: that of transformers' generate(), with OpenAI's penalties where it puts a user's own processor.
Presence and frequency are not in transformers; they follow OpenAI's documentation:
  logit -= count * frequency_penalty + (count > 0) * presence_penalty
"""

import itertools
import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from safetensors.torch import save_file
from transformers import (LogitsProcessorList, MinPLogitsWarper, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper,
                          TopKLogitsWarper, TopPLogitsWarper)

HERE = Path(__file__).resolve().parent / "sampling"
V = 96

CASES = [
    {},
    {"temperature": 0.3}, {"temperature": 1.7},
    {"top_k": 1}, {"top_k": 5}, {"top_k": 500},
    {"top_p": 0.01}, {"top_p": 0.5}, {"top_p": 0.95}, {"top_p": 0.999},
    {"min_p": 0.02}, {"min_p": 0.3}, {"min_p": 1.0},
    {"repetition_penalty": 1.3}, {"repetition_penalty": 0.8},
    {"presence_penalty": 0.7}, {"presence_penalty": -0.5}, {"frequency_penalty": 0.4}, {"frequency_penalty": -0.3},
    {"presence_penalty": 0.6, "frequency_penalty": 0.5},
    {"temperature": 0.7, "top_k": 40, "top_p": 0.9},
    {"temperature": 1.4, "top_k": 20, "top_p": 0.8, "min_p": 0.05},
    {"temperature": 0.6, "repetition_penalty": 1.2, "top_p": 0.9},
    {"temperature": 1.2, "repetition_penalty": 1.15, "presence_penalty": 0.4, "frequency_penalty": 0.2, "top_k": 30,
     "top_p": 0.92, "min_p": 0.02},
]


class OpenAiPenalties(transformers.LogitsProcessor):
    def __init__(self, generated, presence, frequency):
        self.generated, self.presence, self.frequency = generated, presence, frequency

    def __call__(self, _, scores):
        count = torch.bincount(self.generated, minlength=scores.shape[-1]).float()
        return scores - count * self.frequency - (count > 0).float() * self.presence


def processors(options, generated):
    chain = LogitsProcessorList()
    if "repetition_penalty" in options:
        chain.append(RepetitionPenaltyLogitsProcessor(options["repetition_penalty"]))
    if "presence_penalty" in options or "frequency_penalty" in options:
        chain.append(OpenAiPenalties(generated, options.get("presence_penalty", 0), options.get("frequency_penalty", 0)))
    if "temperature" in options:
        chain.append(TemperatureLogitsWarper(options["temperature"]))
    if "top_k" in options:
        chain.append(TopKLogitsWarper(options["top_k"]))
    if "top_p" in options:
        chain.append(TopPLogitsWarper(options["top_p"]))
    if "min_p" in options:
        chain.append(MinPLogitsWarper(options["min_p"]))
    return chain


def probabilities(options, logits, prompt, generated):
    return processors(options, generated)(torch.cat([prompt, generated])[None], logits[None])[0].softmax(-1)


def main():
    HERE.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(5)
    tensors, cases = {}, []
    for i, (options, spread) in enumerate(itertools.product(CASES, (1.0, 4.0))):
        for _ in range(100):
            logits = torch.randn(V, generator=generator) * spread
            prompt = torch.randint(0, V, (12,), generator=generator)
            # Tokens that matter are among them: the best ones, some several times.
            best = logits.topk(4).indices
            generated = torch.cat([best[[0, 0, 0, 2, 3]], torch.randint(0, V, (6,), generator=generator)])
            result = probabilities(options, logits, prompt, generated)
            # A threshold that rounding could shift decides nothing: noise changes no choice.
            shaken = [probabilities(options, logits + 1e-5 * torch.randn(V, generator=generator), prompt, generated)
                      for _ in range(8)]
            if all(torch.equal(s > 0, result > 0) for s in shaken):
                break
        else:
            raise SystemExit(f"case {i}: no logits without a tie")
        assert abs(result.sum().item() - 1) < 1e-5
        tensors |= {f"{i}.logits": logits, f"{i}.prompt": prompt, f"{i}.generated": generated, f"{i}.probabilities": result}
        cases.append(options)
    (HERE / "cases.json").write_text("[\n" + ",\n".join("  " + json.dumps(c) for c in cases) + "\n]\n")
    save_file(dict(sorted(tensors.items())), HERE / "golden.safetensors", metadata={"transformers": transformers.__version__})
    (HERE / "golden.safetensors").chmod(0o644)
    print(f"sampling: {len(cases)} cases, {sum(f.stat().st_size for f in HERE.iterdir()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
