// Actions of the Fine-tune page, and what comes to it and goes from it as files.

#include "core/data/dataset.h"
#include "ui/finetune/data_section.h"
#include "ui/finetune/finetune_page.h"
#include "ui/finetune/form_field.h"
#include "ui/finetune/side_panel.h"
#include "ui/models/loaded_models.h"
#include "ui/models/words.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QApplication>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>

namespace facet::ui {

void FinetunePage::addActions()
{
    const auto add = [this](const char* name, const QString& text, const QKeySequence& keys, auto slot) {
        auto* action = new QAction(text, this);
        action->setObjectName(QString::fromLatin1(name));
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, slot);
        addAction(action);
    };
    add("actionStartJob", tr("Fine-tune: start the run"), QKeySequence(Qt::CTRL | Qt::Key_Return),
        [this] { start(); });
    add("actionQueueJob", tr("Fine-tune: add to the queue"),
        QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Return), [this] { enqueue(); });
    add("actionOpenJob", tr("Fine-tune: open a job file…"), QKeySequence(Qt::CTRL | Qt::Key_O),
        [this] { chooseFile(false); });
    add("actionSaveJob", tr("Fine-tune: save the job file…"), QKeySequence(Qt::CTRL | Qt::Key_S),
        [this] { chooseFile(true); });
    add("actionNewJob", tr("Fine-tune: start anew from the recipe"), QKeySequence(Qt::CTRL | Qt::Key_N),
        [this] { m_form.startFromRecipe(m_form.recipe()); });
    add("actionUndoJob", tr("Fine-tune: undo"), QKeySequence(Qt::CTRL | Qt::Key_Z),
        [this] { m_form.undo(); });
    add("actionRedoJob", tr("Fine-tune: redo"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z),
        [this] { m_form.redo(); });
    add("actionNextProblem", tr("Fine-tune: next problem"), QKeySequence(Qt::Key_F8),
        [this] { goToProblem(1); });
    add("actionEarlierProblem", tr("Fine-tune: previous problem"), QKeySequence(Qt::SHIFT | Qt::Key_F8),
        [this] { goToProblem(-1); });
    add("actionResetField", tr("Fine-tune: reset the field to the recipe"),
        QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_D), [this] {
            for (QWidget* widget = QApplication::focusWidget(); widget; widget = widget->parentWidget())
                if (const auto* field = qobject_cast<FormField*>(widget))
                    m_form.reset(field->key());
        });
    add("actionJobSide", tr("Fine-tune: show or hide the side panel"), QKeySequence(Qt::Key_F9), [this] {
        m_isSideWanted = !m_side->isVisible();
        m_side->setVisible(m_isSideWanted);
    });
}

void FinetunePage::start()
{
    if (!m_startButton->isEnabled())
        return;
    whenThereIsRoom(tr("start"), [this] { m_start.start(m_form.document(), m_form.device().id); });
}

void FinetunePage::enqueue()
{
    if (!m_queueButton->isEnabled())
        return;
    whenThereIsRoom(tr("add"),
                    [this] { m_start.enqueue(m_form.document(), {m_form.device().id}, m_sweeps.sweeps()); });
}

void FinetunePage::showQueued(const QStringList& names, const QString& nextName)
{
    m_banner->hide();
    m_sweeps.clear();
    m_form.set("name", nextName.toStdString());
    Toast::show(this, {QStringLiteral("queue"),
                       names.size() == 1 ? tr("%1 is in the queue").arg(names.front())
                                         : tr("%1 runs are in the queue").arg(names.size()),
                       tr("It is worked on when the window is closed, too."), tr("Show"),
                       [this] { Q_EMIT queueWanted(); }});
}

