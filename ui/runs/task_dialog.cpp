#include "ui/runs/task_dialog.h"

#include "ui/background.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/field_row.h"
#include "ui/widgets/label.h"

#include <QComboBox>
#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QUrl>
#include <QVBoxLayout>

#include <filesystem>

namespace facet::ui {

QList<std::pair<QString, QString>> modelTypes()
{
    return {{TaskDialog::tr("bfloat16, as Gemma's own files"), QStringLiteral("bfloat16")},
            {TaskDialog::tr("float32, twice as large"), QStringLiteral("float32")}};
}

TaskDialog::TaskDialog(QString engine, TaskPlan plan, QWidget* parent)
    : QDialog(parent),
      m_engine(std::move(engine)),
      m_plan(std::move(plan)),
      m_folder(new QLineEdit(m_plan.place)),
      m_type(new QComboBox),
      m_progress(new TaskProgress)
{
    setObjectName(QStringLiteral("taskDialog"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(m_plan.title);
    setMinimumWidth(width::kDialog);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXl, space::kL, space::kXl, space::kL);
    column->setSpacing(space::kM);
    column->addWidget(new Label(m_plan.title, TextStyle::PaneTitle));
    auto* detail = new Label(m_plan.detail, TextStyle::Body, Role::Text2);
    detail->setWordWrap(true);
    column->addWidget(detail);
    m_folder->setObjectName(QStringLiteral("taskFolder"));
    const QString placeName = m_plan.suffix.isEmpty() ? tr("New folder") : tr("New file");
    m_folder->setAccessibleName(placeName);
    m_browse = makeButton(QStringLiteral("taskBrowse"), tr("Choose…"));
    auto* place = new QWidget;
    auto* placeRow = new QHBoxLayout(place);
    placeRow->setContentsMargins(0, 0, 0, 0);
    placeRow->addWidget(m_folder, 1);
    placeRow->addWidget(m_browse);
    place->setAccessibleName(placeName);
    column->addWidget(new FieldRow(placeName, place));
    m_type->setObjectName(QStringLiteral("taskType"));
    m_type->setAccessibleName(tr("Weights"));
    for (const auto& [words, type] : m_plan.types)
        m_type->addItem(words, type);
    auto* typeRow = new FieldRow(tr("Weights"), m_type);
    typeRow->setVisible(!m_plan.types.isEmpty());
    column->addWidget(typeRow);
    column->addWidget(m_progress);
    column->addStretch();
    auto* row = new QHBoxLayout;
    m_open = makeButton(QStringLiteral("taskOpen"), tr("Open folder"), ButtonKind::Outlined,
                        QStringLiteral("folder"));
    m_chat = makeButton(QStringLiteral("taskChat"), tr("Chat with it"), ButtonKind::Outlined,
                        QStringLiteral("chat"));
    m_cancel = makeButton(QStringLiteral("taskCancel"), tr("Cancel"));
    m_start = makeButton(QStringLiteral("taskStart"), tr("Start"), ButtonKind::Primary);
    m_start->setDefault(true);
    m_open->hide();
    m_chat->hide();
    row->addWidget(m_open);
    row->addWidget(m_chat);
    row->addStretch();
    row->addWidget(m_cancel);
    row->addWidget(m_start);
    column->addLayout(row);
    connect(m_progress, &TaskProgress::ended, this, &TaskDialog::handleEnd);
    connect(m_browse, &QPushButton::clicked, this, &TaskDialog::browse);
    connect(m_start, &QPushButton::clicked, this, &TaskDialog::start);
    connect(m_cancel, &QPushButton::clicked, this, &TaskDialog::reject);
    connect(m_open, &QPushButton::clicked, this, [this] {
        const QFileInfo written(m_folder->text());
        QDesktopServices::openUrl(QUrl::fromLocalFile(written.isDir() ? written.filePath() : written.path()));
    });
    connect(m_chat, &QPushButton::clicked, this, [this] {
        Q_EMIT chatWanted(m_folder->text());
        accept();
    });
    m_folder->setFocus();
}

void TaskDialog::browse()
{
    auto* dialog = new QFileDialog(this, windowTitle(), QFileInfo(m_folder->text()).path());
    dialog->setObjectName(QStringLiteral("taskFolderDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(m_plan.suffix.isEmpty() ? QFileDialog::Directory : QFileDialog::AnyFile);
    if (!m_plan.suffix.isEmpty()) {
        dialog->setAcceptMode(QFileDialog::AcceptSave);
        dialog->setDefaultSuffix(m_plan.suffix);
    }
    connect(dialog, &QFileDialog::fileSelected, m_folder, &QLineEdit::setText);
    dialog->open();
}

void TaskDialog::start()
{
    const QString text = m_folder->text().trimmed();
    const QFileInfo place(text);
    const bool isTaken = place.exists() && (!place.isDir() || !QDir(text).isEmpty());
    if (text.isEmpty() || isTaken) {
        m_progress->say(Role::Danger,
                        text.isEmpty() ? tr("Say where to write it.")
                        : place.isDir()
                            ? tr("%1 is there already and not empty: name a new folder.").arg(text)
                            : tr("%1 is there already: name a new file.").arg(text));
        m_folder->setFocus();
        return;
    }
    m_folder->setText(QDir::cleanPath(place.absoluteFilePath()));
    QStringList arguments = m_plan.arguments + QStringList{QStringLiteral("--out"), m_folder->text()};
    if (!m_plan.types.isEmpty())
        arguments << QStringLiteral("--dtype") << m_type->currentData().toString();
    for (QWidget* field : {static_cast<QWidget*>(m_folder), static_cast<QWidget*>(m_browse),
                           static_cast<QWidget*>(m_type), static_cast<QWidget*>(m_start)})
        field->setEnabled(false);
    m_progress->start(m_engine, arguments);
}

void TaskDialog::handleEnd(bool isDone, const QString& problem)
{
    if (isDone) {
        m_progress->say(Role::Success, tr("Written: %1").arg(m_folder->text()));
        m_start->hide();
        m_open->show();
        m_chat->setVisible(m_plan.writesModel);
        m_cancel->setText(tr("Close"));
        m_cancel->setAccessibleName(tr("Close"));
        m_cancel->setFocus();
        return;
    }
    // It was not there before, so all of it is half a model of ours.
    runInBackground(
        this,
        [folder = m_folder->text().toStdString()] {
            std::error_code ignored;
            return std::filesystem::remove_all(folder, ignored);
        },
        [](std::uintmax_t) {});
    m_progress->say(problem.isEmpty() ? Role::Text2 : Role::Danger,
                    problem.isEmpty() ? tr("Cancelled; nothing is left of it.") : problem);
    for (QWidget* field : {static_cast<QWidget*>(m_folder), static_cast<QWidget*>(m_browse),
                           static_cast<QWidget*>(m_type), static_cast<QWidget*>(m_start)})
        field->setEnabled(true);
}

/// Esc and Cancel end the work first; the dialog stays to say so.
void TaskDialog::reject()
{
    if (m_progress->isRunning())
        m_progress->cancel();
    else
        QDialog::reject();
}

}  // namespace facet::ui
