#!/usr/bin/env python3
"""Makes pan_and_scan.json: the crops that transformers cuts from pictures of many sizes.

    HF_HUB_OFFLINE=1 .venv/bin/python tests/core/image/golden/make_crops.py

Made with transformers 5.17 (Gemma3ImageProcessor.pan_and_scan_batched). Each row is
[width, height, min_crop_size, max_num_crops, min_ratio, [[x, y, width, height], ...]].
"""

import json
from pathlib import Path

import numpy as np
import torch
from transformers.models.gemma3.image_processing_gemma3 import Gemma3ImageProcessor

rng = np.random.default_rng(7)
cases = [(w, h, 256, 4, 1.2) for w in (255, 256, 511, 512, 600, 767, 768, 1023, 1024, 1025, 1279, 2000)
         for h in (255, 256, 300, 511, 512, 640, 853, 1024, 1666, 2399)]
cases += [(int(1.2 * h) + d, h, 256, 4, 1.2) for h in (500, 513, 640, 1000) for d in (-1, 0, 1)]
cases += [(h, int(1.2 * h) + d, 256, 4, 1.2) for h in (500, 513, 640, 1000) for d in (-1, 0, 1)]
cases += [(n * 300 + d, 300, 256, 4, 1.2) for n in (2, 3, 4, 5, 9) for d in (-151, -150, -149, -1, 0, 1, 149, 150)]
cases += [(1, 3000, 256, 4, 1.2), (3000, 1, 256, 4, 1.2), (1, 1, 256, 4, 1.2), (1024, 1024, 256, 4, 1.0)]
for _ in range(160):
    w, h = (int(v) for v in rng.integers(1, 3000, 2))
    cases.append((w, h, int(rng.choice([16, 100, 256, 400])), int(rng.integers(1, 9)),
                  float(rng.choice([1.0, 1.2, 1.5, 2.0]))))

processor = Gemma3ImageProcessor()
rows = []
for width, height, minimum, most, ratio in cases:
    # Each pixel of the two grids holds its own place, so a crop's first pixel says where it was cut.
    y, x = torch.meshgrid(torch.arange(height, dtype=torch.int16), torch.arange(width, dtype=torch.int16), indexing="ij")
    crops = processor.pan_and_scan_batched(torch.stack([x, y]), minimum, most, ratio)
    rects = [[int(c[0, 0, 0]), int(c[1, 0, 0]), c.shape[2], c.shape[1]] for c in crops if c.numel() > 0]
    rows.append([width, height, minimum, most, ratio, rects])
Path(__file__).with_name("pan_and_scan.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
print(len(rows), "sizes,", sum(bool(r[5]) for r in rows), "with crops")
