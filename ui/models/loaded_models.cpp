#include "ui/models/loaded_models.h"

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kWhileLoadingMs = 200;
constexpr int kOtherwiseMs = 2000;

}  // namespace

LoadedModels::LoadedModels(EngineClient& client, QObject* parent) : QObject(parent), m_client(client)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &LoadedModels::refresh);
    connect(&m_client, &EngineClient::stateChanged, this, [this](EngineClient::State state) {
        if (state == EngineClient::State::Ready)
            refresh();
        else
            take({});
    });
}

const EngineModel* LoadedModels::find(const QString& id) const
{
    const auto found = std::ranges::find(m_models, id, &EngineModel::id);
    return found == m_models.end() ? nullptr : &*found;
}

void LoadedModels::load(const LoadRequest& request)
{
    m_client.load(request, this, [this, model = request.model](const core::Result<QString>& id) {
        if (!id)
            Q_EMIT loadFailed(model, QString::fromStdString(id.error().message));
        refresh();
    });
}

void LoadedModels::unload(const QString& id)
{
    m_client.unload(id, this, [this, id](const core::Result<QString>& done) {
        if (!done)
            Q_EMIT loadFailed(id, QString::fromStdString(done.error().message));
        refresh();
    });
}

void LoadedModels::refresh()
{
    if (m_client.state() != EngineClient::State::Ready || m_isAsking)
        return;
    m_isAsking = true;
    m_client.listModels(this, [this](const core::Result<QList<EngineModel>>& models) {
        m_isAsking = false;
        if (models)
            take(*models);
        const bool isLoading = std::ranges::any_of(
            m_models, [](const EngineModel& model) { return model.state == EngineModel::State::Loading; });
        m_timer.start(isLoading ? kWhileLoadingMs : kOtherwiseMs);
    });
    m_client.queryQueue(this, [this](const core::Result<EngineQueue>& queue) {
        if (!queue || (queue->running == m_queue.running && queue->waiting == m_queue.waiting))
            return;
        m_queue = *queue;
        Q_EMIT changed();
    });
}

void LoadedModels::take(const QList<EngineModel>& models)
{
    if (models == m_models)
        return;
    const QList<EngineModel> before = std::exchange(m_models, models);
    Q_EMIT changed();
    for (const EngineModel& model : models) {
        const auto old = std::ranges::find(before, model.id, &EngineModel::id);
        if (old != before.end() && old->state == model.state)
            continue;
        if (model.state == EngineModel::State::Ready)
            Q_EMIT becameReady(model.id);
        else if (model.state == EngineModel::State::Failed)
            Q_EMIT loadFailed(model.id, model.error);
    }
}

}  // namespace facet::ui
