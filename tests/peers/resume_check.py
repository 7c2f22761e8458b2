"""Does a run that is stopped and resumed end where one that is not ends? Trains the demo model on its lesson, each method twice.

    resume_check.py FACET_ENGINE OUT.json [--device cuda] [--steps 60]

The second run is told to stop (TERM) when its first checkpoint is there, as SLURM would, and started again. With "deterministic" the
weights of both must be the same bytes; without, their last losses within 1e-3. Exit code 0 if so. Needs a GPU, or --device cpu.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

REPORTS = Path(__file__).resolve().parents[2] / "resources/demo-data/reports"
STOPPED, LIMIT = 75, 1e-3
CASES = {
    "lora, dropout": {"method": "lora", "lora": {"rank": 8, "alpha": 16, "dropout": 0.1}, "deterministic": True},
    "lora, packed": {"method": "lora", "packing": True, "batch": {"global": 2, "micro": 1}, "deterministic": True},
    "lora, checkpointed": {"method": "lora", "activation_checkpointing": "full", "deterministic": True},
    "dora": {"method": "dora", "deterministic": True},
    "qlora": {"method": "qlora", "deterministic": True},
    "full": {"method": "full", "deterministic": True},
    "full, 8-bit": {"method": "full", "precision": "bf16", "optimizer": {"type": "adamw_8bit", "lr": 1e-3}, "deterministic": True},
    "pretrain": {"method": "pretrain", "deterministic": True},
    "full, not deterministic": {"method": "full"},
}


def job_of(case, folder, steps):
    job = {**json.loads((REPORTS / "job.json").read_text()), **CASES[case]}
    demo = REPORTS.parents[1] / "demo-model"
    if job["method"] == "pretrain":
        job |= {"model": {"base": str(demo / "config.json")}, "pretrain": {"tokenizer": str(demo)}}
    else:
        job["model"] = {"base": str(demo)}
    if job["method"] in ("full", "pretrain"):
        job.pop("lora")
    else:
        job["lora"] = {**json.loads((REPORTS / "job.json").read_text())["lora"], **CASES[case].get("lora", {})}
    job |= {"name": folder.name, "dir": str(folder), "steps": steps, "data": {"sources": [{"path": str(REPORTS / "train.jsonl")}]},
            "validation": {"every_steps": 0}, "precision": CASES[case].get("precision", "bf16_mixed"),
            "saving": {"every_steps": steps // 3, "every_minutes": 0, "keep_last": True}}
    file = folder.parent / (folder.name + ".json")
    file.write_text(json.dumps(job))
    return file


def trained(engine, job, folder, device, stop):
    """Trains to the end, in two goes if `stop`; the weights' hash and the losses."""
    command = [engine, "train", job, "--device", device]
    for go in range(2 if stop else 1):
        process = subprocess.Popen(command + ["--resume"] * go, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if stop and go == 0:
            for line in follow(folder / "events.jsonl", process):
                if line["event"] == "checkpoint":
                    process.send_signal(signal.SIGTERM)
                    break
        _, said = process.communicate()
        if process.returncode != (STOPPED if stop and go == 0 else 0):
            raise RuntimeError(f"exit code {process.returncode}: {said.strip()}")
    last = max((folder / "checkpoints").glob("step-*"))
    weights = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in sorted(last.glob("*model*.safetensors")))
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return hashlib.sha256(weights).hexdigest(), {e["step"]: e["loss"] for e in events if e["event"] == "metric"}


def follow(path, process):
    """The file's lines as they come, until the process ends."""
    while process.poll() is None and not path.exists():
        pass
    with open(path, encoding="utf-8") as file:
        waiting = ""
        while process.poll() is None:
            waiting += file.readline()
            if waiting.endswith("\n"):
                yield json.loads(waiting)
                waiting = ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine")
    parser.add_argument("out", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=60)
    arguments = parser.parse_args()
    rows, good = [], True
    with tempfile.TemporaryDirectory() as name:
        os.environ["FACET_HOME"] = str(Path(name) / "home")
        for case in CASES:
            runs, row = [], {"case": case, "ok": False}
            try:
                for stop in (False, True):
                    folder = Path(name) / f"{case.replace(', ', '-').replace(' ', '-')}-{int(stop)}"
                    job = job_of(case, folder, arguments.steps)
                    runs.append(trained(arguments.engine, job, folder, arguments.device, stop))
                (whole, losses), (parts, resumed) = runs
                off = abs(losses[arguments.steps] - resumed[arguments.steps])
                row |= {"same_bytes": whole == parts, "last_losses_apart": off, "losses": [losses[1], losses[arguments.steps]]}
                row["ok"] = row["same_bytes"] if CASES[case].get("deterministic") else off <= LIMIT
            except RuntimeError as error:
                row["error"] = str(error)
            good &= row["ok"]
            rows.append(row)
            print(json.dumps(row), flush=True)
    arguments.out.write_text(json.dumps({"device": arguments.device, "rows": rows}, indent=1) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
