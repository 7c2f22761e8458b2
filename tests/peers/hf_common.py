"""Loading models and inputs the way Hugging Face transformers does; shared by the scripts of this folder.

An input is a JSONL file, one object a line:
  {"tokens": [2, 17, ...]}                              ids as they are
  {"tokens": [...], "images": ["a.png", ...]}           the soft tokens of the pictures stand in the ids
  {"messages": [{"role": "user", "content": ...}]}      through the chat template and the processor;
                                                        an image part is {"type": "image", "path": "a.png"}
  {"prompt": "text"}                                    the tokenizer with its BOS, no template
Paths are relative to the JSONL file. With "images" transformers is told which tokens are soft ones
(token_type_ids), as its processor does.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from transformers import AutoProcessor, AutoTokenizer, Gemma3ForCausalLM, Gemma3ForConditionalGeneration

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def quiet():
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def read_config(folder):
    return json.loads((Path(folder) / "config.json").read_text())


def load_model(folder, dtype="float32", device="cpu", attention="eager"):
    kind = Gemma3ForCausalLM if read_config(folder)["model_type"] == "gemma3_text" else Gemma3ForConditionalGeneration
    model, info = kind.from_pretrained(folder, dtype=DTYPES[dtype], attn_implementation=attention,
                                       output_loading_info=True)
    for problem in ("missing_keys", "mismatched_keys"):
        if info[problem]:
            raise SystemExit(f"{folder}: transformers reports {problem}: {sorted(map(str, info[problem]))[:5]}")
    return model.eval().to(device)


class Inputs:
    """Makes the arguments of a forward call from a line of an input file."""

    def __init__(self, folder, generation_prompt=True):
        self.folder = Path(folder)
        self.generation_prompt = generation_prompt
        config = read_config(folder)
        self.is_vision = config["model_type"] != "gemma3_text"
        self.image_token = config.get("image_token_index", 262144) if self.is_vision else None
        self._processor = self._tokenizer = self._image_processor = None

    @property
    def processor(self):
        if self._processor is None:
            self._processor = AutoProcessor.from_pretrained(self.folder)
        return self._processor

    @property
    def tokenizer(self):
        if self._tokenizer is None:
            self._tokenizer = AutoTokenizer.from_pretrained(self.folder)
        return self._tokenizer

    @property
    def image_processor(self):
        if self._image_processor is None:
            from transformers.models.gemma3.image_processing_gemma3 import Gemma3ImageProcessor
            self._image_processor = Gemma3ImageProcessor.from_pretrained(self.folder)
        return self._image_processor

    def read(self, path):
        """Yields the arguments for each line."""
        path = Path(path)
        for number, line in enumerate(path.read_text().splitlines()):
            if line.strip():
                try:
                    yield self.arguments(json.loads(line), path.parent)
                except (KeyError, TypeError, json.JSONDecodeError) as error:
                    raise SystemExit(f"{path}:{number + 1}: {error!r}") from error

    def arguments(self, entry, base):
        if "messages" in entry:
            return self.from_messages(entry["messages"], base)
        if "prompt" in entry:
            ids = torch.tensor([self.tokenizer(entry["prompt"])["input_ids"]])
        else:
            ids = torch.tensor([entry["tokens"]], dtype=torch.long)
        out = {"input_ids": ids}
        if self.is_vision:
            out["token_type_ids"] = (ids == self.image_token).long()
        if entry.get("images"):
            # The same loader as the chat template's: path in, tensor out.
            paths = [str(base / name) for name in entry["images"]]
            pictures = self.image_processor.fetch_images(paths)
            out["pixel_values"] = self.image_processor(pictures, return_tensors="pt")["pixel_values"]
        return out

    def from_messages(self, messages, base):
        def part(p):
            return {**p, "path": str(base / p["path"])} if p.get("type") == "image" and "path" in p else p

        messages = [{**m, "content": m["content"] if isinstance(m["content"], str) else [part(p) for p in m["content"]]}
                    for m in messages]
        last_is_user = messages[-1]["role"] == "user"
        if self.is_vision:
            for message in messages:  # the processor wants parts everywhere
                if isinstance(message["content"], str):
                    message["content"] = [{"type": "text", "text": message["content"]}]
        template = self.processor if self.is_vision else self.tokenizer
        out = template.apply_chat_template(messages, tokenize=True, return_dict=True, return_tensors="pt",
                                           add_generation_prompt=self.generation_prompt and last_is_user)
        return {k: out[k] for k in ("input_ids", "token_type_ids", "pixel_values")
                if k in out and (k == "input_ids" or self.is_vision)}


@torch.no_grad()
def logits(model, arguments):
    """[T, V] in float32 on the CPU."""
    arguments = {k: v.to(model.device) for k, v in arguments.items()}
    if "pixel_values" in arguments:
        arguments["pixel_values"] = arguments["pixel_values"].to(model.dtype)
    return model(**arguments, use_cache=False).logits[0].float().cpu()
