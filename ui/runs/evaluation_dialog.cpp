#include "ui/runs/evaluation_dialog.h"

#include "core/run/run_folder.h"
#include "jobs/job/job_json.h"
#include "ui/runs/task_progress.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/field_row.h"
#include "ui/widgets/label.h"

#include <QComboBox>
#include <QDateTime>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

QString fileNames(const std::vector<jobs::DataSource>& sources)
{
    QStringList names;
    for (const jobs::DataSource& source : sources)
        names << QFileInfo(QString::fromStdString(source.path)).fileName();
    return names.join(QStringLiteral(", "));
}

}  // namespace

QString ownRows(const jobs::Settings& job)
{
    const core::Result<jobs::Job> read = jobs::jobFrom(job);
    if (!read)
        return {};
    const jobs::DataSettings& data = read->data;
    QStringList parts;
    if (!data.validationPath.empty())
        parts << QFileInfo(QString::fromStdString(data.validationPath)).fileName();
    else if (!data.validationSplit.empty())
        parts << EvaluationDialog::tr("split %1 of %2")
                     .arg(QString::fromStdString(data.validationSplit), fileNames(data.sources));
    if (data.validationFraction > 0)
        parts << EvaluationDialog::tr("%1 % of %2, held out")
                     .arg(QString::number(100 * data.validationFraction, 'g', 3), fileNames(data.sources));
    return parts.join(QStringLiteral("; "));
}

