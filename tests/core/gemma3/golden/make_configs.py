"""Writes configs.json: config.json files of Gemma 3, and what transformers makes of them.

Run with transformers 5.17: python make_configs.py > configs.json
The sparse ones of the five public sizes have the fields that google's files on the hub have.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import transformers
from transformers import Gemma3Config, Gemma3TextConfig

LINEAR8 = {"factor": 8.0, "rope_type": "linear"}
SIGLIP = {
    "hidden_size": 1152, "image_size": 896, "intermediate_size": 4304, "model_type": "siglip_vision_model",
    "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14, "vision_use_head": False,
}
TINY = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 7, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 300,
}


def text(**fields):
    return {"model_type": "gemma3_text", **fields}


def full_text(**fields):
    """As the hub's 1B and 270M have it: nothing left out."""
    return text(
        architectures=["Gemma3ForCausalLM"], attention_bias=False, attention_dropout=0.0,
        attn_logit_softcapping=None, bos_token_id=2, cache_implementation="hybrid", eos_token_id=[1, 106],
        final_logit_softcapping=None, head_dim=256, hidden_activation="gelu_pytorch_tanh", initializer_range=0.02,
        max_position_embeddings=32768, pad_token_id=0, query_pre_attn_scalar=256, rms_norm_eps=1e-06,
        rope_local_base_freq=10000, rope_scaling=None, rope_theta=1000000, sliding_window=512,
        torch_dtype="bfloat16", transformers_version="4.50.0.dev0", use_cache=True, vocab_size=262144, **fields)


def vision(text_config, vision_config=None, **fields):
    config = {"model_type": "gemma3", "mm_tokens_per_image": 256, "boi_token_index": 255999,
              "eoi_token_index": 256000, "image_token_index": 262144, "eos_token_id": [1, 106],
              "text_config": text_config, "torch_dtype": "bfloat16"}
    if vision_config is not None:
        config["vision_config"] = vision_config
    config.update(fields)
    return config


def tiny(**fields):
    return text(**{**TINY, **fields})


CONFIGS = {
    "270M": full_text(hidden_size=640, intermediate_size=2048, num_attention_heads=4, num_hidden_layers=18,
                      num_key_value_heads=1, _sliding_window_pattern=6, use_bidirectional_attention=False,
                      layer_types=(["sliding_attention"] * 5 + ["full_attention"]) * 3),
    "1B": full_text(hidden_size=1152, intermediate_size=6912, num_attention_heads=4, num_hidden_layers=26,
                    num_key_value_heads=1, sliding_window_pattern=6),
    "4B": vision(text(hidden_size=2560, intermediate_size=10240, num_hidden_layers=34, rope_scaling=LINEAR8,
                      sliding_window=1024), SIGLIP),
    "12B": vision(text(hidden_size=3840, intermediate_size=15360, num_attention_heads=16, num_hidden_layers=48,
                       num_key_value_heads=8, rope_scaling=LINEAR8, sliding_window=1024), SIGLIP),
    "27B": vision(text(head_dim=128, hidden_size=5376, intermediate_size=21504, num_attention_heads=32,
                       num_hidden_layers=62, num_key_value_heads=16, query_pre_attn_scalar=168,
                       rope_scaling=LINEAR8, sliding_window=1024), SIGLIP),
    "text with nothing but its type": text(),
    # SigLIP's defaults have 14 patches a side, which 256 tokens, the other default, do not fit.
    "vision with nothing but its type": {"model_type": "gemma3", "mm_tokens_per_image": 49},
    "vision with empty parts": vision({}, {}, mm_tokens_per_image=49),
    "tiny": tiny(),
    "window and context": tiny(sliding_window=8, max_position_embeddings=100),
    "pattern 3": tiny(sliding_window_pattern=3),
    "pattern 1, all global": tiny(sliding_window_pattern=1),
    "pattern larger than the model": tiny(sliding_window_pattern=100),
    "layer types before the pattern": tiny(
        sliding_window_pattern=2, layer_types=["full_attention"] + ["sliding_attention"] * 6),
    "all layers local": tiny(layer_types=["sliding_attention"] * 7),
    "old rope fields": tiny(rope_theta=500000, rope_local_base_freq=20000.0, rope_scaling=LINEAR8),
    "rope scaling is null": tiny(rope_scaling=None),
    "rope scaling of the default type": tiny(rope_scaling={"rope_type": "default"}),
    "rope parameters for each kind": tiny(rope_parameters={
        "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 2e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 5000.0}}),
    "rope parameters for one kind, old fields for the other": tiny(
        rope_parameters={"full_attention": {"rope_type": "linear", "factor": 2.0}},
        rope_theta=300000, rope_local_base_freq=7000),
    "rope parameters before old fields": tiny(
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 2e6},
                         "sliding_attention": {"rope_type": "linear", "factor": 2.0, "rope_theta": 3e4}},
        rope_theta=300000, rope_local_base_freq=7000),
    "rope scaling over rope parameters": tiny(
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 2e6},
                         "sliding_attention": {"rope_type": "default", "rope_theta": 3e4}},
        rope_scaling=LINEAR8),
    "query scale and epsilon": tiny(query_pre_attn_scalar=7, rms_norm_eps=1e-5),
    "one head for all queries": tiny(num_attention_heads=8, num_key_value_heads=1),
    "tiny vision": vision(tiny(), {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
                                   "num_attention_heads": 3, "image_size": 56, "patch_size": 14,
                                   "layer_norm_eps": 1e-5}, mm_tokens_per_image=4),
    "vision with new names of ids": {
        "model_type": "gemma3", "mm_tokens_per_image": 49, "image_token_id": 77, "boi_token_id": 78,
        "eoi_token_id": 79, "text_config": tiny(), "vision_config": {"image_size": 112, "patch_size": 16}},
    "as transformers 5 saves it": "saved",
}


