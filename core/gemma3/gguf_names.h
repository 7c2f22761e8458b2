#pragma once

// llama.cpp's names of Gemma 3's tensors, and ours (tensor_names.h). The vision tower and the projector are
// in a file of their own there, "mmproj".
//
//   token_embd.weight   output_norm.weight   blk.N.{attn_norm,attn_q,attn_k,attn_v,attn_output,attn_q_norm,
//   attn_k_norm,post_attention_norm,ffn_norm,ffn_gate,ffn_up,ffn_down,post_ffw_norm}.weight
//   v.patch_embd.{weight,bias}   v.position_embd.weight
//   v.blk.N.{ln1,attn_q,attn_k,attn_v,attn_out,ln2,ffn_up, ffn_down}.{weight,bias}   v.post_ln.{weight,bias}
//   mm.soft_emb_norm.weight   mm.input_projection.weight
//
// Norms of the language model and the projector's are stored as 1 + w there, in F32; the tower's own are not
// changed. Nothing is permuted or transposed: shapes are the same, row-major.
//
// Source  llama.cpp, gguf-py/gguf/tensor_mapping.py and conversion/gemma.py

#include <optional>
#include <string>
#include <string_view>

namespace facet::core::gemma3 {

/// The canonical name of a tensor of a GGUF file; none if it is no name of Gemma 3's.
std::optional<std::string> canonicalNameOfGguf(std::string_view nameInFile);

/// The name in a GGUF file; none if there is none.
std::optional<std::string> ggufNameOf(std::string_view canonicalName);

/// Is it stored as 1 + w in a GGUF file? By canonical name.
bool isStoredPlusOne(std::string_view canonicalName);

}  // namespace facet::core::gemma3
