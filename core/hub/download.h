#pragma once

// Models of the Hugging Face hub: what they consist of, and bringing them into the cache that huggingface_hub
// uses. Plain blocking calls, for a worker thread: they share nothing.

#include "core/hub/listing.h"
#include "core/hub/progress.h"
#include "core/hub/settings.h"

#include <filesystem>
#include <string>
#include <vector>

namespace facet::core {

struct DownloadRequest {
    std::string id;                    ///< "google/gemma-3-4b-it"
    std::string revision = "main";     ///< a branch, a tag or a commit
    std::vector<std::string> include;  ///< patterns; empty: isWantedByDefault()
    std::vector<std::string> exclude;
    HubSettings hub = hubSettings();
};

struct DownloadPlan {
    struct File {
        HubFile file;
        bool isThere = false;  ///< in the cache, whole
    };

    std::string commit;
    std::vector<File> files;  ///< small ones first
    int64_t bytesAll = 0;
    int64_t bytesToFetch = 0;  ///< less what earlier tries left
};

struct DownloadedModel {
    std::filesystem::path snapshot;
    std::string commit;
    int files = 0;
    int filesFetched = 0;
    int64_t bytesFetched = 0;  ///< over the network
};

/// What downloadModel would bring. Asks the hub, writes nothing.
///
/// Errors  as downloadModel
Result<DownloadPlan> planDownload(const DownloadRequest& request, const DownloadCallback& callback = {});

/// Brings what is lacking of a model into the cache and gives its snapshot; offline, what is there. Several
/// processes, huggingface_hub's too, may do it at once. Whatever ends it, the next call goes on from there.
///
/// Errors  Cancelled; InvalidInput: a name, a pattern that matches nothing, a token; NotFound: no such model
/// or
///         revision, or offline and not in the cache; Unavailable: not reached, gated (with the page to
///         open); Io: no room on the disk (looked at first), bytes that fail their checksum
Result<DownloadedModel> downloadModel(const DownloadRequest& request, const DownloadCallback& callback = {});

/// Whose token is it? The name of the account.
///
/// Errors  InvalidInput: no token, or none that the hub knows; Unavailable
Result<std::string> hubAccount(const HubSettings& settings);

}  // namespace facet::core
