"""Trains a LoRA on rows of tokens with transformers + peft in float32 and writes the loss before each step.

    hf_lora_losses.py MODEL ROWS.jsonl ADAPTER_DIR OUT.json [--steps 20]

ROWS are lines of "facet-engine data preview --json": ids, and in_loss for each. All rows are one batch, one by one, so nothing
is padded; the loss is the mean over all targets. ADAPTER_DIR gets the adapter as it was before the first step, drawn by peft.
"""

import argparse
import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

ADAMW = dict(lr=1e-3, betas=(0.9, 0.95), eps=1e-5, weight_decay=0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("model", "rows", "adapter", "out"):
        parser.add_argument(name)
    parser.add_argument("--steps", type=int, default=20)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    rows = [json.loads(line) for line in open(arguments.rows)]
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, target_modules="all-linear"))
    model.save_pretrained(arguments.adapter)
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, **ADAMW)
    num_targets = sum(sum(row["in_loss"][1:]) for row in rows)
    losses = []
    for _ in range(arguments.steps):
        losses.append(0.0)
        for row in rows:
            logits = model(input_ids=torch.tensor([row["ids"]])).logits[0, :-1]
            keep = torch.tensor(row["in_loss"][1:]).bool()
            loss = torch.nn.functional.cross_entropy(logits[keep], torch.tensor(row["ids"][1:])[keep],
                                                     reduction="sum") / num_targets
            loss.backward()
            losses[-1] += loss.item()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    with open(arguments.out, "w") as out:
        json.dump(losses, out)


if __name__ == "__main__":
    main()
