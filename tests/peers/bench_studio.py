"""Measures how fast the studio's window comes and what memory it takes, for "./dev bench studio".

    bench_studio.py FACET OUT.json

Five starts, off-screen and without a model, then five seconds in which the demo model answers without a break, five times. The
table shows the best of each beside its limit. "cpu" is without the time in which other programs had the processor.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

LIMITS = {
    "first_window_ms": ("first window, ms", 300),
    "resident_mb": ("resident, MB", 80),
    "longest_frame_ms": ("longest frame, ms", 16),
    "longest_frame_cpu_ms": ("  cpu", 16),
    "longest_event_ms": ("longest event, ms", 16),
    "longest_event_cpu_ms": ("  cpu", 16),
}


def main():
    program, out = sys.argv[1:3]
    starts = []
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "FACET_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        for _ in range(5):
            line = subprocess.run([program, "--measure-start", str(time.time_ns())], env=environment, check=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            start = json.loads(line)
            starts.append({"first_window_ms": start["first_window_ms"], "resident_mb": start["resident_kb"] / 1000})
        streams = []
        for _ in range(5):
            lines = subprocess.run([program, "--model", "demo", "--stream-session", "5"], env=environment, check=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            streams.append(json.loads(lines.splitlines()[-1]))
    best = {key: min(run[key] for run in starts + streams if key in run) for key in LIMITS}
    with open(out, "w") as file:
        json.dump({"best": best, "limits": {key: limit for key, (_, limit) in LIMITS.items()}, "starts": starts, "streams": streams}, file, indent=1)
    print(f"                      best of {len(starts)}   limit    ({sum(run['frames'] for run in streams)} frames)")
    for key, (name, limit) in LIMITS.items():
        print(f"{name:20} {best[key]:9.1f} {limit:7}  {'ok' if best[key] <= limit else 'over'}")


if __name__ == "__main__":
    main()
