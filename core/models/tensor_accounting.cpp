#include "core/models/tensor_accounting.h"

#include "core/gemma3/tensor_names.h"

#include <algorithm>

namespace facet::core {
namespace {

bool isFloat(DType type)
{
    return type == DType::F64 || type == DType::F32 || type == DType::F16 || type == DType::BF16 ||
           isBlocked(type);
}

std::string shapeText(const std::vector<int64_t>& shape)
{
    std::string text = "[";
    for (const int64_t size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

bool isEqual(const TensorView& a, const TensorView& b)
{
    return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.bytes, b.bytes);
}

/// "3 tensors are missing: a, b, c".
std::string countedList(const std::vector<std::string>& names, const std::string& what)
{
    constexpr size_t kMostNames = 5;
    std::string text =
        std::to_string(names.size()) + (names.size() == 1 ? " tensor is " : " tensors are ") + what + ": ";
    for (size_t i = 0; i < names.size() && i < kMostNames; ++i)
        text += (i > 0 ? ", " : "") + names[i];
    return names.size() > kMostNames ? text + ", ..." : text;
}

}  // namespace

void account(const std::vector<NamedTensor>& found, ModelFolder& model)
{
    const std::map<std::string, std::vector<int64_t>> expected = gemma3::expectedTensors(model.config);
    TensorAccounting& accounting = model.accounting;
    for (const auto& [name, canonical, isHead, view] : found) {
        if (isHead)
            continue;
        if (gemma3::isKnownButUnused(name)) {
            accounting.unused.push_back(name);
            continue;
        }
        const auto place = canonical ? expected.find(*canonical) : expected.end();
        if (place == expected.end() || model.tensors.contains(*canonical)) {
            const bool isLeftOut = canonical && model.textOnly && gemma3::isVisionTensor(*canonical);
            (isLeftOut ? accounting.unused : accounting.unexpected).push_back(name);
            continue;
        }
        if (view.shape != place->second)
            accounting.misshaped.push_back(name + " has shape " + shapeText(view.shape) + ", not " +
                                           shapeText(place->second));
        else if (!isFloat(view.dtype))
            accounting.misshaped.push_back(name + " has the type " + std::string(nameOf(view.dtype)) +
                                           ", not F32, BF16 or F16");
        model.tensors.emplace(*canonical, view);
    }
    for (const auto& [name, shape] : expected) {
        if (!model.tensors.contains(name))
            accounting.missing.push_back(name);
    }
    const auto table = model.tensors.find("language_model.embed_tokens.weight");
    for (const auto& [name, canonical, isHead, view] : found) {
        if (!isHead)
            continue;
        if (table != model.tensors.end() && isEqual(view, table->second))
            accounting.unused.push_back(name);
        else
            accounting.misshaped.push_back(name +
                                           " differs from the embedding table, which is Gemma 3's head");
    }
}

std::string TensorAccounting::inWords() const
{
    std::string text;
    const auto add = [&text](const std::vector<std::string>& names, const char* what) {
        if (!names.empty())
            text += (text.empty() ? "" : "; ") + countedList(names, what);
    };
    add(missing, "missing");
    add(misshaped, "wrong");
    add(unexpected, "unexpected");
    return text;
}

}  // namespace facet::core
