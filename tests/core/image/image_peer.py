#!/usr/bin/env python3
"""image_peer.py FOLDER COUNT [SEED]: random pictures in FOLDER, and expected.safetensors with what Pillow sees.

Exit code 3 and a sentence if Pillow or numpy is missing.
"""

import io
import json
import struct
import sys
from pathlib import Path

try:
    import numpy as np
    from PIL import Image, ImageOps
except ImportError as error:
    print(f"cannot compare with Pillow: {error}")
    sys.exit(3)

folder, count = Path(sys.argv[1]), int(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else int.from_bytes(np.random.bytes(4), "little")
print("seed", seed)
rng = np.random.default_rng(seed)


def random_picture(mode):
    width, height = (int(v) for v in rng.integers(1, 90, 2))
    channels = {"RGBA": 4, "LA": 2, "L": 1, "CMYK": 4}.get(mode, 3)
    pixels = rng.integers(0, 256, (int(rng.integers(1, 9)), int(rng.integers(1, 9)), channels), dtype=np.uint8)
    parts = [Image.fromarray(pixels[..., c]).resize((width, height), Image.Resampling.BICUBIC) for c in range(channels)]
    if mode in ("P", "1"):
        image = Image.merge("RGB", parts)
        return image.quantize(int(rng.integers(2, 257))) if mode == "P" else image.convert("1")
    return parts[0] if mode == "L" else Image.merge(mode, parts)


KINDS = {
    "png": ("PNG", ["RGB", "RGBA", "LA", "L", "P", "1"]),
    "jpg": ("JPEG", ["RGB", "L", "CMYK"]),
    "webp": ("WEBP", ["RGB", "RGBA", "L"]),
    "gif": ("GIF", ["P", "L", "RGBA"]),
    "bmp": ("BMP", ["RGB", "RGBA", "L", "P", "1"]),
}
arrays = {}
for number in range(count):
    ending = list(KINDS)[number % len(KINDS)]
    kind, modes = KINDS[ending]
    image = random_picture(str(rng.choice(modes)))
    options = {}
    if ending in ("jpg", "webp"):
        options["quality"] = int(rng.integers(5, 101))
    if ending == "jpg":
        options |= {"progressive": bool(rng.integers(2)), "subsampling": int(rng.integers(3))}
    if ending == "webp":
        options |= {"lossless": bool(rng.integers(2))}
    if ending == "gif":
        options |= {"interlace": bool(rng.integers(2))}
    if ending in ("jpg", "png", "webp") and rng.integers(2):
        exif = Image.Exif()
        exif[0x0112] = int(rng.integers(0, 10))
        options["exif"] = exif
    file = io.BytesIO()
    image.save(file, kind, **options)
    name = f"{number:04}.{ending}"
    (folder / name).write_bytes(file.getvalue())
    arrays[name] = np.asarray(ImageOps.exif_transpose(Image.open(file)).convert("RGB"))

header, offset = {}, 0
for name, array in arrays.items():
    header[name] = {"dtype": "U8", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
    offset += array.nbytes
text = json.dumps(header).encode()
(folder / "expected.safetensors").write_bytes(
    struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values()))
