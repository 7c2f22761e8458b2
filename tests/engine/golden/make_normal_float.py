"""Makes normal_float.safetensors beside this file: matrices, and how bitsandbytes stores them as NF4 on a CPU.

    pip install bitsandbytes==0.50.2     # no test needs it, so requirements.txt has it not
    python tests/engine/golden/make_normal_float.py

Its AVX-512 code widens wrongly where a width is a multiple of 16 and not of 64: none here is.
For each case: source (bfloat16), values and scale_codes (as stored), dense (float32: widened again).
"""

from pathlib import Path

import torch
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
from safetensors.torch import save_file


def rows(count, width, deviation):
    return deviation * torch.randn(count, width)


torch.manual_seed(7)
torch.set_num_threads(1)
with_zeros = rows(6, 128, 0.02)
with_zeros[2:4] = 0
spread = rows(40, 64, 1.0) * torch.logspace(-6, 2, 40).unsqueeze(1)
CASES = {
    "many_groups": rows(150, 128, 0.02),  # 300 blocks: two groups of scales
    "blocks_across_rows": rows(37, 100, 0.05),  # the last block has 52
    "odd_count": rows(5, 7, 3.0),
    "zero_blocks": with_zeros,
    "all_zero": torch.zeros(4, 64),
    "wide_range": spread,
}

tensors = {}
for name, source in CASES.items():
    source = source.to(torch.bfloat16)
    values, state = quantize_4bit(source.float(), quant_type="nf4", compress_statistics=True)
    assert state.blocksize == 64 and state.state2.blocksize == 256
    tensors |= {
        name + ".source": source,
        name + ".values": values.flatten(),
        name + ".scale_codes": state.absmax,
        name + ".dense": dequantize_4bit(values, state),
    }
save_file({k: v.contiguous() for k, v in tensors.items()}, Path(__file__).with_name("normal_float.safetensors"))
