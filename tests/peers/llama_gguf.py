"""What llama.cpp makes of a GGUF, through its C API in the wheel of xllamacpp (PyPI), which needs no compiler.

    llama_gguf.py tokenize MODEL.gguf TEXTS.json             # ids of each text
    llama_gguf.py greedy MODEL.gguf IDS.json --tokens 64     # the ids that follow each list of ids
    llama_gguf.py logits MODEL.gguf IDS.json OUT.safetensors # of every position, as hf_logits.py writes them
    llama_gguf.py picture MODEL.gguf MMPROJ.gguf IMAGE OUT.safetensors  # what its CLIP makes of a picture, [tokens, width]

Prints one line of JSON. The wheel is installed into .cache/llama once. Only the first functions of llama.h are used, with structs
that are passed on as they came; their order is read from no header, so a new version of the wheel is to be tried first.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / ".cache" / "llama" / "xllamacpp"
PACKAGE = "xllamacpp==2026.10.11549"


class Blob(ctypes.Structure):
    """A struct that is taken and given back by value, larger than any of theirs."""
    _fields_ = [("bytes", ctypes.c_uint64 * 128)]


class Batch(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_int32), ("token", ctypes.POINTER(ctypes.c_int32)), ("embd", ctypes.c_void_p),
                ("pos", ctypes.POINTER(ctypes.c_int32)), ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
                ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))), ("logits", ctypes.POINTER(ctypes.c_int8))]


def library():
    if not SITE.exists():
        part = SITE.with_suffix(".part")
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--only-binary=:all:", "--target", part, PACKAGE], check=True, stdout=sys.stderr)
        part.rename(SITE)
    found = ctypes.CDLL(str(next((SITE / "xllamacpp").glob("xllamacpp*.so"))))
    pointer, number, text = ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p
    for name, result, arguments in [
            ("llama_log_set", None, [pointer, pointer]),
            ("llama_model_default_params", Blob, []),
            ("llama_context_default_params", Blob, []),
            ("llama_model_load_from_file", pointer, [text, Blob]),
            ("llama_init_from_model", pointer, [pointer, Blob]),
            ("llama_model_get_vocab", pointer, [pointer]),
            ("llama_vocab_n_tokens", number, [pointer]),
            ("llama_tokenize", number, [pointer, text, number, pointer, number, ctypes.c_bool, ctypes.c_bool]),
            ("llama_get_memory", pointer, [pointer]),
            ("llama_memory_clear", None, [pointer, ctypes.c_bool]),
            ("llama_batch_init", Batch, [number, number, number]),
            ("llama_decode", number, [pointer, Batch]),
            ("llama_get_logits_ith", ctypes.POINTER(ctypes.c_float), [pointer, number]),
            ("llama_n_ctx", ctypes.c_uint32, [pointer]),
            ("llama_set_n_threads", None, [pointer, number, number]),
            ("mtmd_context_params_default", Blob, []),
            ("mtmd_init_from_file", pointer, [text, pointer, Blob]),
            ("mtmd_bitmap_init", pointer, [ctypes.c_uint32, ctypes.c_uint32, pointer]),
            ("mtmd_input_chunks_init", pointer, []),
            ("mtmd_input_chunks_size", ctypes.c_size_t, [pointer]),
            ("mtmd_input_chunks_get", pointer, [pointer, ctypes.c_size_t]),
            ("mtmd_input_chunk_get_type", number, [pointer]),
            ("mtmd_input_chunk_get_n_tokens", ctypes.c_size_t, [pointer]),
            ("mtmd_default_marker", text, []),
            ("mtmd_tokenize", number, [pointer, pointer, pointer, pointer, ctypes.c_size_t]),
            ("mtmd_encode_chunk", number, [pointer, pointer]),
            ("mtmd_get_output_embd", ctypes.POINTER(ctypes.c_float), [pointer]),
            ("ggml_quantize_chunk", ctypes.c_size_t, [ctypes.c_int, pointer, pointer] + 3 * [ctypes.c_int64] + [pointer]),
            ("llama_model_n_embd", number, [pointer])]:
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
last_words = []


@LOG
def keep(_level, words, _data):
    last_words.append(words.decode(errors="replace"))


def quantized(numbers, kind):
    """The bytes that ggml's own quantizer makes of float32 [rows, columns]; `kind` is a ggml_type."""
    import numpy as np
    source = np.ascontiguousarray(numbers, np.float32)
    out = np.empty(source.nbytes, np.uint8)
    size = library().ggml_quantize_chunk(kind, source.ctypes.data, out.ctypes.data, 0, *source.shape, None)
    return out[:size]


