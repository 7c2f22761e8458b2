"""Measures Facet, transformers and llama.cpp on this CPU, one after the other in rounds, and prints one table.

    bench_cpu.py --engine FACET_ENGINE --out FILE.json [--tokens 128] [--rounds 2] [--no-llama]

The real Gemma 3 270M (gemma3_270m.py), one sequence: reading a prompt of 128 tokens (prefill) and writing 128 more (decode).
Of each the best run counts, since whatever else the machine does only ever slows it down. llama.cpp (llama-cpp-python from PyPI,
built for this processor into .cache/llama: 8 minutes the first time) reads the same model in BF16, Q8_0 and Q4_0, all matrices in
that type (with Q4_0 the head in Q8_0), so that its bytes per weight are those of ours.
"""

import argparse
import ctypes
import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LLAMA = ROOT / ".cache" / "llama"
LLAMA_VERSION = "0.3.36"
GGUF = ROOT / ".cache" / "gemma3-270m" / "gemma-3-270m-q4_k_m.gguf"
FORMATS = {"float32": None, "bfloat16": "BF16", "int8": "Q8_0", "int4": "Q4_0"}  # ours: llama.cpp's of the same size
FILE_TYPES = {"BF16": 32, "Q8_0": 7, "Q4_0": 2}  # llama.h, enum llama_ftype
THREADS = os.cpu_count()


def run_json(command, **options):
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True, **options)
    return json.loads(result.stdout.strip().splitlines()[-1])


def model_folder():
    return subprocess.run([sys.executable, ROOT / "tests/peers/gemma3_270m.py", "--print-dir"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout.strip()


def build_llama():
    site = LLAMA / "site"
    if not site.exists():
        print("building llama.cpp into .cache/llama (about 8 minutes) ...", file=sys.stderr)
        part = LLAMA / "site.part"
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", part,
                        f"llama-cpp-python=={LLAMA_VERSION}"], check=True, stdout=sys.stderr,
                       env={**os.environ, "CMAKE_ARGS": "-DLLAMA_CURL=OFF"})
        part.rename(site)
    return site


def import_llama():
    sys.path.append(str(LLAMA / "site"))  # behind .venv: its numpy and the like are as good
    import llama_cpp
    return llama_cpp


def quantized(kind):
    """The model in one of llama.cpp's types, every matrix in it."""
    path = LLAMA / f"270m-{kind}.gguf"
    if not path.exists():
        llama_cpp = import_llama()
        parameters = llama_cpp.llama_model_quantize_default_params()
        parameters.ftype = FILE_TYPES[kind]
        parameters.allow_requantize = True
        parameters.pure = True
        if kind == "Q4_0":
            parameters.token_embedding_type = 8  # ggml.h: GGML_TYPE_Q8_0, since our int4 has its head in int8, too
        part = path.with_suffix(".part")
        if llama_cpp.llama_model_quantize(str(GGUF).encode(), str(part).encode(), ctypes.byref(parameters)) != 0:
            sys.exit(f"llama.cpp could not make {path}")
        part.rename(path)
    return path


def measure_llama(kind, tokens):
    llama_cpp = import_llama()
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(str(quantized(kind)).encode(), llama_cpp.llama_model_default_params())
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = 2 * tokens + 16, tokens, tokens
    parameters.n_threads = parameters.n_threads_batch = THREADS
    context = llama_cpp.llama_init_from_model(model, parameters)
    speeds = {"prefill": [], "decode": []}
    prompt = (ctypes.c_int32 * tokens)(2, *range(1000, 999 + tokens))
    for round_ in range(4):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        start = time.perf_counter()
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(prompt, tokens)) == 0
        llama_cpp.llama_synchronize(context)
        read = time.perf_counter()
        one = (ctypes.c_int32 * 1)(1234)
        for _ in range(tokens):
            assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(one, 1)) == 0
            llama_cpp.llama_synchronize(context)
        written = time.perf_counter()
        if round_ > 0:
            speeds["prefill"].append(tokens / (read - start))
            speeds["decode"].append(tokens / (written - read))
    return speeds


