#include "ui/clusters/script_dialog.h"

#include "core/base/file.h"
#include "ui/clusters/findings_view.h"
#include "ui/clusters/script_view.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QClipboard>
#include <QFileDialog>
#include <QGuiApplication>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

constexpr QSize kSize(760, 620);

QString toText(const std::string& text)
{
    return QString::fromStdString(text);
}

}  // namespace

ScriptDialog::ScriptDialog(ClusterDraft& draft, Purpose purpose, std::filesystem::path runs, QWidget* parent)
    : QDialog(parent),
      m_draft(draft),
      m_runs(std::move(runs)),
      m_purpose(purpose),
      m_banner(new Banner(Banner::Tone::Bad)),
      m_place(new Label(TextStyle::Body, Role::Text2)),
      m_runsHere(makeButton(QStringLiteral("scriptRunsHere"), tr("Use that folder"), ButtonKind::Link))
{
    const bool isExport = purpose == Purpose::Export;
    const QString title = (isExport ? tr("Export the script of %1 for %2?") : tr("Submit %1 to %2?"))
                              .arg(draft.jobName(), toText(draft.profile().name));
    setObjectName(QStringLiteral("scriptDialog"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(title);
    resize(kSize.boundedTo(parent->window()->size()));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXl, space::kL, space::kXl, space::kL);
    column->setSpacing(space::kM);
    column->addWidget(new Label(title, TextStyle::PaneTitle));
    auto* place = new QHBoxLayout;
    m_place->setWordWrap(true);
    m_place->setObjectName(QStringLiteral("scriptPlace"));
    place->addWidget(m_place, 1);
    place->addWidget(m_runsHere, 0, Qt::AlignTop);
    column->addLayout(place);
    m_banner->hide();
    column->addWidget(m_banner);
    auto* script = new ScriptView(draft);
    script->setObjectName(QStringLiteral("scriptText"));
    column->addWidget(script, 1);
    column->addWidget(new FindingsView(draft));
    auto* buttons = new QHBoxLayout;
    QPushButton* cancel = makeButton(QStringLiteral("scriptCancel"), tr("Cancel"));
    QPushButton* copy =
        makeButton(QStringLiteral("scriptCopy"), tr("Copy"), ButtonKind::Outlined, QStringLiteral("copy"));
    m_go = isExport ? makeButton(QStringLiteral("scriptSave"), tr("Save…"), ButtonKind::Primary,
                                 QStringLiteral("save"))
                    : makeButton(QStringLiteral("scriptSubmit"), tr("Submit"), ButtonKind::Primary,
                                 QStringLiteral("export"));
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(copy, &QPushButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(m_draft.script()); });
    connect(m_go, &QPushButton::clicked, this, [this, isExport] {
        if (!isExport) {
            Q_EMIT submitWanted();
            accept();
            return;
        }
        saveScript(this, m_draft, [this](const QString& problem) {
            m_banner->setTitle(tr("The script was not saved"));
            m_banner->setDetail(problem);
            m_banner->setVisible(!problem.isEmpty());
            if (problem.isEmpty())
                accept();
        });
    });
    connect(m_runsHere, &QPushButton::clicked, this,
            [this] { m_draft.setText(QStringLiteral("runs"), toText(m_runs.string())); });
    buttons->addStretch();
    buttons->addWidget(cancel);
    buttons->addWidget(copy);
    buttons->addWidget(m_go);
    column->addLayout(buttons);
    connect(&m_draft, &ClusterDraft::changed, this, &ScriptDialog::show);
    show();
    m_go->setDefault(true);
    m_go->setFocus();
}

void ScriptDialog::show()
{
    const QString folder = m_draft.runFolder();
    const bool isSeen = std::filesystem::path(folder.toStdString()).lexically_normal().parent_path() ==
                        m_runs.lexically_normal();
    const bool isHere = m_purpose == Purpose::Submit;
    m_place->setText(
        !isHere  ? tr("The run will be in %1 there.").arg(folder)
        : isSeen ? tr("sbatch takes this script. The run will be in %1 and on the Runs page.").arg(folder)
                 : tr("sbatch takes this script. The run will be in %1, where the Runs page "
                      "does not look: that is %2.")
                       .arg(folder, toText(m_runs.string())));
    m_runsHere->setVisible(isHere && !isSeen);
    const QString why = isHere ? whyNotSubmitted(m_draft) : QString();
    m_go->setEnabled(!m_draft.script().isEmpty() && why.isEmpty());
    m_go->setToolTip(why);
}

void saveScript(QWidget* parent, const ClusterDraft& draft,
                const std::function<void(const QString& problem)>& done)
{
    auto* dialog = new QFileDialog(parent, ScriptDialog::tr("Save the script"));
    dialog->setObjectName(QStringLiteral("saveScriptDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(draft.jobName() + QStringLiteral(".sbatch"));
    // What is shown now is what is written, whatever changes while a name is typed.
    QObject::connect(
        dialog, &QFileDialog::fileSelected, parent, [text = draft.script(), done](const QString& path) {
            const auto written = core::writeFileAtomically(path.toStdString(), text.toStdString());
            done(written ? QString() : toText(written.error().message));
        });
    dialog->open();
}

QString whyNotSubmitted(const ClusterDraft& draft)
{
    if (draft.script().isEmpty())
        return ScriptDialog::tr("There is no script yet");
    if (!draft.profile().host.empty())
        return ScriptDialog::tr("%1 is another machine: export the script and submit it there")
            .arg(toText(draft.profile().host));
    if (draft.numProblems() > 0)
        return ScriptDialog::tr("What would be refused is listed below the script");
    return {};
}

}  // namespace facet::ui
