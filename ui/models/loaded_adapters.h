#pragma once

#include "ui/engine/engine_client.h"

#include <QHash>
#include <QList>
#include <QObject>
#include <QStringList>

#include <deque>

namespace facet::ui {

/// The adapters that the engine has read, by their folders, and the only one that loads any. Nothing is
/// remembered that the engine could forget: each use asks what it has. A folder that was written anew is read
/// anew, and of those that were loaded from here the least recently used are let go.
class LoadedAdapters final : public QObject {
    Q_OBJECT

public:
    /// So many stay loaded besides those of the use under way.
    static constexpr int kKept = 8;

    /// `client` must outlive this object.
    explicit LoadedAdapters(EngineClient& client, QObject* parent = nullptr);

    EngineClient& client() { return m_client; }

    /// Loads what is missing of `paths` and gives their ids in the same order. One use after the other. The
    /// model that they are for should be ready: an adapter that fits none of those that are is refused.
    ///
    /// Errors  the engine's sentence about the first that cannot be used
    void use(const QStringList& paths, QObject* context, Done<QStringList> done);

private:
    struct Use {
        QStringList paths;
        QPointer<QObject> context;
        Done<QStringList> done;
    };
    struct Ours {
        QString id;
        QString path;
        QByteArray stamp;  ///< of the weights' file when they were read
    };

    void next();
    void take(const QList<EngineAdapter>& known, const QList<QByteArray>& stamps);
    void loadNext();
    void end(const core::Result<QStringList>& result);

    EngineClient& m_client;
    std::deque<Use> m_uses;
    QList<Ours> m_ours;  // the last used at the end
    QStringList m_ids;   // of the use under way; "" is still to be loaded
    QList<QByteArray> m_stamps;
    int m_numLoaded = 0;  // ever, so that no id is given twice
    bool m_isBusy = false;
};

}  // namespace facet::ui