void FinetunePage::whenThereIsRoom(const QString& verb, std::function<void()> go)
{
    const QString device = QString::fromStdString(m_form.device().id);
    QStringList models;
    for (const EngineModel& model :
         m_loaded && !m_form.device().isCpu ? m_loaded->models() : QList<EngineModel>())
        if (model.device == device && model.state != EngineModel::State::Failed)
            models << model.id;
    if (models.isEmpty()) {
        go();
        return;
    }
    const std::optional<jobs::Estimate>& estimate = m_form.verdict().estimate;
    const QString name = QString::fromStdString(m_form.device().name);
    auto* question = new QMessageBox(
        QMessageBox::Question, tr("Unload the chat model to make room?"),
        (estimate ? tr("The run needs %1 on %2.")
                        .arg(words::gibibytes(static_cast<qint64>(estimate->memory.total())), name)
                  : QString()) +
            QLatin1Char(' ') +
            tr("Chat holds %1 there. Conversations stay; the model loads again when you write.")
                .arg(models.join(tr(" and "))),
        QMessageBox::Cancel, this);
    question->setObjectName(QStringLiteral("unloadQuestion"));
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton* keep = question->addButton(tr("Keep it and %1").arg(verb), QMessageBox::ActionRole);
    keep->setObjectName(QStringLiteral("unloadNo"));
    QPushButton* unload = question->addButton(tr("Unload and %1").arg(verb), QMessageBox::AcceptRole);
    unload->setObjectName(QStringLiteral("unloadYes"));
    connect(keep, &QPushButton::clicked, this, go);
    connect(unload, &QPushButton::clicked, this, [this, models, go] { unloadAndThen(models, go); });
    question->open();
}

void FinetunePage::unloadAndThen(const QStringList& models, std::function<void()> go)
{
    auto* waiting = new QObject(this);  // ends with the last of them
    connect(m_loaded, &LoadedModels::changed, waiting, [this, waiting, models, go = std::move(go)] {
        for (const QString& id : models)
            if (m_loaded->find(id))
                return;
        waiting->deleteLater();
        disconnect(m_loaded, nullptr, waiting, nullptr);
        go();
    });
    for (const QString& id : models)
        m_loaded->unload(id);
}

void FinetunePage::chooseFile(bool saves)
{
    auto* dialog = new QFileDialog(this, saves ? tr("Save the job file") : tr("Open a job file"));
    dialog->setObjectName(QStringLiteral("jobDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setNameFilter(tr("Job files (*.json)"));
    dialog->setDefaultSuffix(QStringLiteral("json"));
    dialog->setAcceptMode(saves ? QFileDialog::AcceptSave : QFileDialog::AcceptOpen);
    dialog->setFileMode(saves ? QFileDialog::AnyFile : QFileDialog::ExistingFile);
    if (saves)
        dialog->selectFile(m_form.file().isEmpty() ? m_form.text("name") + QStringLiteral(".json")
                                                   : m_form.file());
    connect(dialog, &QFileDialog::fileSelected, this, [this, saves](const QString& path) {
        if (!saves) {
            openPath(path);
            return;
        }
        const core::Result<void> saved = m_form.save(path);
        if (!saved)
            showProblem(tr("The job file was not saved"), QString::fromStdString(saved.error().message));
        refresh();
    });
    dialog->open();
}

void FinetunePage::openPath(const QString& path)
{
    m_banner->hide();
    const QFileInfo info(path);
    const bool isJob = info.isDir() ? QFileInfo::exists(path + QStringLiteral("/job.json"))
                                    : info.suffix() == QStringLiteral("json") &&
                                          static_cast<bool>(jobs::readJobFile(path.toStdString()));
    const bool isData = !isJob && (info.isDir() || info.suffix() != QStringLiteral("json"));
    if (isData) {
        m_data->usePath(path);
        return;
    }
    const core::Result<void> opened = m_form.open(path);
    if (!opened)
        showProblem(tr("The job file was not opened"), QString::fromStdString(opened.error().message));
}

void FinetunePage::dragEnterEvent(QDragEnterEvent* event)
{
    const QList<QUrl> urls = event->mimeData()->urls();
    if (urls.size() == 1 && urls.front().isLocalFile())
        event->acceptProposedAction();
}

void FinetunePage::dropEvent(QDropEvent* event)
{
    event->acceptProposedAction();
    const QString path = event->mimeData()->urls().value(0).toLocalFile();
    // A list of rows may be called .json as well.
    const bool isJson = path.endsWith(QStringLiteral(".json"));
    if (isJson && !jobs::readJobFile(path.toStdString()) &&
        static_cast<bool>(core::Dataset::open(path.toStdString())))
        m_data->usePath(path);
    else
        openPath(path);
}

}  // namespace facet::ui
