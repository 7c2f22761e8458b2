# SPDX-License-Identifier: GPL-3.0-or-later
"""The small JSON files of the demo model's folder, laid out as google/gemma-3-4b-it lays them out."""

from pathlib import Path

from build_tokenizer import END_OF_IMAGE, END_OF_TURN, IMAGE_TOKEN_ID, START_OF_IMAGE, write_json

SOFT_TOKENS = 36
IMAGE_SIZE = 96
EMBEDDING_ROWS = 1088  # the image token's row and padding to a multiple of 64

CONFIG = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "boi_token_index": START_OF_IMAGE,
    "eoi_token_index": END_OF_IMAGE,
    "eos_token_id": [1, END_OF_TURN],
    "image_token_index": IMAGE_TOKEN_ID,
    "initializer_range": 0.02,
    "mm_tokens_per_image": SOFT_TOKENS,
    "model_type": "gemma3",
    "text_config": {
        "attention_bias": False,
        "attention_dropout": 0.0,
        "attn_logit_softcapping": None,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "final_logit_softcapping": None,
        "head_dim": 64,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": 192,
        "initializer_range": 0.02,
        "intermediate_size": 512,
        "max_position_embeddings": 2048,
        "model_type": "gemma3_text",
        "num_attention_heads": 4,
        "num_hidden_layers": 8,
        "num_key_value_heads": 2,
        "pad_token_id": 0,
        "query_pre_attn_scalar": 64,
        "rms_norm_eps": 1e-6,
        "rope_local_base_freq": 10000.0,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "rope_theta": 1000000.0,
        "sliding_window": 48,
        "sliding_window_pattern": 6,
        "vocab_size": EMBEDDING_ROWS,
    },
    "torch_dtype": "bfloat16",
    "transformers_version": "4.50.0",
    "vision_config": {
        "attention_dropout": 0.0,
        "hidden_act": "gelu_pytorch_tanh",
        "hidden_size": 128,
        "image_size": IMAGE_SIZE,
        "intermediate_size": 384,
        "layer_norm_eps": 1e-6,
        "model_type": "siglip_vision_model",
        "num_attention_heads": 4,
        "num_channels": 3,
        "num_hidden_layers": 5,
        "patch_size": 8,
        "vision_use_head": False,
    },
}

GENERATION_CONFIG = {
    "bos_token_id": 2,
    "do_sample": False,
    "eos_token_id": [1, END_OF_TURN],
    "max_new_tokens": 64,
    "pad_token_id": 0,
    "transformers_version": "4.50.0",
}

PREPROCESSOR_CONFIG = {
    "do_convert_rgb": None,
    "do_normalize": True,
    "do_pan_and_scan": None,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_processor_type": "Gemma3ImageProcessor",
    "image_seq_length": SOFT_TOKENS,
    "image_std": [0.5, 0.5, 0.5],
    "pan_and_scan_max_num_crops": None,
    "pan_and_scan_min_crop_size": None,
    "pan_and_scan_min_ratio_to_activate": None,
    "processor_class": "Gemma3Processor",
    "resample": 2,
    "rescale_factor": 1 / 255,
    "size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
}

PROCESSOR_CONFIG = {"image_seq_length": SOFT_TOKENS, "processor_class": "Gemma3Processor"}


def write_model_files(folder: Path) -> None:
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "generation_config.json", GENERATION_CONFIG)
    write_json(folder / "preprocessor_config.json", PREPROCESSOR_CONFIG)
    write_json(folder / "processor_config.json", PROCESSOR_CONFIG)
