"""Writes smoothing.json beside this file: curves as TensorBoard itself smooths them.

The function is cut out of the JavaScript that the wheel of tensorboard ships (webfiles.zip, resmoothDataset of vz_line_chart2) and
run by node. tests/ui/runs/curve_math_test.cpp compares with it.

    .venv/bin/python tests/ui/runs/golden/smoothing.py
"""

import json
import pathlib
import re
import subprocess
import zipfile

import tensorboard

INPUTS = """
    const curves = {
        noisy: Array.from({length: 120}, (_, i) => 0.45 + 2.3 * Math.exp(-i / 40) + 0.12 * Math.sin(i * 12.9898)),
        gaps: [3, 1, NaN, 2, 8, Infinity, -4, 1e-9, NaN, 5],
        constant: [5, 5, 5, 5],
        "constant at first": [2, 2, 2, 7, 1],
        "constant with a gap": [2, NaN, 2, 2],
        single: [0.125],
        empty: [],
    };
"""


def resmooth():
    with zipfile.ZipFile(pathlib.Path(tensorboard.__file__).with_name("webfiles.zip")) as files:
        text = files.read("index.js").decode()
    begin = text.index("resmoothDataset(t){")
    depth, end = 0, text.index("{", begin)
    while True:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
        if depth == 0:
            return text[begin:end]


def main():
    program = INPUTS + f"""
    class Chart {{
        constructor(weight) {{ this.smoothingWeight = weight; }}
        yValueAccessor(datum) {{ return datum.y; }}
        {resmooth()}
    }}
    const word = (value) => Number.isFinite(value) ? value : null;
    const cases = [];
    for (const [name, values] of Object.entries(curves))
        for (const weight of [0, 0.3, 0.6, 0.9, 0.99]) {{
            const data = values.map((y) => ({{y}}));
            new Chart(weight).resmoothDataset({{data: () => data}});
            cases.push({{name, weight, values: values.map(word), smoothed: data.map((datum) => word(datum.smoothed))}});
        }}
    console.log(JSON.stringify(cases));
    """
    cases = json.loads(subprocess.run(["node", "-e", program], check=True, capture_output=True, text=True).stdout)
    lines = ",\n".join(json.dumps(case) for case in cases)
    version = re.sub(r"\+.*", "", tensorboard.__version__)
    pathlib.Path(__file__).with_suffix(".json").write_text(f'{{"tensorboard": "{version}", "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