class Model:
    def __init__(self, path):
        self.llama = library()
        self.llama.llama_log_set(ctypes.cast(keep, ctypes.c_void_p), None)
        self.model = self.llama.llama_model_load_from_file(str(path).encode(), self.llama.llama_model_default_params())
        if not self.model:
            sys.exit("llama.cpp does not load it: " + "".join(last_words[-5:]))
        self.vocab = self.llama.llama_model_get_vocab(self.model)
        self.context = None

    def tokenize(self, text):
        data = text.encode()
        ids = (ctypes.c_int32 * (len(data) + 8))()
        count = self.llama.llama_tokenize(self.vocab, data, len(data), ids, len(ids), True, True)
        return list(ids[:count])

    def logits(self, ids, past=0, every=True):
        """Of every position, or of the last one alone; without a past the cache is cleared first."""
        import numpy as np
        if self.context is None:
            self.context = self.llama.llama_init_from_model(self.model, self.llama.llama_context_default_params())
            threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
            self.llama.llama_set_n_threads(self.context, threads, threads)
            self.batch = self.llama.llama_batch_init(self.llama.llama_n_ctx(self.context), 0, 1)
        if past == 0:
            self.llama.llama_memory_clear(self.llama.llama_get_memory(self.context), True)
        if past + len(ids) > self.llama.llama_n_ctx(self.context):
            sys.exit(f"{past + len(ids)} tokens do not fit into llama.cpp's {self.llama.llama_n_ctx(self.context)}")
        self.batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            self.batch.token[i], self.batch.pos[i], self.batch.n_seq_id[i] = token, past + i, 1
            self.batch.seq_id[i][0] = 0
            self.batch.logits[i] = every or i + 1 == len(ids)
        if self.llama.llama_decode(self.context, self.batch) != 0:
            sys.exit("llama_decode failed: " + "".join(last_words[-5:]))
        count = self.llama.llama_vocab_n_tokens(self.vocab)
        rows = range(len(ids)) if every else [len(ids) - 1]
        return np.stack([np.ctypeslib.as_array(self.llama.llama_get_logits_ith(self.context, i), (count,)).copy()
                         for i in rows])

    def greedy(self, prompt, count):
        """The ids, and by how much each was ahead of the next best."""
        import numpy as np
        ids, leads = [], []
        row, past = self.logits(prompt, 0, False)[-1], len(prompt)
        for _ in range(count):
            best = np.argpartition(row, -2)[-2:]
            second, first = best[np.argsort(row[best])]
            ids.append(int(first))
            leads.append(float(row[first] - row[second]))
            row, past = self.logits([ids[-1]], past, False)[-1], past + 1
        return {"ids": ids, "leads": leads}

    def picture(self, projector, path):
        import numpy as np
        from PIL import Image
        vision = self.llama.mtmd_init_from_file(str(projector).encode(), self.model, self.llama.mtmd_context_params_default())
        if not vision:
            sys.exit("llama.cpp's CLIP does not load it: " + "".join(last_words[-5:]))
        image = Image.open(path).convert("RGB")
        bitmap = self.llama.mtmd_bitmap_init(image.width, image.height, image.tobytes())

        class Text(ctypes.Structure):
            _fields_ = [("text", ctypes.c_char_p), ("add_special", ctypes.c_bool), ("parse_special", ctypes.c_bool)]

        chunks = self.llama.mtmd_input_chunks_init()
        text = Text(self.llama.mtmd_default_marker(), True, True)
        if self.llama.mtmd_tokenize(vision, chunks, ctypes.byref(text), (ctypes.c_void_p * 1)(bitmap), 1) != 0:
            sys.exit("mtmd_tokenize failed: " + "".join(last_words[-5:]))
        width = self.llama.llama_model_n_embd(self.model)
        for i in range(self.llama.mtmd_input_chunks_size(chunks)):
            chunk = self.llama.mtmd_input_chunks_get(chunks, i)
            if self.llama.mtmd_input_chunk_get_type(chunk) != 1:  # MTMD_INPUT_CHUNK_TYPE_IMAGE
                continue
            if self.llama.mtmd_encode_chunk(vision, chunk) != 0:
                sys.exit("mtmd_encode_chunk failed: " + "".join(last_words[-5:]))
            count = self.llama.mtmd_input_chunk_get_n_tokens(chunk)
            return np.ctypeslib.as_array(self.llama.mtmd_get_output_embd(vision), (count, width)).copy()
        sys.exit("llama.cpp saw no picture")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=["tokenize", "greedy", "logits", "picture"])
    parser.add_argument("model", type=Path)
    parser.add_argument("given", nargs="+", type=Path)
    parser.add_argument("--tokens", type=int, default=64)
    arguments = parser.parse_args()
    model = Model(arguments.model)
    if arguments.work == "picture":
        from safetensors.numpy import save_file
        features = model.picture(*arguments.given[:2])
        save_file({"features": features}, arguments.given[2])
        print(json.dumps({"shape": features.shape}))
        return
    given = json.loads(arguments.given[0].read_text())
    if arguments.work == "tokenize":
        print(json.dumps([model.tokenize(text) for text in given]))
    elif arguments.work == "greedy":
        print(json.dumps([model.greedy(ids, arguments.tokens) for ids in given]))
    else:
        import numpy as np
        from safetensors.numpy import save_file
        tensors = {str(i): model.logits(ids) for i, ids in enumerate(given)}
        tensors |= {f"{i}.ids": np.array(ids, np.int64) for i, ids in enumerate(given)}
        save_file(tensors, arguments.given[1])
        print(json.dumps({"prompts": len(given)}))


if __name__ == "__main__":
    main()
