#include "core/hub/download.h"

#include "core/base/text.h"
#include "core/hub/cached_repository.h"
#include "core/hub/fetch.h"
#include "core/models/hf_cache.h"

#include <unistd.h>

#include <algorithm>

namespace facet::core {
namespace {

namespace fs = std::filesystem;

Error cancelled()
{
    return {ErrorCode::Cancelled, "cancelled"};
}

/// One download, planned and done.
class Download {
public:
    Download(const DownloadRequest& request, const DownloadCallback& callback)
        : m_request(request),
          m_repository(request.hub.cache, request.id),
          m_reporter(callback, request.hub.tries),
          m_client(
              request.hub, [this] { return m_reporter.tick(); },
              [this](int tryNumber, const std::string& why) { tellTrouble(tryNumber, why); })
    {
    }

    Result<DownloadPlan> plan()
    {
        Result<HubListing> listing = fetchListing(m_client, m_request.id, m_request.revision);
        if (!listing)
            return listing.error();
        std::vector<HubFile> chosen = choose(listing->files, m_request.include, m_request.exclude);
        if (chosen.empty())
            return Error{ErrorCode::InvalidInput,
                         "of the " + std::to_string(listing->files.size()) + " files of " + m_request.id +
                             " none is chosen" +
                             (m_request.include.empty() && m_request.exclude.empty()
                                  ? ": it has no safetensors; choose others with --include"
                                  : ": change --include or --exclude")};
        std::ranges::stable_sort(chosen, {}, &HubFile::size);
        DownloadPlan plan;
        plan.commit = listing->commit;
        for (HubFile& file : chosen) {
            const bool isThere = m_repository.isInSnapshot(plan.commit, file) || m_repository.hasBlob(file);
            plan.bytesAll += file.size;
            plan.bytesToFetch += isThere ? 0 : file.size - m_repository.partialSize(file);
            plan.files.push_back({std::move(file), isThere});
        }
        return plan;
    }

    Result<DownloadedModel> run()
    {
        const Result<DownloadPlan> plan = this->plan();
        if (!plan)
            return plan.error();
        if (const Result<void> room = checkRoom(plan->bytesToFetch); !room)
            return room.error();
        DownloadProgress& numbers = m_reporter.numbers();
        numbers.bytesAll = plan->bytesAll;
        numbers.filesAll = static_cast<int>(plan->files.size());
        m_model.commit = plan->commit;
        m_model.snapshot = m_repository.snapshot(plan->commit);
        m_model.files = numbers.filesAll;
        for (const DownloadPlan::File& wanted : plan->files) {
            m_bytesBefore = numbers.bytesDone;
            numbers.file = wanted.file.path;
            if (const Result<void> brought = bring(wanted.file); !brought)
                return brought.error();
            numbers.bytesDone = m_bytesBefore + wanted.file.size;
            ++numbers.filesDone;
            clearTrouble();
            if (!m_reporter.tick())
                return cancelled();
        }
        // Last, so that a branch never names a snapshot of which we lack something.
        if (const Result<void> written = m_repository.writeRef(m_request.revision, plan->commit); !written)
            return written.error();
        m_reporter.tell();
        return m_model;
    }

private:
    void tellTrouble(int tryNumber, const std::string& why)
    {
        m_reporter.numbers().tryNumber = tryNumber;
        m_reporter.numbers().trouble = why;
        m_reporter.tell();
    }

    void clearTrouble()
    {
        m_reporter.numbers().tryNumber = 1;
        m_reporter.numbers().trouble.clear();
    }

    Result<void> checkRoom(int64_t needed) const
    {
        fs::path folder = m_request.hub.cache;
        std::error_code failed;
        while (!fs::exists(folder, failed) && folder.has_relative_path())
            folder = folder.parent_path();
        const fs::space_info space = fs::space(folder, failed);
        if (failed || space.available >= static_cast<uintmax_t>(needed))
            return {};  // where the system cannot say, writing will
        const auto megabytes = [](uintmax_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000); };
        return Error{ErrorCode::Io,
                     "there is too little room for " + m_request.id + ": " +
                         megabytes(static_cast<uintmax_t>(needed)) + " MB are lacking of it, and " +
                         folder.string() + " has " + megabytes(space.available) +
                         " MB left; make room, or set HF_HUB_CACHE to a folder on another disk"};
    }

    /// Makes one file a part of the snapshot.
    Result<void> bring(const HubFile& file)
    {
        if (m_repository.isInSnapshot(m_model.commit, file))
            return {};
        if (const Result<void> made = m_repository.makeFolders(m_model.commit, file); !made)
            return made;
        bool hasToldOfWaiting = false;
        const Result<FileLock> lock = m_repository.lock(file, [&] {
            if (!hasToldOfWaiting)
                tellTrouble(1, "another program is downloading this file; waiting for it");
            hasToldOfWaiting = true;
            return m_reporter.tick();
        });
        if (!lock)
            return lock.error();
        clearTrouble();
        if (m_repository.isInSnapshot(m_model.commit, file))  // meanwhile, by the other one
            return {};
        if (!m_repository.hasBlob(file))
            if (const Result<void> fetched = fetchBlob(file); !fetched)
                return fetched;
        return m_repository.putIntoSnapshot(m_model.commit, file);
    }

