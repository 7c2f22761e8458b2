#pragma once

#include "core/hub/hub_client.h"

namespace facet::core {

/// Why the hub refused, told apart by its X-Error-Code and by whether a token was sent, with the page to
/// open.
///
/// Source  huggingface_hub/utils/_http.py, hf_raise_for_status
Error refusal(const HubAnswer& answer, const HubSubject& subject, const HubSettings& settings);

}  // namespace facet::core
