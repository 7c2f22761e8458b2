#include "ui/runs/run_notes_view.h"

#include "ui/background.h"
#include "ui/theme/theme.h"
#include "ui/widgets/field_row.h"

#include <QLineEdit>
#include <QPlainTextEdit>
#include <QVBoxLayout>

#include <memory>

namespace facet::ui {

static QString tagText(const std::vector<std::string>& tags)
{
    QStringList list;
    for (const std::string& tag : tags)
        list << QString::fromStdString(tag);
    return list.join(QStringLiteral(", "));
}

RunNotesView::RunNotesView(QWidget* parent)
    : QWidget(parent), m_name(new QLineEdit), m_tags(new QLineEdit), m_text(new QPlainTextEdit)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kL, space::kM, space::kL, space::kM);
    column->setSpacing(space::kM);
    m_name->setObjectName(QStringLiteral("runName"));
    m_tags->setObjectName(QStringLiteral("runTags"));
    m_tags->setPlaceholderText(tr("receipts, baseline"));
    m_text->setObjectName(QStringLiteral("runNotes"));
    m_text->setTabChangesFocus(true);
    m_text->setPlaceholderText(tr("What was tried, and what came of it"));
    column->addWidget(new FieldRow(tr("Name"), m_name, tr("As it is shown here; the folder keeps its name")));
    column->addWidget(
        new FieldRow(tr("Tags"), m_tags, tr("With commas between; the list can show one tag's")));
    column->addWidget(new FieldRow(tr("Notes"), m_text), 1);
    m_delay.setSingleShot(true);
    m_delay.setInterval(500);
    connect(&m_delay, &QTimer::timeout, this, &RunNotesView::write);
    const auto changed = [this] {
        if (!m_isShowing)
            m_delay.start();
    };
    connect(m_name, &QLineEdit::textEdited, this, changed);
    connect(m_tags, &QLineEdit::textEdited, this, changed);
    connect(m_text, &QPlainTextEdit::textChanged, this, changed);
}

/// The last words are not lost with the window.
RunNotesView::~RunNotesView()
{
    if (m_delay.isActive())
        (void)core::writeNotes(m_folder, notes());
}

core::RunNotes RunNotesView::notes() const
{
    core::RunNotes notes;
    for (const QString& tag : m_tags->text().split(u',', Qt::SkipEmptyParts))
        if (!tag.trimmed().isEmpty())
            notes.tags.push_back(tag.simplified().toStdString());
    notes.text = m_text->toPlainText().toStdString();
    notes.name = m_name->text().simplified().toStdString();
    // The run's own name, left as it is, is none that the user gave.
    if (notes.name == m_jobName)
        notes.name.clear();
    return notes;
}

void RunNotesView::show(const core::ObservedRun* run)
{
    if (m_delay.isActive())
        write();
    setEnabled(run);
    m_isWriting = false;
    m_folder = run ? run->folder : core::RunFolder();
    if (!run) {
        m_isShowing = true;
        m_name->clear();
        m_tags->clear();
        m_text->clear();
        m_isShowing = false;
        return;
    }
    m_stored = {};
    m_isShowing = true;
    m_name->setText(QString::fromStdString(run->name));
    m_tags->setText(tagText(run->tags));
    m_text->setPlainText(QString::fromStdString(run->notes));
    m_isShowing = false;
    m_jobName = run->jobName;
    m_stored = notes();
}

void RunNotesView::follow(const core::ObservedRun& run)
{
    const bool isEdited =
        m_delay.isActive() || m_name->hasFocus() || m_tags->hasFocus() || m_text->hasFocus();
    if (run.folder.path != m_folder.path || isEdited)
        return;
    const bool isSame = run.tags == m_stored.tags && run.notes == m_stored.text &&
                        run.name == (m_stored.name.empty() ? m_jobName : m_stored.name);
    // What was just written is not read again yet.
    if (isSame)
        m_isWriting = false;
    else if (!m_isWriting)
        show(&run);
}

void RunNotesView::write()
{
    m_delay.stop();
    m_stored = notes();
    m_isWriting = true;
    runInBackground(
        this,
        [folder = m_folder, notes = m_stored] {
            return std::make_shared<core::Result<void>>(core::writeNotes(folder, notes));
        },
        [this](const std::shared_ptr<core::Result<void>>& done) {
            if (*done) {
                Q_EMIT written();
                return;
            }
            m_isWriting = false;
            Q_EMIT failed(QString::fromStdString(done->error().message));
        });
}

}  // namespace facet::ui