def resolve(config):
    is_vision = config["model_type"] == "gemma3"
    whole = (Gemma3Config if is_vision else Gemma3TextConfig).from_dict(config)
    t = whole.text_config if is_vision else whole

    def rope(kind):
        parameters = t.rope_parameters[kind]
        return {"theta": float(parameters["rope_theta"]),
                "factor": float(parameters["factor"]) if parameters["rope_type"] == "linear" else 1.0}

    out = {"text": {
        "vocabSize": t.vocab_size, "hiddenSize": t.hidden_size, "intermediateSize": t.intermediate_size,
        "numLayers": t.num_hidden_layers, "numHeads": t.num_attention_heads, "numKvHeads": t.num_key_value_heads,
        "headDim": t.head_dim, "queryPreAttnScalar": float(t.query_pre_attn_scalar),
        "slidingWindow": t.sliding_window, "maxPositions": t.max_position_embeddings, "rmsNormEps": t.rms_norm_eps,
        "ropeLocal": rope("sliding_attention"), "ropeGlobal": rope("full_attention"),
        "layers": "".join({"sliding_attention": "L", "full_attention": "G"}[kind] for kind in t.layer_types)}}
    if is_vision:
        v = whole.vision_config
        out["vision"] = {
            "hiddenSize": v.hidden_size, "intermediateSize": v.intermediate_size, "numLayers": v.num_hidden_layers,
            "numHeads": v.num_attention_heads, "imageSize": v.image_size, "patchSize": v.patch_size,
            "numChannels": v.num_channels, "layerNormEps": v.layer_norm_eps}
        out |= {"tokensPerImage": whole.mm_tokens_per_image, "imageTokenId": whole.image_token_id,
                "boiTokenId": whole.boi_token_id, "eoiTokenId": whole.eoi_token_id}
    return out


def main():
    cases = []
    for name, config in CONFIGS.items():
        if config == "saved":
            config = json.loads(Gemma3Config.from_dict(CONFIGS["27B"]).to_json_string(use_diff=False))
        # from_dict changes what it is given.
        cases.append({"name": name, "config": config, "resolved": resolve(json.loads(json.dumps(config)))})
    json.dump({"transformers": transformers.__version__, "cases": cases}, sys.stdout, indent=1)
    print()


main()
