#pragma once

// What download and import share: a download that is watched and can be stopped.

#include "core/hub/download.h"

namespace facet::app {

/// The end of their help: whose variables are honoured.
inline constexpr const char* kHubVariables =
    "Environment: HF_HOME, HF_HUB_CACHE (where models are kept), HF_ENDPOINT, HF_HUB_OFFLINE. The token of a "
    "gated\n"
    "or private model comes from HF_TOKEN, else the file HF_TOKEN_PATH, else HF_HOME/token, where \"hf auth "
    "login\"\n"
    "puts it; it is sent to the hub only. What huggingface_hub downloaded is used as it lies, and it finds "
    "what\n"
    "Facet downloads. Ctrl+C stops; the same command goes on from there.";

/// Downloads with progress on stderr until it is done or Ctrl+C is pressed.
core::Result<core::DownloadedModel> downloadShown(const core::DownloadRequest& request);

/// As failed(), and says of a download that was stopped that nothing is lost; its exit code is 130.
int downloadFailed(const core::Error& error);

}  // namespace facet::app
