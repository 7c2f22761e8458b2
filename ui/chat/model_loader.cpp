#include "ui/chat/model_loader.h"

#include <algorithm>

namespace facet::ui {

static constexpr int kLookAgainMs = 150;

ModelLoader::ModelLoader(EngineClient& client, QObject* parent) : QObject(parent), m_client(client)
{
    m_lookAgain.setSingleShot(true);
    m_lookAgain.setInterval(kLookAgainMs);
    connect(&m_lookAgain, &QTimer::timeout, this, &ModelLoader::look);
    connect(&m_client, &EngineClient::stateChanged, this, [this](EngineClient::State state) {
        if (state == EngineClient::State::Ready)
            look();
        else if (state != EngineClient::State::Connecting && !m_models.isEmpty()) {
            m_models.clear();
            Q_EMIT changed();
        }
    });
}

const EngineModel* ModelLoader::find(const QString& name) const
{
    const QString id = m_ids.value(name, name);
    const auto found = std::find_if(m_models.begin(), m_models.end(),
                                    [&](const EngineModel& model) { return model.id == id; });
    return found == m_models.end() ? nullptr : &*found;
}

void ModelLoader::refresh()
{
    if (m_client.state() == EngineClient::State::Ready)
        look();
}

void ModelLoader::ensureReady(const QString& name, QObject* context, Done<EngineModel> done)
{
    m_waits.append({name, context, std::move(done), false});
    look();
}

void ModelLoader::look()
{
    if (m_isLooking)
        return;
    m_isLooking = true;
    m_client.listModels(this, [this](const core::Result<QList<EngineModel>>& models) {
        m_isLooking = false;
        handle(models);
    });
}

void ModelLoader::handle(const core::Result<QList<EngineModel>>& models)
{
    if (!models) {
        const QList<Wait> waits = std::exchange(m_waits, {});
        for (const Wait& wait : waits)
            if (wait.context)
                wait.done(models.error());
        return;
    }
    if (m_models != *models) {
        m_models = *models;
        Q_EMIT changed();
    }
    m_waits.removeIf([](const Wait& wait) { return !wait.context; });
    const QList<Wait> waits = m_waits;
    for (const Wait& wait : waits) {
        const EngineModel* model = find(wait.name);
        if (model && model->state == EngineModel::State::Ready)
            end(wait.name, *model);
        else if (!wait.isAsked && (!model || model->state == EngineModel::State::Failed))
            askToLoad(wait.name);
        else if (model && model->state == EngineModel::State::Failed)
            end(wait.name,
                core::Error{core::ErrorCode::Unavailable,
                            tr("%1 cannot be loaded: %2").arg(wait.name, model->error).toStdString()});
    }
    const bool isLoading = std::any_of(m_models.begin(), m_models.end(), [](const EngineModel& model) {
        return model.state == EngineModel::State::Loading;
    });
    if (isLoading || !m_waits.isEmpty())
        m_lookAgain.start();
}

void ModelLoader::askToLoad(const QString& name)
{
    for (Wait& wait : m_waits)
        if (wait.name == name)
            wait.isAsked = true;
    LoadRequest request;
    request.model = name;
    m_client.load(request, this, [this, name](const core::Result<QString>& id) {
        if (!id) {
            end(name, id.error());
            return;
        }
        m_ids.insert(name, *id);
        look();
    });
}

void ModelLoader::end(const QString& name, const core::Result<EngineModel>& result)
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

}  // namespace facet::ui
