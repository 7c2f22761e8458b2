#pragma once

// Which hub, with whose token, into which cache: the variables that Hugging Face's own library reads.

#include <chrono>
#include <filesystem>
#include <string>

namespace facet::core {

struct HubSettings {
    std::string endpoint = "https://huggingface.co";  ///< without "/" at its end
    std::string token;                                ///< "": none
    std::string tokenSource;  ///< where the token came from, for messages: "HF_TOKEN", a file's name
    std::filesystem::path cache;
    std::string offlineBy;  ///< the variable that forbids the network, "HF_HUB_OFFLINE=1"; "": it is allowed

    std::chrono::milliseconds connectTimeout = std::chrono::seconds(10);
    std::chrono::milliseconds stallTimeout = std::chrono::seconds(30);  ///< without a byte
    std::chrono::milliseconds pause = std::chrono::seconds(1);  ///< before the second try; then doubled
    int tries = 5;                                              ///< in a row without a new byte

    bool isOffline() const { return !offlineBy.empty(); }
};

/// From HF_ENDPOINT, HF_HUB_OFFLINE (else TRANSFORMERS_OFFLINE), HF_HUB_DOWNLOAD_TIMEOUT and hubFolder(); the
/// token from HF_TOKEN, else the file HF_TOKEN_PATH, else the file HF_HOME/token; none if
/// HF_HUB_DISABLE_IMPLICIT_TOKEN is set.
///
/// Source  huggingface_hub/constants.py, utils/_auth.py
HubSettings hubSettings();

}  // namespace facet::core