EvaluationDialog::EvaluationDialog(QString engine, Subject subject, QWidget* parent)
    : QDialog(parent),
      m_engine(std::move(engine)),
      m_subject(std::move(subject)),
      m_rows(new QComboBox),
      m_file(new QLineEdit),
      m_browse(makeButton(QStringLiteral("evaluateBrowse"), tr("Choose…"))),
      m_most(new QLineEdit),
      m_device(new QComboBox),
      m_progress(new TaskProgress)
{
    const QString title = tr("Evaluate %1").arg(m_subject.name);
    setObjectName(QStringLiteral("evaluationDialog"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(title);
    setMinimumWidth(width::kDialog);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXl, space::kL, space::kXl, space::kL);
    column->setSpacing(space::kM);
    column->addWidget(new Label(title, TextStyle::PaneTitle));
    auto* detail =
        new Label(tr("Measures the checkpoint beside its base model on rows that it did not learn from: "
                     "loss, answers to the letter, the best and the worst rows."),
                  TextStyle::Body, Role::Text2);
    detail->setWordWrap(true);
    column->addWidget(detail);
    m_rows->setObjectName(QStringLiteral("evaluateRows"));
    m_rows->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    if (!m_subject.ownRows.isEmpty())
        m_rows->addItem(tr("The run's own: %1").arg(m_subject.ownRows), true);
    m_rows->addItem(tr("Another file or folder"), false);
    m_rows->setToolTip(m_subject.ownRows);
    column->addWidget(new FieldRow(
        tr("Rows"), m_rows,
        m_subject.ownRows.isEmpty() ? tr("The run validates on none, so they have to be named") : QString()));
    m_file->setObjectName(QStringLiteral("evaluateFile"));
    m_file->setAccessibleName(tr("Data file"));
    m_file->setPlaceholderText(tr("heldout.jsonl"));
    auto* place = new QWidget;
    place->setAccessibleName(tr("Data file"));
    auto* placeRow = new QHBoxLayout(place);
    placeRow->setContentsMargins(0, 0, 0, 0);
    placeRow->addWidget(m_file, 1);
    placeRow->addWidget(m_browse);
    m_fileRow =
        new FieldRow(tr("Data file"), place,
                     tr("JSON lines, JSON or text, also packed, or an Energon folder; as in Fine-tune"));
    column->addWidget(m_fileRow);
    m_most->setObjectName(QStringLiteral("evaluateMost"));
    m_most->setPlaceholderText(tr("all"));
    m_mostRow = new FieldRow(tr("Rows at most"), m_most);
    m_device->setObjectName(QStringLiteral("evaluateDevice"));
    m_device->addItem(tr("The first GPU, else the CPU"), QStringLiteral("auto"));
    m_device->addItem(tr("The CPU"), QStringLiteral("cpu"));
    auto* both = new QHBoxLayout;
    both->setSpacing(space::kM);
    both->addWidget(m_mostRow, 1);
    both->addWidget(new FieldRow(tr("Where"), m_device), 1);
    column->addLayout(both);
    column->addWidget(m_progress);
    column->addStretch();
    auto* row = new QHBoxLayout;
    QPushButton* cancel = makeButton(QStringLiteral("evaluateCancel"), tr("Cancel"));
    m_start = makeButton(QStringLiteral("evaluateStart"), tr("Evaluate"), ButtonKind::Primary);
    m_start->setDefault(true);
    row->addStretch();
    row->addWidget(cancel);
    row->addWidget(m_start);
    column->addLayout(row);
    connect(m_rows, &QComboBox::currentIndexChanged, this, &EvaluationDialog::showRows);
    connect(m_file, &QLineEdit::textEdited, this, [this] { m_fileRow->setError({}); });
    connect(m_most, &QLineEdit::textEdited, this, [this] { m_mostRow->setError({}); });
    connect(m_browse, &QPushButton::clicked, this, &EvaluationDialog::browse);
    connect(m_start, &QPushButton::clicked, this, &EvaluationDialog::start);
    connect(cancel, &QPushButton::clicked, this, &EvaluationDialog::reject);
    connect(m_progress, &TaskProgress::ended, this, &EvaluationDialog::handleEnd);
    showRows();
    (takesOwnRows() ? static_cast<QWidget*>(m_rows) : m_file)->setFocus();
}

bool EvaluationDialog::takesOwnRows() const
{
    return m_rows->currentData().toBool();
}

void EvaluationDialog::showRows()
{
    m_fileRow->setVisible(!takesOwnRows());
}

void EvaluationDialog::browse()
{
    auto* dialog = new QFileDialog(this, tr("Rows to evaluate on"), QFileInfo(m_file->text()).path());
    dialog->setObjectName(QStringLiteral("evaluateFileDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, m_file, &QLineEdit::setText);
    dialog->open();
}

void EvaluationDialog::start()
{
    QStringList arguments = {QStringLiteral("evaluate"), QStringLiteral("--run"),
                             QString::fromStdString(m_subject.run.string()), QStringLiteral("--step"),
                             QString::number(m_subject.step)};
    if (!takesOwnRows()) {
        const QString file = m_file->text().trimmed();
        if (file.isEmpty() || !QFileInfo::exists(file)) {
            m_fileRow->setError(file.isEmpty() ? tr("Name the file or folder with the rows.")
                                               : tr("%1 is not there.").arg(file));
            m_file->setFocus();
            return;
        }
        arguments << QStringLiteral("--data") << QFileInfo(file).absoluteFilePath();
    }
    if (const QString most = m_most->text().remove(u',').trimmed(); !most.isEmpty()) {
        bool isNumber = false;
        if (most.toLongLong(&isNumber) < 1 || !isNumber) {
            m_mostRow->setError(
                tr("\"%1\" is no number of rows from 1 on; leave it empty for all.").arg(most));
            m_most->setFocus();
            return;
        }
        arguments << QStringLiteral("--max-samples") << most;
    }
    const core::RunFolder folder = {m_subject.run};
    const QString name =
        QStringLiteral("step-%1-%2.json")
            .arg(m_subject.step, 8, 10, QLatin1Char('0'))
            .arg(QDateTime::currentDateTimeUtc().toString(QStringLiteral("yyyyMMdd-HHmmsszzz")));
    m_out = QString::fromStdString((folder.evaluations() / name.toStdString()).string());
    arguments << QStringLiteral("--device") << m_device->currentData().toString() << QStringLiteral("--out")
              << m_out;
    setAsking(false);
    m_progress->start(m_engine, arguments);
}

void EvaluationDialog::setAsking(bool isAsking)
{
    for (QWidget* field :
         {static_cast<QWidget*>(m_rows), static_cast<QWidget*>(m_file), static_cast<QWidget*>(m_browse),
          static_cast<QWidget*>(m_most), static_cast<QWidget*>(m_device), static_cast<QWidget*>(m_start)})
        field->setEnabled(isAsking);
}

void EvaluationDialog::handleEnd(bool isDone, const QString& problem)
{
    if (isDone) {
        Q_EMIT evaluated(m_out);
        accept();
        return;
    }
    m_progress->say(problem.isEmpty() ? Role::Text2 : Role::Danger,
                    problem.isEmpty() ? tr("Cancelled; nothing is left of it.") : problem);
    setAsking(true);
    m_start->setFocus();
}

/// Esc and Cancel end the work first; the dialog stays to say so.
void EvaluationDialog::reject()
{
    if (m_progress->isRunning())
        m_progress->cancel();
    else
        QDialog::reject();
}

}  // namespace facet::ui
