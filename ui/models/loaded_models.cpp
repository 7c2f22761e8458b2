#include "ui/models/loaded_models.h"

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kWhileLoadingMs = 150;
constexpr int kOtherwiseMs = 2000;

core::Error unavailable(const QString& sentence)
{
    return {core::ErrorCode::Unavailable, sentence.toStdString()};
}

}  // namespace

LoadedModels::LoadedModels(EngineClient& client, QObject* parent) : QObject(parent), m_client(client)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &LoadedModels::refresh);
    connect(&m_client, &EngineClient::stateChanged, this, [this](EngineClient::State state) {
        using State = EngineClient::State;
        if (state == State::Ready) {
            refresh();
            return;
        }
        take({});
        // A load ends with its engine; what was not asked for yet waits for the next one.
        if (state != State::Starting && state != State::Connecting)
            endAll(m_client.stateText());
    });
}

const EngineModel* LoadedModels::find(const QString& name) const
{
    auto found = std::ranges::find(m_models, m_ids.value(name, name), &EngineModel::id);
    if (found == m_models.end())
        found = std::ranges::find(m_models, name, &EngineModel::path);
    return found == m_models.end() ? nullptr : &*found;
}

void LoadedModels::load(const LoadRequest& request)
{
    m_asking.insert(request.model);
    m_client.load(request, this, [this, model = request.model](const core::Result<QString>& id) {
        m_asking.remove(model);
        if (id)
            m_ids.insert(model, *id);
        else
            Q_EMIT loadFailed(model, QString::fromStdString(id.error().message));
        refresh();
    });
}

void LoadedModels::unload(const QString& id)
{
    m_client.unload(m_ids.value(id, id), this, [this, id](const core::Result<QString>& done) {
        if (!done)
            Q_EMIT loadFailed(id, QString::fromStdString(done.error().message));
        refresh();
    });
}

void LoadedModels::ensureReady(const QString& name, QObject* context, Done<EngineModel> done)
{
    m_waits.append({name, context, std::move(done)});
    look();
}

void LoadedModels::refresh()
{
    if (m_client.state() == EngineClient::State::Ready)
        look();
}

void LoadedModels::look()
{
    if (m_isLooking)
        return;
    m_isLooking = true;
    m_client.listModels(this, [this, look = ++m_numLooks](const core::Result<QList<EngineModel>>& models) {
        m_isLooking = false;
        if (models) {
            take(*models);
            serveWaits(look);
        } else {
            for (Wait& wait : m_waits)
                wait.isAsked = true;
            endAll(QString::fromStdString(models.error().message));
        }
        const bool isLoading = std::ranges::any_of(
            m_models, [](const EngineModel& model) { return model.state == EngineModel::State::Loading; });
        m_timer.start(isLoading || !m_waits.isEmpty() ? kWhileLoadingMs : kOtherwiseMs);
    });
    if (m_client.state() != EngineClient::State::Ready)
        return;
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

void LoadedModels::serveWaits(int look)
{
    m_waits.removeIf([](const Wait& wait) { return !wait.context; });
    const QList<Wait> waits = m_waits;
    for (const Wait& wait : waits) {
        const EngineModel* model = find(wait.name);
        const bool hasFailed = model && model->state == EngineModel::State::Failed;
        if (model && model->state == EngineModel::State::Ready)
            end(wait.name, *model);
        else if (m_asking.contains(wait.name))
            continue;  // a second load of it would be refused
        else if (!wait.isAsked && (!model || hasFailed))
            askToLoad(wait.name);
        else if (hasFailed)
            end(wait.name, unavailable(tr("%1 cannot be loaded: %2").arg(wait.name, model->error)));
        else if (!model && wait.acceptedAt > 0 && look > wait.acceptedAt)
            end(wait.name, unavailable(tr("Loading %1 was cancelled.").arg(wait.name)));
    }
}

void LoadedModels::askToLoad(const QString& name)
{
    for (Wait& wait : m_waits)
        if (wait.name == name)
            wait.isAsked = true;
    LoadRequest request;
    request.model = name;
    request.device = m_device;
    m_asking.insert(name);
    m_client.load(request, this, [this, name](const core::Result<QString>& id) {
        m_asking.remove(name);
        if (!id) {
            end(name, id.error());
            return;
        }
        m_ids.insert(name, *id);
        for (Wait& wait : m_waits)
            if (wait.name == name)
                wait.acceptedAt = m_numLooks;
        look();
    });
}

void LoadedModels::end(const QString& name, const core::Result<EngineModel>& result)
{
    QList<Wait> ended;
    for (const Wait& wait : m_waits)
        if (wait.name == name)
            ended.append(wait);
    m_waits.removeIf([&](const Wait& wait) { return wait.name == name; });
    for (const Wait& wait : ended)
        if (wait.context)
            wait.done(result);
}

void LoadedModels::endAll(const QString& sentence)
{
    QList<Wait> ended;
    for (const Wait& wait : m_waits)
        if (wait.isAsked)
            ended.append(wait);
    m_waits.removeIf([](const Wait& wait) { return wait.isAsked; });
    for (const Wait& wait : ended)
        if (wait.context)
            wait.done(unavailable(sentence));
}

}  // namespace facet::ui
