"""Measures Facet beside transformers and llama.cpp on this machine's GPU, in the true shapes with random weights made on the spot.

    bench_gpu.py decode|prefill|vision|ttft --engine FACET_ENGINE --out FILE.json [--shapes 1b,4b] [--no-peer]
                 [--llama FOLDER]

  decode   tokens a second after a prompt of 512, in bfloat16, int8 and int4, and 8 answers at once; transformers in bfloat16 with
           its static cache, compiled
  prefill  tokens a second of a prompt of 8192
  vision   milliseconds for one picture through the tower, its pixels on the GPU
  ttft     milliseconds from one picture's pixels and 34 tokens of text to the first token of the answer

llama.cpp takes part in decode and prefill where --llama names a folder with its llama-bench, built for this GPU, and the shapes as
1b.gguf, 1b-Q8_0.gguf, 1b-Q4_0.gguf and so on; flash attention is on, the best of its physical batches is not searched (2048).

The limit of decode is the bytes of the weights over what this GPU reads in a second, that of prefill the products' floating-point
operations over what it multiplies; both are measured in the same run. Nothing else should run on the GPU.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

TEXT = dict(head_dim=256, query_pre_attn_scalar=256, vocab_size=262208)
SHAPES = {
    "1b": TEXT | dict(vocab_size=262144, hidden_size=1152, num_hidden_layers=26, num_attention_heads=4,
                      num_key_value_heads=1, intermediate_size=6912, sliding_window=512),
    "4b": TEXT | dict(hidden_size=2560, num_hidden_layers=34, num_attention_heads=8, num_key_value_heads=4,
                      intermediate_size=10240, sliding_window=1024),
}
TOWER = dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, num_attention_heads=16, image_size=896,
             patch_size=14, vision_use_head=False)
CONTEXT, NEW, LONG, PICTURE_TOKENS, TEXT_TOKENS = 512, 128, 8192, 256, 34


def facet(engine, shape, *arguments):
    command = [engine, "bench", "--shape", f"gemma-3-{shape}", "--device", "cuda", "--json", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Transformers:
    """The peer, one shape at a time."""

    def __init__(self, shape):
        import torch
        from transformers import Gemma3Config, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, Gemma3TextConfig
        self.torch = torch
        with torch.device("cuda"):
            torch.set_default_dtype(torch.bfloat16)
            if shape == "1b":
                self.model = Gemma3ForCausalLM(Gemma3TextConfig(**SHAPES[shape]))
            else:
                self.model = Gemma3ForConditionalGeneration(
                    Gemma3Config(text_config=SHAPES[shape], vision_config=TOWER, mm_tokens_per_image=PICTURE_TOKENS))
            torch.set_default_dtype(torch.float32)
        self.model.eval()

    def seconds(self, work, runs=3):
        with self.torch.inference_mode():
            for _ in range(2):
                work()
            best = 1e9
            for _ in range(runs):
                self.torch.cuda.synchronize()
                start = time.perf_counter()
                work()
                self.torch.cuda.synchronize()
                best = min(best, time.perf_counter() - start)
        return best

    def ids(self, count):
        return self.torch.randint(3, 200000, (1, count), device="cuda")

    def decode(self):
        ids = self.ids(CONTEXT)

        def answer(count):
            self.model.generate(ids, attention_mask=self.torch.ones_like(ids), do_sample=False, max_new_tokens=count,
                                min_new_tokens=count, pad_token_id=0, cache_implementation="static")
        return (NEW - 1) / (self.seconds(lambda: answer(NEW)) - self.seconds(lambda: answer(1)))

    def prefill(self):
        ids = self.ids(LONG)
        return LONG / self.seconds(lambda: self.model(ids, logits_to_keep=1))

    def vision(self):
        pixels = self.torch.rand((1, 3, 896, 896), device="cuda", dtype=self.torch.bfloat16)
        return 1e3 * self.seconds(lambda: self.model.model.get_image_features(pixels))

    def ttft(self):
        pixels = self.torch.rand((1, 3, 896, 896))
        ids = self.ids(PICTURE_TOKENS + TEXT_TOKENS)
        ids[0, 4:4 + PICTURE_TOKENS] = self.model.config.image_token_id
        kinds = (ids == self.model.config.image_token_id).long()
        return 1e3 * self.seconds(lambda: self.model(
            ids, pixel_values=pixels.to("cuda", self.torch.bfloat16), token_type_ids=kinds, logits_to_keep=1
        ).logits[0, -1].argmax().item())


def llama(folder, shape, weights, what):
    """Tokens a second, or None where llama.cpp is not asked."""
    if folder is None or what not in ("decode", "prefill"):
        return None
    suffix = {"bfloat16": "", "int8": "-Q8_0", "int4": "-Q4_0"}[weights]
    work = ["-p", 0, "-n", NEW, "-d", CONTEXT] if what == "decode" else ["-p", LONG, "-n", 0, "-d", 0]
    command = [folder / "llama-bench", "-m", folder / f"{shape}{suffix}.gguf", "-ngl", 99, "-fa", 1, "-ub", 2048, "-r", 3,
               "-o", "json", *work]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return max(json.loads(done.stdout)[-1]["samples_ts"])


def measure(what, engine, shapes):
    """Rows: work, shape, weights, Facet's number, its limit (none for times), whether transformers does the same."""
    short = ("--prompt-tokens", CONTEXT, "--tokens", NEW, "--repeats", 3)
    for shape in shapes:
        if what == "decode":
            for weights in ("bfloat16", "int8", "int4"):
                row = facet(engine, shape, *short, "--weights", weights)
                yield f"decode {weights}", shape, weights, max(row["decode_tokens_per_second"]), row["decode_limit"], weights == "bfloat16"
            row = facet(engine, shape, *short, "--sequences", 8)
            yield "decode bfloat16, 8 answers", shape, None, max(row["decode_tokens_per_second"]), row["decode_limit"], False
        elif what == "prefill":
            row = facet(engine, shape, "--prompt-tokens", LONG, "--tokens", 1, "--repeats", 3)
            yield "prefill", shape, "bfloat16", max(row["prefill_tokens_per_second"]), row["prefill_limit"], True
        elif shape != "1b":
            row = facet(engine, shape, "--prompt-tokens", 8, "--tokens", 1, "--repeats", 5)
            seconds = row["picture_seconds"] if what == "vision" else row["first_token_seconds"]
            yield what, shape, None, 1e3 * min(seconds), None, True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["decode", "prefill", "vision", "ttft"])
    parser.add_argument("--engine", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--shapes", default="1b,4b")
    parser.add_argument("--no-peer", action="store_true", help="without transformers")
    parser.add_argument("--llama", type=Path)
    arguments = parser.parse_args()
    unit = "ms" if arguments.what in ("vision", "ttft") else "tokens/s"
    print(f"{unit:30} {'Facet':>10} {'transformers':>13} {'llama.cpp':>10} {'limit':>10} {'share':>7}")
    rows, peers = [], {}
    for work, shape, weights, number, limit, has_peer in measure(arguments.what, arguments.engine, arguments.shapes.split(",")):
        peer = None
        if has_peer and not arguments.no_peer:
            peers = {shape: peers.get(shape) or Transformers(shape)}  # one at a time: they are large
            peer = getattr(peers[shape], arguments.what)()
        other = weights and llama(arguments.llama, shape, weights, arguments.what)
        row = {"work": work, "shape": shape, "unit": unit, "facet": number, "transformers": peer, "llama.cpp": other,
               "limit": limit}
        rows.append(row)
        print(f"{shape + ' ' + work:30} {number:10.1f} {peer and format(peer, '.1f') or '':>13} "
              f"{other and format(other, '.1f') or '':>10} "
              f"{limit and format(limit, '.0f') or '':>10} {limit and format(number / limit, '.1%') or '':>7}", flush=True)
    Path(arguments.out).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
