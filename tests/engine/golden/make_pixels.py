#!/usr/bin/env python3
"""What transformers' Gemma3ImageProcessor makes of the odd pictures of tests/core/image/golden/pictures.

    .venv/bin/python tests/engine/golden/make_pixels.py

Writes pixels.safetensors: per picture float32 [3, 24, 24]. It starts from the pixels that Pillow decoded
(expected.safetensors there), so only resizing and scaling are compared, and those bit for bit.
"""

from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor  # noqa: F401  (registers the backends)
from transformers.models.gemma3 import Gemma3ImageProcessor

SIZE = 24
HERE = Path(__file__).parent
decoded = load_file(HERE / "../../core/image/golden/pictures/expected.safetensors")
processor = Gemma3ImageProcessor(size={"height": SIZE, "width": SIZE})

pixels = {}
for name, picture in sorted(decoded.items()):
    if name.startswith(("narrow_", "exif_", "frame_")) and not name.startswith("narrow_1x"):
        continue  # as pictures they are like others
    image = Image.fromarray(picture.numpy())
    pixels[name] = processor(images=[image], return_tensors="pt")["pixel_values"][0].to(torch.float32).contiguous()
save_file(pixels, HERE / "pixels.safetensors")
print(f"{len(pixels)} pictures with {type(processor).__name__}")
