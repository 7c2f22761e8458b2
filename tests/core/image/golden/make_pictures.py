#!/usr/bin/env python3
"""Makes the odd pictures of pictures/ and what Pillow sees in them.

    .venv/bin/python tests/core/image/golden/make_pictures.py

Made with Pillow 13.0.0 (libjpeg-turbo 3.2.0, libwebp 1.6.0). Kinds of PNG, GIF and BMP that Pillow cannot write are put
together here, byte by byte; the pixels expected always come from Pillow:

    ImageOps.exif_transpose(Image.open(file)).convert("RGB")

except for 16-bit grey, where Pillow's conversion cuts at 255: there it is the high byte of the values Pillow reads.

Beside the pictures:
  manifest.json       a list of {"file", "format", "width", "height", "orientation", "tolerance"}: size upright, in
                      pixels; tolerance in levels of 255
  expected.safetensors   per file name, uint8 [height, width, 3]
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

OUT = Path(__file__).parent / "pictures"
rng = np.random.default_rng(20240312)
pictures: dict[str, tuple[bytes, int, int]] = {}  # name -> bytes, tolerance, orientation


def add(name, data, tolerance=0, orientation=1):
    pictures[name] = (data, tolerance, orientation)


def scene(width, height):
    """A smooth picture with edges, no two corners alike."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), (x * 3 + y * 5) % 256], -1)
    image = Image.fromarray(rgb.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse([width // 8, height // 8, width // 2, height // 2], fill=(250, 20, 30))
    draw.rectangle([width * 5 // 8, height // 2, width * 7 // 8, height * 7 // 8], fill=(20, 200, 40))
    return image


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


# --- PNG ---------------------------------------------------------------------------------------------------------

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed_rows(values, bits):
    """Rows [height, width * channels] of integers as PNG's bytes, with filters of all five kinds."""
    channels_bytes = {16: 2}.get(bits, 1)
    rows, previous = b"", None
    for number, row in enumerate(values):
        if bits == 16:
            line = row.astype(">u2").tobytes()
        elif bits == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            flags = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8).reshape(-1)
            line = np.packbits(flags).tobytes()
        kind = number % 5
        step = channels_bytes * packed_rows.channels if bits >= 8 else 1
        rows += bytes([kind]) + filtered(kind, line, previous or bytes(len(line)), step)
        previous = line
    return rows


def filtered(kind, line, above, step):
    out = bytearray()
    for i, value in enumerate(line):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        up = above[i]
        if kind == 4:
            p = left + up - corner
            guess = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
        else:
            guess = [0, left, up, (left + up) // 2][kind]
        out.append((value - guess) & 255)
    return bytes(out)


def png(values, bits, colour, before=b"", after=b"", interlaced=False, idat_parts=1):
    height, width, channels = values.shape
    packed_rows.channels = channels
    if interlaced:
        raw = b""
        for x, y, dx, dy in ADAM7:
            part = values[y::dy, x::dx]
            if part.size:
                raw += packed_rows(part.reshape(part.shape[0], -1), bits)
    else:
        raw = packed_rows(values.reshape(height, -1), bits)
    data = zlib.compress(raw, 9)
    size = -(-len(data) // idat_parts)
    idat = b"".join(chunk(b"IDAT", data[i : i + size]) for i in range(0, len(data), size))
    ihdr = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + before + idat + after + chunk(b"IEND", b"")


def exif(orientation, big=True):
    order = ">" if big else "<"
    head = (b"MM\0*" if big else b"II*\0") + struct.pack(order + "I", 8)
    return head + struct.pack(order + "H", 1) + struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)


def xmp(orientation):
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        f'tiff:Orientation="{orientation}"/></x:xmpmeta>'
    ).encode()


def random(height, width, channels, limit):
    return rng.integers(0, limit, (height, width, channels))


add("one_pixel.png", saved(Image.new("RGB", (1, 1), (200, 100, 50)), "PNG"))
add("narrow_1x3000.png", saved(scene(1, 3000), "PNG", optimize=True))
add("wide_3000x1.png", saved(scene(3000, 1), "PNG", optimize=True))
add("rgb.png", saved(scene(61, 47), "PNG", optimize=True))
add("rgb_filters.png", png(np.asarray(scene(23, 17)).astype(int), 8, 2, idat_parts=5))
add("rgb_transparent_colour.png", png(random(9, 9, 3, 2) * 255, 8, 2, chunk(b"tRNS", struct.pack(">HHH", 255, 0, 255))))
add("grey.png", saved(scene(40, 31).convert("L"), "PNG"))
add("grey_alpha.png", png(random(13, 19, 2, 256), 8, 4))
add("grey_transparent_value.png", png(random(9, 9, 1, 4) * 60, 8, 0, chunk(b"tRNS", struct.pack(">H", 60))))
add("rgba.png", png(random(21, 15, 4, 256), 8, 6))
add("rgba_fully_transparent.png", png(np.concatenate([random(8, 8, 3, 256), np.zeros((8, 8, 1), int)], -1), 8, 6))
colours = rng.integers(0, 256, (256, 3), dtype=np.uint8)
add("palette.png", png(random(16, 16, 1, 256), 8, 3, chunk(b"PLTE", colours.tobytes())))
add("palette_alpha.png", png(random(16, 17, 1, 40), 8, 3,
                             chunk(b"PLTE", colours[:40].tobytes()) + chunk(b"tRNS", bytes(range(0, 120, 5)))))
add("palette_transparent_index.png", png(random(10, 10, 1, 4), 8, 3,
                                         chunk(b"PLTE", colours[:4].tobytes()) + chunk(b"tRNS", b"\xff\0")))
add("palette_too_short.png", png(random(16, 16, 1, 256), 8, 3, chunk(b"PLTE", colours[:7].tobytes())))
for bits in (1, 2, 4):
    add(f"palette_{bits}bit.png", png(random(7, 13, 1, 1 << bits), bits, 3,
                                      chunk(b"PLTE", colours[: 1 << bits].tobytes())))
    add(f"grey_{bits}bit.png", png(random(7, 13, 1, 1 << bits), bits, 0))
add("grey_16bit.png", png(random(12, 11, 1, 65536), 16, 0))
add("grey_alpha_16bit.png", png(random(12, 11, 2, 65536), 16, 4))
add("rgb_16bit.png", png(random(12, 11, 3, 65536), 16, 2))
add("rgba_16bit.png", png(random(12, 11, 4, 65536), 16, 6))
add("interlaced_rgb.png", png(np.asarray(scene(29, 21)).astype(int), 8, 2, interlaced=True))
add("interlaced_1bit.png", png(random(11, 13, 1, 2), 1, 0, interlaced=True))
add("interlaced_palette_4bit.png", png(random(9, 9, 1, 16), 4, 3, chunk(b"PLTE", colours[:16].tobytes()),
                                       interlaced=True))
add("interlaced_grey_16bit.png", png(random(9, 10, 1, 65536), 16, 0, interlaced=True))
add("interlaced_one_pixel.png", png(random(1, 1, 3, 256), 8, 2, interlaced=True))
small = np.asarray(scene(12, 8)).astype(int)
add("exif_chunk_6.png", png(small, 8, 2, chunk(b"eXIf", exif(6))), 0, 6)
add("exif_chunk_after_pixels_8.png", png(small, 8, 2, after=chunk(b"eXIf", exif(8, big=False))), 0, 8)
add("xmp_3.png", png(small, 8, 2, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(3))), 0, 3)
add("xmp_packed_5.png", png(small, 8, 2, chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp(5)))), 0, 5)
profile = b"\nexif\n%8d\n" % len(exif(7)) + exif(7).hex().encode() + b"\n"
add("raw_profile_7.png", png(small, 8, 2, chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile))), 0, 7)
frame = struct.pack(">IIIIIHHBB", 0, 12, 8, 0, 0, 1, 10, 0, 0)
add("animated.png", png(small, 8, 2, chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", frame)))

# --- JPEG --------------------------------------------------------------------------------------------------------

photo = scene(43, 33)
add("baseline.jpg", saved(photo, "JPEG", quality=90, subsampling=0), 3)
add("subsampled_420.jpg", saved(photo, "JPEG", quality=85, subsampling="4:2:0"), 3)
add("subsampled_422.jpg", saved(photo, "JPEG", quality=85, subsampling="4:2:2"), 3)
add("subsampled_422_even.jpg", saved(scene(44, 32), "JPEG", quality=85, subsampling="4:2:2"), 3)
for width in (1, 2, 4, 5):
    for kind in ("4:2:0", "4:2:2"):
        noise = Image.fromarray(random(18, width, 3, 256).astype(np.uint8))
        add(f"narrow_{width}_{kind.replace(':', '')}.jpg", saved(noise, "JPEG", quality=95, subsampling=kind), 3)


def resampled(data, sampling):
    """The same blocks under other sampling factors: a scrambled, but valid picture of a kind Pillow does not write."""
    frame = data.index(b"\xff\xc0")
    return data[: frame + 11] + bytes([sampling]) + data[frame + 12 :]


add("subsampled_440.jpg", resampled(saved(scene(31, 31), "JPEG", quality=85, subsampling="4:2:2"), 0x12), 3)
add("subsampled_411.jpg", resampled(saved(scene(31, 31), "JPEG", quality=85, subsampling="4:2:0"), 0x41), 3)
add("progressive.jpg", saved(photo, "JPEG", quality=80, progressive=True), 3)
add("restarts.jpg", saved(photo, "JPEG", quality=80, restart_marker_blocks=2), 3)
add("low_quality.jpg", saved(photo, "JPEG", quality=10), 3)
add("grey.jpg", saved(photo.convert("L"), "JPEG", quality=90), 3)
add("one_pixel.jpg", saved(Image.new("RGB", (1, 1), (200, 100, 50)), "JPEG"), 3)
add("wide_3000x1.jpg", saved(scene(3000, 1), "JPEG", quality=70), 3)
add("rgb_adobe.jpg", saved(photo, "JPEG", quality=90, keep_rgb=True), 3)
for orientation in range(1, 9):
    data = b"Exif\0\0" + exif(orientation, big=orientation % 2 == 0)
    add(f"exif_{orientation}.jpg", saved(scene(24, 16), "JPEG", quality=85, exif=data), 3, orientation)
add("xmp_6.jpg", saved(scene(24, 16), "JPEG", quality=85, xmp=xmp(6)), 3, 6)

cmyk = Image.merge("CMYK", [*scene(40, 33).split(), scene(40, 33).convert("L").point(lambda v: v // 2)])
cmyk_jpeg = saved(cmyk, "JPEG", quality=90)  # Adobe segment, transform 0, inverted
add("cmyk.jpg", cmyk_jpeg, 3)
adobe = cmyk_jpeg.index(b"\xff\xeeAdobe"[:2])
without = cmyk_jpeg[:adobe] + cmyk_jpeg[adobe + 16 :]
assert b"Adobe" not in without
add("cmyk_without_adobe.jpg", without, 3)
ycck = bytearray(cmyk_jpeg)
ycck[adobe + 15] = 2  # the same numbers, read as YCCK
add("ycck.jpg", bytes(ycck), 3)

# --- WebP --------------------------------------------------------------------------------------------------------

add("lossy.webp", saved(photo, "WEBP", quality=70), 0)
add("lossless.webp", saved(photo, "WEBP", lossless=True))
rgba = Image.fromarray(np.concatenate([np.asarray(photo), random(33, 43, 1, 256).astype(np.uint8)], -1))
add("lossy_alpha.webp", saved(rgba, "WEBP", quality=70, alpha_quality=50), 0)
add("lossless_alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True))
turned = [photo, photo.rotate(90, expand=False), photo.rotate(180)]
add("animated.webp", saved(turned[0], "WEBP", save_all=True, append_images=turned[1:], duration=100, quality=60), 0)
spot = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
spot.paste((200, 50, 90, 255), (10, 8, 22, 19))
add("animated_offset.webp", saved(spot, "WEBP", save_all=True, append_images=[spot.rotate(90)], lossless=True))
add("exif_6.webp", saved(scene(24, 16), "WEBP", lossless=True, exif=exif(6)), 0, 6)
add("xmp_8.webp", saved(scene(24, 16), "WEBP", lossless=True, xmp=xmp(8)), 0, 8)

# --- GIF ---------------------------------------------------------------------------------------------------------

add("still.gif", saved(scene(41, 29).quantize(100), "GIF"))
add("interlaced.gif", saved(scene(41, 29).quantize(60), "GIF", interlace=True))
add("grey.gif", saved(scene(30, 20).convert("L"), "GIF"))
add("animated.gif", saved(turned[0].quantize(32), "GIF", save_all=True,
                          append_images=[t.quantize(32) for t in turned[1:]], duration=100))
add("one_pixel.gif", saved(Image.new("P", (1, 1), 0), "GIF"))


def lzw(indices, bits, clear_when_full):
    """LZW codes of GIF; without clearing, the full table stays in use to the end."""
    clear = 1 << bits
    table = {bytes([i]): i for i in range(clear)}
    size, next_code, buffer, filled = bits + 1, clear + 2, clear, bits + 1
    word = b""
    for value in [bytes([i]) for i in indices] + [None]:
        if value is not None and word + value in table:
            word += value
            continue
        buffer |= table[word] << filled
        filled += size
        if value is None:
            break
        if next_code < 4096:
            table[word + value] = next_code
            if next_code == 1 << size and size < 12:
                size += 1
            next_code += 1
        elif clear_when_full:
            buffer |= clear << filled
            filled += size
            table = {bytes([i]): i for i in range(clear)}
            size, next_code = bits + 1, clear + 2
        word = value
    buffer |= (clear + 1) << filled
    data = buffer.to_bytes((filled + size + 7) // 8, "little")
    return b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255)) + b"\0"


def gif(indices, screen, at, palette, local=b"", control=b"", clear_when_full=True, between=b""):
    height, width = indices.shape
    depth = lambda table: (len(table) // 3).bit_length() - 2
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80 | depth(palette) if palette else 0, 1, 0) + palette
    place = b"," + struct.pack("<HHHHB", *at, width, height, 0x80 | depth(local) if local else 0) + local
    return head + control + between + place + b"\x08" + lzw(indices.reshape(-1).tolist(), 8, clear_when_full) + b";"


table = colours.tobytes()
transparent_5 = b"!\xf9\4\1\0\0\5\0"
spotted = rng.integers(0, 8, (12, 14))
add("transparent.gif", gif(spotted, (14, 12), (0, 0), table, control=transparent_5))
add("frame_in_canvas.gif", gif(spotted, (20, 17), (3, 4), table))
add("frame_in_canvas_transparent.gif", gif(spotted, (20, 17), (3, 4), table, control=transparent_5))
add("frame_beyond_canvas.gif", gif(spotted, (10, 10), (3, 4), table))
add("local_palette.gif", gif(spotted, (14, 12), (0, 0), table, local=colours[::-1].tobytes(),
                             between=b"!\xfe\5hello\0"))
add("palette_too_short.gif", gif(rng.integers(0, 12, (9, 9)), (9, 9), (0, 0), table[:24]))
add("without_palette.gif", gif(spotted * 30, (14, 12), (0, 0), b""))
add("full_table_kept.gif", gif(rng.integers(0, 256, (92, 92)), (92, 92), (0, 0), table, clear_when_full=False))

# --- BMP ---------------------------------------------------------------------------------------------------------

add("rgb.bmp", saved(scene(19, 13), "BMP"))
add("grey.bmp", saved(scene(19, 13).convert("L"), "BMP"))
add("palette.bmp", saved(scene(19, 13).quantize(50), "BMP"))
add("one_bit.bmp", saved(scene(19, 13).convert("1"), "BMP"))
add("rgba.bmp", saved(Image.fromarray(random(7, 9, 4, 256).astype(np.uint8), "RGBA"), "BMP"))


def bmp(width, height, bits, rows, palette=b"", masks=b"", colours_used=0, header=40):
    offset = 14 + header + (len(masks) if header == 40 else 0) + len(palette)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, 3 if masks else 0, len(rows), 2835, 2835,
                           colours_used, 0) + masks
        info += bytes(max(header - len(info), 0))
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + info + palette + rows


def bmp_rows(values, dtype):
    lines = [row.astype(dtype).tobytes() for row in values]
    return b"".join(line + bytes(-len(line) % 4) for line in lines)


every16 = rng.integers(0, 65536, (9, 11))
add("rgb555.bmp", bmp(11, 9, 16, bmp_rows(every16, "<u2")))
add("rgb565.bmp", bmp(11, 9, 16, bmp_rows(every16, "<u2"), masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
every32 = rng.integers(0, 1 << 32, (5, 7))
add("rgba_masks.bmp", bmp(7, 5, 32, bmp_rows(every32, "<u4"), header=124,
                          masks=struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)))
add("top_down.bmp", bmp(7, -5, 24, bmp_rows(rng.integers(0, 256, (5, 21)), "u1")))
add("os2.bmp", bmp(7, 5, 8, bmp_rows(rng.integers(0, 256, (5, 7)), "u1"), palette=colours.tobytes(), header=12))
add("four_bit.bmp", bmp(9, 5, 4, bmp_rows(rng.integers(0, 256, (5, 5)), "u1"),
                        palette=b"".join(bytes(c) + b"\0" for c in colours[:16]), colours_used=16))


def expected(data):
    image = Image.open(io.BytesIO(data))
    mode = image.mode
    image = ImageOps.exif_transpose(image)
    if mode == "I;16":
        high = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.stack([high] * 3, -1)
    return np.asarray(image.convert("RGB"))


def write_safetensors(path, arrays):
    header, offset = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "U8", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values()))


def main():
    OUT.mkdir(exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    manifest, arrays = [], {}
    for name, (data, tolerance, orientation) in pictures.items():
        (OUT / name).write_bytes(data)
        pixels = expected(data)
        arrays[name] = np.ascontiguousarray(pixels)
        kind = {"png": "PNG", "jpg": "JPEG", "webp": "WebP", "gif": "GIF", "bmp": "BMP"}[name.split(".")[-1]]
        manifest.append({"file": name, "format": kind, "width": pixels.shape[1], "height": pixels.shape[0],
                         "orientation": orientation, "tolerance": tolerance})
    lines = ",\n".join("  " + json.dumps(entry) for entry in manifest)
    (OUT / "manifest.json").write_text("[\n" + lines + "\n]\n")
    write_safetensors(OUT / "expected.safetensors", arrays)
    print(len(manifest), "pictures,", sum(f.stat().st_size for f in OUT.iterdir()), "bytes")


if __name__ == "__main__":
    main()
