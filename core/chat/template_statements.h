#pragma once

// Telling one Jinja template from another without running it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

/// One {{ ... }} or {% ... %} of a template, or text between them that is not white space.
struct TemplateStatement {
    std::string_view source;
    uint64_t hash = 0;  ///< FNV-1a of the statement without white space outside of its quotes, '\n' unescaped
};

/// The statements of a template in order. Views into `source`.
std::vector<TemplateStatement> statementsOf(std::string_view source);

}  // namespace facet::core
