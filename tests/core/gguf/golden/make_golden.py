"""Writes types.gguf with gguf-py: every type of tensor that Facet reads beside the values that gguf-py gives it, and a value of
every type of metadata. Also the small inputs of tests/fuzz/corpus/gguf.

    make_golden.py          # in .venv of the checkout
"""

from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parents[2] / "fuzz/corpus/gguf"
SCALES = {Type.Q4_0: [0], Type.Q5_0: [0], Type.Q8_0: [0], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208]}


def random_blocks(kind, random):
    """Two rows of two blocks with any bits; only the half-precision scales are numbers."""
    length, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (4, size), dtype=np.uint8)
    halves = np.array([[0.0123], [-3.5], [6e-8], [1000]], np.float16).view(np.uint8)
    for at in SCALES[kind]:
        blocks[:, at:at + 2] = halves
    return blocks.reshape(2, 2 * size)


def add_types(writer, random):
    for kind in SCALES:
        blocks = random_blocks(kind, random)
        writer.add_tensor(kind.name, blocks, raw_dtype=kind)
        writer.add_tensor(f"{kind.name} values", gguf.dequantize(blocks, kind))
    for kind in (Type.F16, Type.BF16):
        words = random.integers(0, 65536, (3, 64), dtype=np.uint16)
        words[:, :8] = [0, 1, 0x8000, 0x8001, 0x03FF, 0x0400, 0x3C00, 0x7BFF]
        exponent = 0x7C00 if kind == Type.F16 else 0x7F80
        words[(words & exponent) == exponent] = 0x1234  # infinities and NaNs are tested elsewhere
        data = words.view(np.float16) if kind == Type.F16 else words.view(np.uint8)
        writer.add_tensor(kind.name, data, raw_dtype=kind)
        writer.add_tensor(f"{kind.name} values", gguf.dequantize(words.view(np.uint8), kind).reshape(words.shape))


def add_stored(writer, random):
    source = random.normal(0, 0.05, (8, 64)).astype(np.float32)
    source[1] = 0
    source[2, :8] = [127, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5, -126.5]  # halves, with a scale of 1
    source[3] *= 1e-6
    source[4] *= 1e5
    source[5, :4] = [65519, -65519, 2.0 ** -24, 2.0 ** -25]  # ends of half precision
    source[6] = 1 + np.arange(64, dtype=np.float32) * 2.0 ** -8  # ties of both 16-bit types
    source[7] = 1 + np.arange(64, dtype=np.float32) * 2.0 ** -11
    writer.add_tensor("source", source)
    for kind in (Type.Q8_0, Type.F16, Type.BF16):
        writer.add_tensor(f"{kind.name} of source", gguf.quantize(source, kind), raw_dtype=kind)


def add_metadata(writer):
    writer.add_uint8("a.u8", 255)
    writer.add_int8("a.i8", -128)
    writer.add_uint16("a.u16", 65535)
    writer.add_int16("a.i16", -32768)
    writer.add_uint32("a.u32", 4294967295)
    writer.add_int32("a.i32", -2147483648)
    writer.add_uint64("a.u64", 2 ** 64 - 1)
    writer.add_int64("a.i64", -2 ** 63)
    writer.add_float32("a.f32", 1e-6)
    writer.add_float64("a.f64", 0.1)
    writer.add_bool("a.bool", True)
    writer.add_string("a.text", "größe ▁")
    writer.add_array("a.texts", ["", "▁the", "\n"])
    writer.add_array("a.floats", [0.5, -1000.0])
    writer.add_array("a.integers", [1, 2, 3])
    writer.add_array("a.flags", [True, False])


def write(path, alignment=None, fill=()):
    writer = gguf.GGUFWriter(path, "gemma3")
    if alignment:
        writer.add_custom_alignment(alignment)
    for add in fill:
        add(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    random = np.random.default_rng(7)
    write(HERE / "types.gguf", fill=[add_metadata, lambda w: add_types(w, random), lambda w: add_stored(w, random)])
    CORPUS.mkdir(parents=True, exist_ok=True)
    write(CORPUS / "metadata.gguf", fill=[add_metadata])
    write(CORPUS / "tensors.gguf", fill=[lambda w: [w.add_tensor("a", np.ones((2, 3), np.float32)),
                                                    w.add_tensor("b", random_blocks(Type.Q4_0, random),
                                                                 raw_dtype=Type.Q4_0)]])
    write(CORPUS / "alignment.gguf", 64, [lambda w: w.add_tensor("a", np.ones(5, np.float16))])


if __name__ == "__main__":
    main()
