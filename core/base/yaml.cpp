#include "core/base/yaml.h"

#include "core/base/file.h"
#include "core/base/json.h"

#include <yaml-cpp/yaml.h>

namespace facet::core {
namespace {

constexpr int kMaxDepth = 32;

using nlohmann::json;

json scalar(const YAML::Node& node)
{
    const std::string& text = node.Scalar();
    if (node.Tag() == "!")  // it was in quotes
        return text;
    // JSON's own scalars are YAML's.
    if (const Result<json> value = parseJson(text); value && !value->is_string() && value->is_primitive())
        return *value;
    return text;
}

json converted(const YAML::Node& node, int depth)
{
    if (depth > kMaxDepth)
        throw YAML::Exception(node.Mark(), "it is nested too deeply");
    if (node.IsMap()) {
        json object = json::object();
        for (const auto& entry : node)
            object[entry.first.as<std::string>()] = converted(entry.second, depth + 1);
        return object;
    }
    if (node.IsSequence()) {
        json list = json::array();
        for (const YAML::Node& entry : node)
            list.push_back(converted(entry, depth + 1));
        return list;
    }
    return node.IsScalar() ? scalar(node) : json();
}

}  // namespace

Result<json> readYaml(const std::filesystem::path& path)
{
    const Result<std::string> text = readFile(path, 64 << 20);
    if (!text)
        return text.error();
    try {
        return converted(YAML::Load(*text), 0);
    } catch (const YAML::Exception& problem) {
        return Error{ErrorCode::InvalidInput,
                     path.string() + " line " + std::to_string(problem.mark.line + 1) + ": " + problem.msg};
    }
}

}  // namespace facet::core
