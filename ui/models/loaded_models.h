#pragma once

#include "ui/engine/engine_client.h"

#include <QHash>
#include <QList>
#include <QObject>
#include <QSet>
#include <QTimer>

namespace facet::ui {

/// What the engine has loaded or is loading: asks often while something changes, rarely otherwise, and not at
/// all while there is no engine, so that looking never starts one. The one place that loads models.
class LoadedModels final : public QObject {
    Q_OBJECT

public:
    /// `client` must outlive this object.
    explicit LoadedModels(EngineClient& client, QObject* parent = nullptr);

    EngineClient& client() { return m_client; }
    const QList<EngineModel>& models() const { return m_models; }

    /// By id, by the name it was loaded under, or by its folder; nullptr if the engine has none.
    const EngineModel* find(const QString& name) const;

    /// Running and waiting answers, as of the last look.
    const EngineQueue& queue() const { return m_queue; }

    /// Where models are loaded unless somebody says otherwise: "auto", "cpu", "cuda:0".
    QString device() const { return m_device; }
    void setDevice(const QString& device) { m_device = device; }

    /// Loads `name` on device() unless it is there, and tells when it is ready or why not. Starts the engine.
    void ensureReady(const QString& name, QObject* context, Done<EngineModel> done);

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
    struct Wait {
        QString name;
        QPointer<QObject> context;
        Done<EngineModel> done;
        bool isAsked = false;  // whether loading was asked for
        int acceptedAt = 0;    // the look after which the engine has to know it; 0: not accepted yet
    };

    void look();
    void take(const QList<EngineModel>& models);
    void serveWaits(int look);
    void askToLoad(const QString& name);
    void end(const QString& name, const core::Result<EngineModel>& result);
    void endAll(const QString& sentence);

    EngineClient& m_client;
    QString m_device = QStringLiteral("auto");
    QList<EngineModel> m_models;
    QHash<QString, QString> m_ids;  // by the name that was asked for
    EngineQueue m_queue;
    QList<Wait> m_waits;
    QSet<QString> m_asking;  // names whose load the engine has not answered yet
    QTimer m_timer;
    int m_numLooks = 0;
    bool m_isLooking = false;
};

}  // namespace facet::ui
