#pragma once

// What the tests of downloads begin with: a server, a model on it, and an empty cache.

#include "core/hub/download.h"
#include "tests/core/hub/hub_server.h"

#include <filesystem>
#include <memory>

namespace facet::core {

inline constexpr int kWeightBytes = 300'000;
inline const std::string kModel = "facet/tiny";
inline const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";  // the server's

class HubCase {
public:
    HubCase()
    {
        writeRepository(m_root.filePath(QStringLiteral("repository")), kWeightBytes);
        const QString folder = m_root.filePath(QStringLiteral("repository"));
        isReady = server.start({
            {QStringLiteral("facet/tiny"), QJsonObject{{QStringLiteral("folder"), folder}}},
            {QStringLiteral("facet/gated"),
             QJsonObject{{QStringLiteral("folder"), folder}, {QStringLiteral("gated"), true}}},
            {QStringLiteral("facet/private"),
             QJsonObject{{QStringLiteral("folder"), folder}, {QStringLiteral("private"), true}}},
            {QStringLiteral("facet/old-name"),
             QJsonObject{{QStringLiteral("renamed_to"), QStringLiteral("facet/tiny")}}},
        });
    }

    /// An empty cache, and no faults.
    void begin()
    {
        m_cache = std::make_unique<QTemporaryDir>();
        server.setFaults({});
    }

    QString cache() const { return m_cache->path(); }
    QString in(const QString& path) const
    {
        return m_cache->filePath(QStringLiteral("models--facet--tiny/") + path);
    }
    QString inSnapshot(const QString& name) const
    {
        return in(QStringLiteral("snapshots/%1/%2").arg(QString::fromStdString(kCommit), name));
    }
    QByteArray original(const QString& name) const
    {
        return contentOf(m_root.filePath(QStringLiteral("repository/") + name));
    }

    /// Tries again at once, so that faults take milliseconds.
    DownloadRequest request(const std::string& id = kModel) const
    {
        DownloadRequest request;
        request.id = id;
        request.hub = HubSettings();
        request.hub.endpoint = server.endpoint().toStdString();
        request.hub.cache = m_cache->path().toStdString();
        request.hub.pause = std::chrono::milliseconds(1);
        return request;
    }

    HubServer server;
    bool isReady = false;

private:
    QTemporaryDir m_root;
    std::unique_ptr<QTemporaryDir> m_cache;
};

/// Files below a folder, with paths relative to it.
inline QStringList filesBelow(const QString& folder)
{
    namespace fs = std::filesystem;
    QStringList files;
    std::error_code ignored;
    for (fs::recursive_directory_iterator at(folder.toStdString(), ignored), end; at != end; ++at)
        if (at->is_regular_file() || at->is_symlink())
            files.append(QString::fromStdString(fs::relative(at->path().parent_path(), folder.toStdString()) /
                                                at->path().filename()));
    files.replaceInStrings(QStringLiteral("./"), QString());
    files.sort();
    return files;
}

}  // namespace facet::core
