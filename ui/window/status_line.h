#pragma once

#include "ui/engine/engine_client.h"
#include "ui/models/loaded_models.h"
#include "ui/runs/queue_list.h"

#include <QTimer>
#include <QWidget>

class QToolButton;

namespace facet::ui {

/// The line at the bottom: engine, models, device, answers under way, runs, queue. Each part leads to its
/// page.
class StatusLine final : public QWidget {
    Q_OBJECT

public:
    /// All must outlive this.
    StatusLine(EngineClient& client, LoadedModels& loaded, QueueList& queued, RunList& runs,
               QWidget* parent = nullptr);

Q_SIGNALS:
    void pageWanted(const QString& id);
    void commandsWanted();
    void queueWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QToolButton* addPart(const QString& name, const QString& title, const QString& page);
    void refresh();
    void showRuns();
    void askDevices();
    QString deviceInWords(const QString& id) const;

    EngineClient& m_client;
    LoadedModels& m_loaded;
    QToolButton* m_engine;
    QToolButton* m_models;
    QToolButton* m_device;
    QToolButton* m_queue;
    QueueList& m_queuedRuns;
    RunList& m_runList;
    QToolButton* m_runs;
    QToolButton* m_queued;
    QList<EngineDevice> m_devices;
    QTimer m_lookAtMemory;
};

}  // namespace facet::ui