    /// With the lock of the blob.
    Result<void> fetchBlob(const HubFile& file)
    {
        DownloadProgress& numbers = m_reporter.numbers();
        const fs::path path = m_repository.partial(file);
        Result<PartialFile> partial = PartialFile::open(path, file);
        if (!partial)
            return partial.error();
        numbers.bytesDone = m_bytesBefore + std::min(partial->size(), file.size);
        if (!m_reporter.tell())
            return cancelled();
        const FetchEvents events = {.onBytes =
                                        [&](int64_t size, int64_t received) {
                                            numbers.bytesDone = m_bytesBefore + size;
                                            m_model.bytesFetched += received;
                                            if (received > 0)
                                                clearTrouble();
                                            m_reporter.received(received);
                                        },
                                    .keepGoing = [&] { return m_reporter.tick(); }};
        const Result<void> fetched = fetch(m_client, m_request.id, m_model.commit, file, *partial, events);
        if (!fetched) {
            if (partial->size() == 0)
                ::unlink(path.c_str());
            return fetched;
        }
        ++m_model.filesFetched;
        return partial->moveTo(m_repository.blob(file));
    }

    const DownloadRequest& m_request;
    CachedRepository m_repository;
    ProgressReporter m_reporter;
    HubClient m_client;
    DownloadedModel m_model;
    int64_t m_bytesBefore = 0;
};

Result<void> check(const DownloadRequest& request)
{
    if (!isHubId(request.id))
        return Error{ErrorCode::InvalidInput,
                     inQuotes(request.id) + " is no Hugging Face id such as google/gemma-3-4b-it"};
    // A branch becomes a file's name; snapshotIn() says the same of one that could lead out of the folder.
    const std::string& revision = request.revision;
    if (revision.empty() || revision.starts_with('/') || revision.ends_with('/') ||
        revision.find("..") != std::string::npos ||
        std::ranges::any_of(revision, [](char c) { return c <= ' ' || c > '~'; }))
        return Error{ErrorCode::InvalidInput, inQuotes(revision) + " is no revision of a model"};
    return {};
}

Error forbidden(const DownloadRequest& request, const std::string& what)
{
    return {ErrorCode::NotFound, what + ", and " + request.hub.offlineBy +
                                     " forbids asking the hub; unset it to download " + request.id};
}

/// Without the network: what the cache has, if it is a whole model.
Result<DownloadedModel> fromCache(const DownloadRequest& request)
{
    const Result<fs::path> snapshot = cachedModel(request.hub.cache, request.id, request.revision);
    if (!snapshot)
        return forbidden(request, request.id + " at revision " + inQuotes(request.revision) +
                                      " is not in the cache " + request.hub.cache.string());
    std::string missing;
    for (const std::string& name : missingInSnapshot(*snapshot))
        missing += (missing.empty() ? "" : ", ") + name;
    if (!missing.empty())
        return forbidden(request, snapshot->string() + " lacks " + missing);
    return DownloadedModel{*snapshot, snapshot->filename().string(), 0, 0, 0};
}

}  // namespace

Result<DownloadPlan> planDownload(const DownloadRequest& request, const DownloadCallback& callback)
{
    if (const Result<void> checked = check(request); !checked)
        return checked.error();
    if (request.hub.isOffline())
        return Error{ErrorCode::NotFound,
                     request.hub.offlineBy + " forbids asking the hub what " + request.id + " consists of"};
    return Download(request, callback).plan();
}

Result<DownloadedModel> downloadModel(const DownloadRequest& request, const DownloadCallback& callback)
{
    if (const Result<void> checked = check(request); !checked)
        return checked.error();
    return request.hub.isOffline() ? fromCache(request) : Download(request, callback).run();
}

Result<std::string> hubAccount(const HubSettings& settings)
{
    if (settings.isOffline())
        return Error{ErrorCode::Unavailable, settings.offlineBy + " forbids asking the hub"};
    HubSettings once = settings;
    once.tries = 1;  // somebody waits at a button
    HubClient client(
        once, [] { return true; }, [](int, const std::string&) {});
    const Result<nlohmann::json> answer = client.getJson("/api/whoami-v2", {});
    if (!answer)
        return answer.error();
    JsonFields fields(*answer, "");
    std::string name = fields.text("name", "");
    if (name.empty())
        return Error{ErrorCode::Io,
                     settings.endpoint + " does not answer as the hub does: it names no account"};
    return name;
}

}  // namespace facet::core
