"""Measures how fast the studio's window comes and what memory it takes, for "./dev bench studio".

    bench_studio.py FACET OUT.json [start|stream|run|runs|log|data]...

Five starts, off-screen and without a model, then five seconds in which the demo model answers without a break, five times; then what
bench_studio_size.py makes. The table shows the best of each beside its limit. "cpu" is without the time in which other programs had
the processor.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import bench_studio_size

LIMITS = {
    "first_window_ms": ("first window, ms", 300),
    "resident_mb": ("resident, MB", 80),
    "longest_frame_ms": ("longest frame, ms", 16),
    "longest_frame_cpu_ms": ("  cpu", 16),
    "longest_event_ms": ("longest event, ms", 16),
    "longest_event_cpu_ms": ("  cpu", 16),
    **bench_studio_size.LIMITS,
}


def measure_starts(program, environment):
    starts = []
    for _ in range(5):
        line = subprocess.run([program, "--measure-start", str(time.time_ns())], env=environment, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        start = json.loads(line)
        starts.append({"first_window_ms": start["first_window_ms"], "resident_mb": start["resident_kb"] / 1000})
    return starts


def measure_streams(program, environment):
    streams = []
    for _ in range(5):
        lines = subprocess.run([program, "--model", "demo", "--stream-session", "5"], env=environment, check=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        streams.append(json.loads(lines.splitlines()[-1]))
    return streams


def main():
    program, out, *parts = sys.argv[1:]
    parts = parts or ["start", "stream", *bench_studio_size.PARTS]
    runs = []
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "FACET_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        if "start" in parts:
            runs += measure_starts(program, environment)
        if "stream" in parts:
            runs += measure_streams(program, environment)
    runs += bench_studio_size.measure(program, [part for part in parts if part in bench_studio_size.PARTS])
    best = {key: min(run[key] for run in runs if key in run) for key in LIMITS if any(key in run for run in runs)}
    with open(out, "w") as file:
        json.dump({"best": best, "limits": {key: limit for key, (_, limit) in LIMITS.items()}, "runs": runs}, file, indent=1)
    print(f"{'':32} {'best':>9} {'limit':>7}")
    for key, value in best.items():
        name, limit = LIMITS[key]
        print(f"{name:32} {value:9.1f} " + (f"{limit:7}  {'ok' if value <= limit else 'over'}" if limit else ""))


if __name__ == "__main__":
    main()
