#include "ui/models/room_question.h"

#include "jobs/queue/queue_devices.h"
#include "ui/models/loaded_models.h"

#include <QMessageBox>
#include <QPushButton>

#include <algorithm>

namespace facet::ui {

namespace {

void unloadAndThen(LoadedModels& loaded, const QStringList& models, QWidget* parent, std::function<void()> go)
{
    auto* waiting = new QObject(parent);  // ends with the last of them
    QObject::connect(&loaded, &LoadedModels::changed, waiting,
                     [&loaded, waiting, models, go = std::move(go)] {
                         for (const QString& id : models)
                             if (loaded.find(id))
                                 return;
                         waiting->deleteLater();
                         QObject::disconnect(&loaded, nullptr, waiting, nullptr);
                         go();
                     });
    for (const QString& id : models)
        loaded.unload(id);
}

}  // namespace

void whenThereIsRoom(LoadedModels* loaded, const RoomWish& wish, QWidget* parent, std::function<void()> go)
{
    std::vector<std::string> devices = wish.devices;
    std::ranges::replace(devices, "auto", "cuda:0");
    QStringList models;
    if (loaded && loaded->client().isLocal())
        for (const EngineModel& model : loaded->models())
            if (model.device != QStringLiteral("cpu") && model.state != EngineModel::State::Failed &&
                std::ranges::find(devices, model.device.toStdString()) != devices.end())
                models << model.id;
    if (models.isEmpty()) {
        go();
        return;
    }
    const QString holds =
        QMessageBox::tr("Chat holds %1 on %2. Conversations stay; the model loads again when you write.")
            .arg(models.join(QMessageBox::tr(" and ")),
                 QString::fromStdString(jobs::devicesInWords(devices)));
    auto* question = new QMessageBox(
        QMessageBox::Question, QMessageBox::tr("Unload the chat model to make room?"),
        wish.need.isEmpty() ? holds : wish.need + QLatin1Char(' ') + holds, QMessageBox::Cancel, parent);
    question->setObjectName(QStringLiteral("unloadQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton* keep =
        question->addButton(QMessageBox::tr("Keep it and %1").arg(wish.verb), QMessageBox::ActionRole);
    keep->setObjectName(QStringLiteral("unloadNo"));
    QPushButton* unload =
        question->addButton(QMessageBox::tr("Unload and %1").arg(wish.verb), QMessageBox::AcceptRole);
    unload->setObjectName(QStringLiteral("unloadYes"));
    QObject::connect(keep, &QPushButton::clicked, parent, go);
    QObject::connect(unload, &QPushButton::clicked, parent,
                     [loaded, models, parent, go] { unloadAndThen(*loaded, models, parent, go); });
    question->open();
}

}  // namespace facet::ui
