#pragma once

#include "ui/engine/engine_client.h"

#include <QObject>
#include <QTimer>

namespace facet::ui {

/// What the engine has loaded or is loading: asks often while something changes, rarely otherwise, and not at
/// all while there is no engine, so that looking never starts one.
class LoadedModels final : public QObject {
    Q_OBJECT

public:
    /// `client` must outlive this object.
    explicit LoadedModels(EngineClient& client, QObject* parent = nullptr);

    const QList<EngineModel>& models() const { return m_models; }
    const EngineModel* find(const QString& id) const;

    /// Running and waiting answers, as of the last look.
    const EngineQueue& queue() const { return m_queue; }

public Q_SLOTS:
    void load(const facet::ui::LoadRequest& request);

    /// Also cancels a load.
    void unload(const QString& id);
    void refresh();

Q_SIGNALS:
    void changed();
    void loadFailed(const QString& model, const QString& sentence);
    void becameReady(const QString& id);

private:
    void take(const QList<EngineModel>& models);

    EngineClient& m_client;
    QList<EngineModel> m_models;
    EngineQueue m_queue;
    QTimer m_timer;
    bool m_isAsking = false;
};

}  // namespace facet::ui
