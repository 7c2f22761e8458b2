// Actions of the Fine-tune page, and what comes to it and goes from it as files.

#include "core/data/dataset.h"
#include "ui/finetune/data_section.h"
#include "ui/finetune/finetune_page.h"
#include "ui/finetune/form_field.h"
#include "ui/finetune/side_panel.h"
#include "ui/widgets/banner.h"

#include <QAction>
#include <QApplication>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMimeData>

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
