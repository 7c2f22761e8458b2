"""Compares two files of logits, as hf_logits.py and `facet-engine score` write them.

    compare_logits.py A.safetensors B.safetensors [A2 B2 ...] [--max-abs 1e-3]

Needs equal ids in both. For each pair one line a row, then one line of JSON. Exit code 0 if all rows are within
--max-abs, 1 if not, 2 if the files cannot be compared. KL is that of B from A, in nats, mean over positions.
"""

import argparse
import json
import sys

import torch
from safetensors.torch import load_file


def compare(a, b):
    """Of two [T, V]: largest difference, share of positions with the same best token, mean KL(A || B)."""
    log_a, log_b = a.double().log_softmax(-1), b.double().log_softmax(-1)
    kl = (log_a.exp() * (log_a - log_b)).sum(-1)
    return ((a - b).abs().max().item(), (a.argmax(-1) == b.argmax(-1)).double().mean().item(), kl.mean().item())


def compare_files(path_a, path_b, limit):
    """The exit code for one pair."""
    a, b = load_file(path_a), load_file(path_b)
    rows = sorted((k for k in a if k.isdigit()), key=int)
    if a.keys() != b.keys() or not rows:
        print(f"the files name different rows: {sorted(a.keys() ^ b.keys())[:6]}", file=sys.stderr)
        return 2
    worst, kls, agreements = 0.0, [], []
    for row in rows:
        if a[row].shape != b[row].shape or not torch.equal(a[f"{row}.ids"], b[f"{row}.ids"]):
            ids_a, ids_b = a[f"{row}.ids"].tolist(), b[f"{row}.ids"].tolist()
            first = next((i for i, (x, y) in enumerate(zip(ids_a, ids_b)) if x != y), min(len(ids_a), len(ids_b)))
            print(f"row {row}: ids or shapes differ: {list(a[row].shape)} and {list(b[row].shape)}, ids from position "
                  f"{first}: {ids_a[first:first + 5]} and {ids_b[first:first + 5]}", file=sys.stderr)
            return 2
        if not (torch.isfinite(a[row]).all() and torch.isfinite(b[row]).all()):
            print(f"row {row}: not all logits are finite", file=sys.stderr)
            return 2
        difference, agreement, kl = compare(a[row], b[row])
        worst, kls, agreements = max(worst, difference), kls + [kl], agreements + [agreement]
        print(f"row {row}: {a[row].shape[0]} tokens, max abs {difference:.2e}, same best token {agreement:.1%}, KL {kl:.1e}")
    ok = worst <= limit
    print(json.dumps({"file": path_b, "rows": len(rows), "max_abs": worst, "limit": limit, "ok": ok,
                      "greedy_agreement": min(agreements), "kl": max(kls)}))
    return 0 if ok else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="pairs of files")
    parser.add_argument("--max-abs", type=float, default=1e-3)
    arguments = parser.parse_args()
    if len(arguments.files) % 2:
        parser.error("the files must come in pairs")
    return max(compare_files(a, b, arguments.max_abs) for a, b in zip(arguments.files[::2], arguments.files[1::2]))


if __name__ == "__main__":
    sys.exit(main())
