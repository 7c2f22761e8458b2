#pragma once

#include "ui/engine/engine_client.h"

#include <QList>
#include <QObject>
#include <QTimer>

namespace facet::ui {

/// The models of the engine, looked at again while one is being loaded.
class ModelLoader final : public QObject {
    Q_OBJECT

public:
    /// `client` must outlive this object.
    explicit ModelLoader(EngineClient& client, QObject* parent = nullptr);

    const QList<EngineModel>& models() const { return m_models; }

    /// By id, or by the name it was loaded under; nullptr if the engine has none.
    const EngineModel* find(const QString& name) const;

    /// Asks the engine, if there is one; does not start it.
    void refresh();

    /// Loads `name` unless it is there, and tells when it is ready or why not. changed() tells of the
    /// progress.
    void ensureReady(const QString& name, QObject* context, Done<EngineModel> done);

Q_SIGNALS:
    void changed();

private:
    struct Wait {
        QString name;
        QPointer<QObject> context;
        Done<EngineModel> done;
        bool isAsked = false;  // whether loading was asked for
    };

    void look();
    void handle(const core::Result<QList<EngineModel>>& models);
    void askToLoad(const QString& name);
    void end(const QString& name, const core::Result<EngineModel>& result);

    EngineClient& m_client;
    QList<EngineModel> m_models;
    QHash<QString, QString> m_ids;  // by the name that was asked for
    QList<Wait> m_waits;
    QTimer m_lookAgain;
    bool m_isLooking = false;
};

}  // namespace facet::ui
