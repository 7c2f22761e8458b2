#include "core/base/fingerprint.h"

#include <cstdio>

namespace facet::core {

std::string Fingerprint::text() const
{
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(m_hash));
    return text;
}

}  // namespace facet::core
