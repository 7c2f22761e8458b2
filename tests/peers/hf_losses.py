"""The losses of transformers, in float32, on rows of tokens: of a model as it is, or while it is trained whole.

    hf_losses.py MODEL ROWS.jsonl [--adapter DIR] [--steps 0]

ROWS are lines of "facet-engine data preview --json": ids, in_loss for each, pictures. Prints one line of JSON:
  {"loss": mean over all targets, "targets": N, "answers": stretches of targets, "exact": those whose every token is the
   likeliest one, "losses": [before step 1, before step 2, ...]}
A step is AdamW on all rows, one by one, so nothing is padded; as Facet has it, what has one dimension is not decayed.
"""

import argparse
import json

from hf_common import Inputs, load_model, quiet, torch

ADAMW = dict(lr=1e-3, betas=(0.9, 0.95), eps=1e-5)
DECAY = 0.1


def arguments_of(row, inputs):
    ids = torch.tensor([row["ids"]])
    out = {"input_ids": ids}
    if inputs.is_vision:
        out["token_type_ids"] = (ids == inputs.image_token).long()
    if row.get("pictures"):
        pictures = inputs.image_processor.fetch_images([picture["source"] for picture in row["pictures"]])
        out["pixel_values"] = inputs.image_processor(pictures, return_tensors="pt")["pixel_values"]
    return out


def scores_and_targets(model, row, inputs):
    logits = model(**arguments_of(row, inputs)).logits[0, :-1]
    keep = torch.tensor(row["in_loss"][1:]).bool()
    return logits[keep], torch.tensor(row["ids"][1:])[keep], keep


def sum_of_losses(model, row, inputs):
    logits, targets, _ = scores_and_targets(model, row, inputs)
    return torch.nn.functional.cross_entropy(logits, targets, reduction="sum")


@torch.no_grad()
def evaluate(model, rows, inputs):
    total, answers, exact = 0.0, 0, 0
    for row in rows:
        logits, targets, keep = scores_and_targets(model, row, inputs)
        total += torch.nn.functional.cross_entropy(logits.double(), targets, reduction="sum").item()
        right = iter((logits.argmax(-1) == targets).tolist())
        inside, isright = False, True
        for wanted in keep.tolist() + [False]:
            if wanted:
                inside, isright = True, next(right) and isright
            elif inside:
                answers, exact, inside, isright = answers + 1, exact + isright, False, True
    targets = sum(sum(row["in_loss"][1:]) for row in rows)
    return dict(loss=total / targets, targets=targets, answers=answers, exact=exact)


def train(model, rows, inputs, steps):
    model.train()
    parameters = list(model.parameters())
    groups = [dict(params=[p for p in parameters if p.dim() > 1], weight_decay=DECAY),
              dict(params=[p for p in parameters if p.dim() == 1], weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, **ADAMW)
    targets = sum(sum(row["in_loss"][1:]) for row in rows)
    losses = []
    for _ in range(steps):
        losses.append(0.0)
        for row in rows:
            loss = sum_of_losses(model, row, inputs) / targets
            loss.backward()
            losses[-1] += loss.item()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("rows")
    parser.add_argument("--adapter")
    parser.add_argument("--steps", type=int, default=0)
    arguments = parser.parse_args()
    quiet()
    rows = [json.loads(line) for line in open(arguments.rows)]
    model, inputs = load_model(arguments.model), Inputs(arguments.model)
    if arguments.adapter:
        from peft import PeftModel
        model = PeftModel.from_pretrained(model, arguments.adapter).eval()
    result = evaluate(model, rows, inputs)
    result["losses"] = train(model, rows, inputs, arguments.steps)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
