#pragma once

// Texts of a user inside a batch script, so that neither bash nor sbatch sees anything in them but
// themselves.

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace facet::jobs {

/// One word of bash: plain where that is the same, else in single quotes.
std::string shellWord(std::string_view text);

/// One word of bash; "~/", "$NAME" and "${NAME}" at the start of `path` are left to the shell.
std::string shellPath(std::string_view path);

/// The same for every part between colons: "FROM:TO:ro".
std::string shellMount(std::string_view mount);

/// The value of an #SBATCH option, which sbatch takes apart by rules of its own: quotes, backslashes and "#"
/// count.
std::string sbatchValue(std::string_view value);

/// A file name for --output, where "%" starts a pattern such as %j; here it is only a letter.
std::string withoutPatterns(std::string_view name);

bool isVariableName(std::string_view name);

/// Errors  InvalidInput: "holds a line break ..."; control characters are refused, too
core::Result<void> checkOneLine(std::string_view text);

/// "--flag" or "--flag=value" of sbatch, none that the script has anyway. Errors  InvalidInput
core::Result<void> checkExtraFlag(std::string_view flag);

}  // namespace facet::jobs
