"""The part of bench_studio.py that gives the window more than one usually has: a run of a million events, two hundred runs of which
four are under way, a log of 10 GB and a data file of a million rows. All lies in a temporary folder (12 GB) and is removed again.
"""

import json
import math
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

MILLION = 1_000_000
LOG_BYTES = 10 << 30
NUM_RUNS, NUM_UNDER_WAY = 200, 4

# key: (what it is, limit or None)
LIMITS = {
    "open_ms": ("run of 1 M events opens, ms", 2000),
    "open_cpu_ms": ("  cpu, all threads", 2000),
    "open_longest_event_cpu_ms": ("  longest event, cpu", None),
    "replot_ms": ("1 M points replot, ms", 16),
    "smooth_event_cpu_ms": ("  smoothed anew, cpu ms", None),
    "new_point_ms": ("new point on screen, ms (worst)", 500),
    "new_point_event_event_ms": ("  longest event, ms", 16),
    "new_point_event_event_cpu_ms": ("  cpu", 16),
    "poll_percent": ("200 runs polled, % of a core", 2),
    "poll_event_cpu_ms": ("  longest event, cpu ms", 16),
    "log_open_ms": ("log of 10 GB opens, ms", 200),
    "log_event_ms": ("  longest event, ms", 16),
    "log_event_cpu_ms": ("  cpu", 16),
    "rows_ms": ("first rows of 1 M, ms", 1000),
    "rows_cpu_ms": ("  cpu, all threads", 1000),
    "index_ms": ("  all rows indexed, ms", None),
    "counted_ms": ("  all rows counted, ms", None),
    "data_event_ms": ("  longest event, ms", 16),
    "data_event_cpu_ms": ("  cpu", 16),
}


def identity():
    """This process, as status.json has it: the runs that it claims to be are alive as long as it is."""
    with open("/proc/self/stat") as file:
        start = int(file.read().rsplit(")", 1)[1].split()[19])
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return {"host": socket.gethostname(), "boot_id": boot, "pid": os.getpid(), "process_start": start}


def write_status(folder, state, step, num_steps):
    status = {**identity(), "state": state, "message": "", "slurm_job_id": "", "slurm_restarts": 0, "heartbeat": time.time(),
              "step": step, "num_steps": num_steps}
    (folder / "status.json.new").write_text(json.dumps(status))
    (folder / "status.json.new").rename(folder / "status.json")


def metric(step):
    loss = 0.45 + 2.3 * math.exp(-step / 2e5) + 0.12 * math.sin(step * 12.9898)
    return (f'{{"event":"metric","time":{1764057600.25 + 6.2 * step:.2f},"step":{step},"tokens":{step * 32768},"targets":7001,'
            f'"loss":{loss:.15f},"lr":{1e-4 * (0.5 + 0.5 * math.cos(step / 3.2e5)):.12g},"grad_norm":{0.6 + 0.05 * math.sin(step):.15f},'
            f'"tokens_per_second":{5320 + 40 * math.sin(step * 3):.10f},"data_seconds":0.0021,"forward_seconds":1.7512,'
            f'"backward_seconds":3.9921,"optimizer_seconds":0.0312,"communication_seconds":0.0,"tflops":82.71245,"mfu":0.50128,'
            f'"memory_bytes":17400000000,"seconds_left":{6.2 * (MILLION - step):.1f}}}\n')


def make_run(folder, num_steps, state="done", total=None):
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps({"facet_job": 1, "name": folder.name, "model": "demo"}))
    write_status(folder, state, num_steps, total or num_steps)
    with open(folder / "events.jsonl", "w") as file:
        for step in range(1, num_steps + 1):
            file.write(metric(step))
            if step % 20 == 0:  # a sample of the GPU every two seconds, with steps of 100 ms
                file.write(f'{{"event":"gpu","time":{1764057600.25 + 6.2 * step:.2f},"index":0,"utilization":0.97,'
                           f'"memory_bytes":17400000000,"watts":402.5,"celsius":71.0}}\n')
            if step % 1000 == 0:
                file.write(f'{{"event":"validation","time":{1764057600.25 + 6.2 * step:.2f},"step":{step},"loss":{1 + 1 / step},'
                           f'"targets":999}}\n')
            if step % 50_000 == 0:
                file.write(f'{{"event":"checkpoint","time":{1764057600.25 + 6.2 * step:.2f},"step":{step},'
                           f'"path":"checkpoints/step-{step:08}","why":"steps"}}\n')


def make_log(file):
    lines = "".join(f"14:20:{i % 60:02} step {i}: loss {1 + 1 / (i + 1):.4f}, 5314 tokens/s\n" for i in range(1, 200_001)).encode()
    with open(file, "wb") as out:
        while out.tell() < LOG_BYTES:
            out.write(lines)


def make_rows(file):
    with open(file, "w") as out:
        for i in range(MILLION):
            out.write(f'{{"messages":[{{"role":"user","content":"What is {i} and {"one " * (1 + i % 9)}?"}},'
                      f'{{"role":"assistant","content":"It is number {i + 1}."}}]}}\n')


class Writer:
    """What runs under way do: a status and some lines a second."""

    def __init__(self, work):
        self.work, self.is_over = work, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.is_over.wait(0.5):
            self.work()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


def session(program, home, part):
    environment = {**os.environ, "FACET_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([program, "--size-session", part], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench_studio_size.py: {part}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_run(program, place):
    make_run(place / "runs/million", MILLION)
    copy = place / "events.jsonl"
    shutil.copy(place / "runs/million/events.jsonl", copy)
    results = []
    for _ in range(3):
        shutil.copy(copy, place / "runs/million/events.jsonl")
        results.append(session(program, place, "run"))
    return results


def measure_runs(program, place):
    for i in range(NUM_RUNS):
        make_run(place / f"runs/run-{i:03}", 500, "running" if i < NUM_UNDER_WAY else "done", 100_000 if i < NUM_UNDER_WAY else 500)
    steps = [500]

    def work():
        steps[0] += 1
        for i in range(NUM_UNDER_WAY):
            folder = place / f"runs/run-{i:03}"
            write_status(folder, "running", steps[0], 100_000)
            with open(folder / "events.jsonl", "a") as file:
                file.write(metric(steps[0]))

    with Writer(work):
        return [session(program, place, "runs")]


def measure_log(program, place):
    make_run(place / "runs/long", 500)
    make_log(place / "runs/long/log.txt")

    def work():
        with open(place / "runs/long/log.txt", "a") as file:
            file.write("14:20:00 step 1: one more line\n" * 5)

    with Writer(work):
        return [session(program, place, "log") for _ in range(3)]


def measure_data(program, place):
    results = []
    for i in range(2):
        # Each a file that no index is known of.
        make_rows(place / f"rows-{i}.jsonl")
        results.append(session(program, place, f"data={place}/rows-{i}.jsonl"))
    return results


PARTS = {"run": measure_run, "runs": measure_runs, "log": measure_log, "data": measure_data}


def measure(program, parts=PARTS):
    """All results of all sessions."""
    results = []
    for name in parts:
        with tempfile.TemporaryDirectory(prefix="facet-bench-") as place:
            results += PARTS[name](program, pathlib.Path(place))
    return results
