#pragma once

// Every tensor of a model's files held against its shape, whichever kind of file it is.

#include "core/models/model_folder.h"

namespace facet::core {

struct NamedTensor {
    std::string name;                      ///< as in the file
    std::optional<std::string> canonical;  ///< none if it is no name of Gemma 3's
    bool isHead = false;                   ///< the head's matrix under its own name
    TensorView view;
};

/// Sorts what the files hold into model.tensors and model.accounting, by model.config and model.textOnly.
///
/// Cost  compares the bytes of a head that has a tensor of its own.
void account(const std::vector<NamedTensor>& found, ModelFolder& model);

}  // namespace facet::core