def measure_transformers(folder, tokens):
    import torch
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(THREADS)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    prompt = torch.tensor([[2, *range(1000, 999 + tokens)]])
    speeds = {"prefill": [], "decode": []}
    with torch.inference_mode():
        for round_ in range(3):
            start = time.perf_counter()
            output = model(prompt, use_cache=True, logits_to_keep=1)
            read = time.perf_counter()
            for _ in range(tokens):
                token = output.logits[:, -1:].argmax(-1)
                output = model(token, past_key_values=output.past_key_values, use_cache=True)
            written = time.perf_counter()
            if round_ > 0:
                speeds["prefill"].append(tokens / (read - start))
                speeds["decode"].append(tokens / (written - read))
    return speeds


def measure_facet(engine, folder, weights, tokens):
    result = run_json([engine, "bench", "--model", folder, "--device", "cpu", "--weights", weights, "--json",
                       "--prompt-tokens", tokens, "--tokens", tokens])
    result["prefill"] = result.pop("prefill_tokens_per_second")
    result["decode"] = result.pop("decode_tokens_per_second")
    return result


def in_own_process(*words):
    return run_json([sys.executable, __file__, "--only", *words], stderr=subprocess.DEVNULL)


def all_rounds(arguments, folder):
    facet, llama, transformers = {}, {}, {}
    def join(into, key, new):
        old = into.setdefault(key, new)
        if old is not new:
            for name in ("prefill", "decode"):
                old[name] += new[name]
            for name in ("read_bytes_per_second", "flops_per_second"):
                if name in old:
                    old[name] = max(old[name], new[name])
    for round_ in range(arguments.rounds):
        print(f"round {round_ + 1} of {arguments.rounds}", file=sys.stderr)
        join(transformers, "float32", in_own_process("transformers", folder, arguments.tokens))
        for weights, kind in FORMATS.items():
            join(facet, weights, measure_facet(arguments.engine, folder, weights, arguments.tokens))
            if kind and not arguments.no_llama:
                join(llama, kind, in_own_process("llama", kind, arguments.tokens))
    return facet, transformers["float32"], llama


def print_table(facet, transformers, llama):
    reads = max(result["read_bytes_per_second"] for result in facet.values())
    multiplies = max(result["flops_per_second"] for result in facet.values())
    print(f"This machine reads {reads / 1e9:.1f} GB/s and multiplies {multiplies / 1e9:.0f} GFLOP/s in float32.\n")
    print(f"{'tokens/s':8} {'weights':9} {'Facet':>8} {'transformers':>13} {'llama.cpp':>15} {'limit':>8} {'share':>7}")
    for work in ("decode", "prefill"):
        for weights, kind in FORMATS.items():
            result = facet[weights]
            ours = max(result[work])
            limit = (reads / result["bytes_per_token"] if work == "decode" else multiplies / result["flops_per_prompt_token"])
            theirs = f"{max(llama[kind][work]):.1f} {kind}" if kind in llama else "-"
            print(f"{work:8} {weights:9} {ours:8.1f} {max(transformers[work]):13.1f} {theirs:>15} {limit:8.1f} {ours / limit:7.0%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--no-llama", action="store_true", help="leave llama.cpp out, which has to be built first")
    parser.add_argument("--only", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        what, subject, tokens = arguments.only
        measure = {"llama": measure_llama, "transformers": measure_transformers}[what]
        print(json.dumps(measure(subject, int(tokens))))
        return

    folder = model_folder()
    if not arguments.no_llama:
        build_llama()
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"note: this machine is busy (load {load:.1f}), so all numbers are lower than they could be", file=sys.stderr)
    facet, transformers, llama = all_rounds(arguments, folder)
    print_table(facet, transformers, llama)
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({
        "work": "Gemma 3 270M, one sequence", "tokens": arguments.tokens, "date": datetime.datetime.now().isoformat(),
        "cpu": cpu, "threads": THREADS, "load_before": load, "facet": facet, "transformers_float32": transformers,
        "llama_cpp": llama, "llama_cpp_python": LLAMA_VERSION}, indent=1) + "\n")
    print(f"\nWritten to {arguments.out}.")


if __name__ == "__main__":
    main()
