#include "ui/clusters/clusters_page.h"

#include "core/base/file.h"
#include "ui/clusters/cluster_form.h"
#include "ui/clusters/script_view.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/label.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHeaderView>
#include <QListView>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>

namespace facet::ui {

namespace {

constexpr int kKeepAfterMs = 300;

QString toText(const std::string& text)
{
    return QString::fromStdString(text);
}

}  // namespace

ClustersPage::ClustersPage(const std::filesystem::path& home, std::filesystem::path recipes, QWidget* parent)
    : QWidget(parent),
      m_home(home),
      m_profiles(home / "clusters"),
      m_draft(std::move(recipes)),
      m_jobs(m_programs)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHeader());
    m_banner = new Banner(Banner::Tone::Bad);
    m_banner->setObjectName(QStringLiteral("clusterBanner"));
    QPushButton* close = makeButton(QStringLiteral("clusterBannerClose"), tr("Close"));
    setCompact(close);
    connect(close, &QPushButton::clicked, m_banner, &QWidget::hide);
    m_banner->addAction(close);
    m_banner->hide();
    column->addWidget(m_banner);

    auto* area = new QScrollArea;
    area->setObjectName(QStringLiteral("clusterFormArea"));
    area->setAccessibleName(tr("Profile"));
    area->setFrameShape(QFrame::NoFrame);
    area->setWidgetResizable(true);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setFocusPolicy(Qt::NoFocus);
    area->setProperty("pane", true);
    area->setWidget(new ClusterForm(m_draft));
    auto* beside = new QSplitter;
    beside->setObjectName(QStringLiteral("clusterSplitter"));
    beside->setChildrenCollapsible(false);
    beside->addWidget(area);
    beside->addWidget(makeScript());
    beside->setSizes({500, 560});

    auto* empty = new EmptyState(
        QStringLiteral("clusters"), tr("No clusters yet"),
        tr("A profile says how a SLURM cluster is used; with it a job becomes a batch script."));
    QPushButton* add = makeButton(QStringLiteral("emptyAddCluster"), tr("Add a profile"));
    connect(add, &QPushButton::clicked, this, &ClustersPage::addProfile);
    empty->addAction(add);
    m_stack = new QStackedWidget;
    m_stack->addWidget(beside);
    m_stack->addWidget(empty);

    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    row->addWidget(makeList());
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(m_stack, 1);
    right->addWidget(makeJobs());
    row->addLayout(right, 1);
    column->addLayout(row, 1);

    m_keeping.setSingleShot(true);
    m_keeping.setInterval(kKeepAfterMs);
    connect(&m_keeping, &QTimer::timeout, this, &ClustersPage::keep);
    connect(&m_draft, &ClusterDraft::edited, &m_keeping, qOverload<>(&QTimer::start));
    connect(&m_draft, &ClusterDraft::changed, this, &ClustersPage::showState);
    connect(&m_jobs, &SlurmJobs::changed, this, &ClustersPage::showState);
    connect(&m_jobs, &SlurmJobs::submitted, this, [this](const QString& id) {
        Toast::show(this, {QStringLiteral("done"),
                           tr("Job %1 is queued").arg(id),
                           tr("Its run shows up once it has started."),
                           {},
                           {}});
    });
    connect(&m_jobs, &SlurmJobs::failed, this,
            [this](const QString& sentence) { showProblem(tr("SLURM refused"), sentence); });
    connect(&m_profiles, &QAbstractItemModel::modelReset, this, [this] {
        if (!m_list->currentIndex().isValid() && m_profiles.rowCount() > 0)
            m_list->setCurrentIndex(m_profiles.index(0));
        showState();
    });
    addActions();
    setFocusProxy(m_list);
    if (m_profiles.rowCount() > 0)
        m_list->setCurrentIndex(m_profiles.index(0));
    showState();
}

QWidget* ClustersPage::makeHeader()
{
    m_header = new PageHeader(tr("Clusters"));
    m_verdict = new Chip(QString());
    m_fill = makeButton(QStringLiteral("clusterFill"), tr("Fill from SLURM"), ButtonKind::Flat,
                        QStringLiteral("again"));
    m_job = makeButton(QStringLiteral("clusterJob"), tr("Open job…"), ButtonKind::Outlined,
                       QStringLiteral("file"));
    m_submit = makeButton(QStringLiteral("clusterSubmit"), tr("Submit"), ButtonKind::Primary,
                          QStringLiteral("export"));
    connect(m_fill, &QPushButton::clicked, this, &ClustersPage::fillFromSlurm);
    connect(m_job, &QPushButton::clicked, this, &ClustersPage::chooseJob);
    connect(m_submit, &QPushButton::clicked, this, &ClustersPage::submit);
    for (QWidget* each : std::initializer_list<QWidget*>{m_verdict, m_fill, m_job, m_submit})
        m_header->addAction(each);
    return m_header;
}

QWidget* ClustersPage::makeList()
{
    auto* pane = new QWidget;
    pane->setFixedWidth(width::kConversations - 32);
    pane->setProperty("pane", true);
    pane->setAccessibleName(tr("Profiles"));
    auto* column = new QVBoxLayout(pane);
    column->setContentsMargins(space::kS, space::kS, space::kS, space::kS);
    m_list = new QListView;
    m_list->setObjectName(QStringLiteral("clusterList"));
    m_list->setAccessibleName(tr("Profiles"));
    m_list->setModel(&m_profiles);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this,
            [this](const QModelIndex& index) {
                if (!index.isValid())
                    return;
                if (m_keeping.isActive())
                    keep();
                m_draft.setProfile(m_profiles.profile(index.row()));
            });
    auto* buttons = new QHBoxLayout;
    QToolButton* add =
        makeIconButton(QStringLiteral("clusterAdd"), QStringLiteral("plus"), tr("Add a profile"));
    QToolButton* remove =
        makeIconButton(QStringLiteral("clusterRemove"), QStringLiteral("trash"), tr("Remove the profile"));
    connect(add, &QToolButton::clicked, this, &ClustersPage::addProfile);
    connect(remove, &QToolButton::clicked, this, &ClustersPage::removeProfile);
    buttons->addWidget(add);
    buttons->addWidget(remove);
    buttons->addStretch();
    column->addLayout(buttons);
    column->addWidget(m_list, 1);
    return pane;
}

QWidget* ClustersPage::makeScript()
{
    auto* pane = new QWidget;
    pane->setProperty("pane", true);
    pane->setAccessibleName(tr("Script"));
    auto* column = new QVBoxLayout(pane);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(space::kL, space::kXs, space::kL, space::kXs);
    bar->addWidget(new Label(tr("Script"), TextStyle::Section));
    bar->addStretch();
    m_copy = makeButton(QStringLiteral("clusterCopy"), tr("Copy"), ButtonKind::Flat, QStringLiteral("copy"));
    m_save = makeButton(QStringLiteral("clusterSave"), tr("Save…"), ButtonKind::Flat, QStringLiteral("save"));
    connect(m_copy, &QPushButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(m_draft.script()); });
    connect(m_save, &QPushButton::clicked, this, &ClustersPage::saveScript);
    bar->addWidget(m_copy);
    bar->addWidget(m_save);
    column->addLayout(bar);
    column->addWidget(new ScriptView(m_draft), 1);
    m_findings = new QVBoxLayout;
    m_findings->setContentsMargins(space::kL, space::kS, space::kL, space::kS);
    column->addLayout(m_findings);
    return pane;
}

QWidget* ClustersPage::makeJobs()
{
    auto* pane = new QWidget;
    pane->setProperty("pane", true);
    pane->setAccessibleName(tr("Jobs here"));
    if (!m_programs.areHere())
        pane->hide();  // to show what has no parent yet would open a window
    auto* column = new QVBoxLayout(pane);
    column->setContentsMargins(space::kL, space::kS, space::kL, space::kS);
    auto* bar = new QHBoxLayout;
    bar->addWidget(new Label(tr("Jobs here"), TextStyle::Section));
    m_jobsLine = new Label(TextStyle::Small, Role::Text3);
    bar->addWidget(m_jobsLine, 1);
    m_cancel = makeButton(QStringLiteral("clusterCancelJob"), tr("Cancel the job"), ButtonKind::Outlined,
                          QStringLiteral("close"));
    connect(m_cancel, &QPushButton::clicked, this, &ClustersPage::cancelJob);
    bar->addWidget(m_cancel);
    column->addLayout(bar);
    m_table = new QTableView;
    m_table->setObjectName(QStringLiteral("clusterJobs"));
    m_table->setAccessibleName(tr("Jobs here"));
    m_table->setModel(&m_jobs);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setSectionsClickable(false);
    m_table->horizontalHeader()->setObjectName(QStringLiteral("clusterJobsHeader"));
    m_table->horizontalHeader()->setAccessibleName(tr("Columns"));
    m_table->horizontalHeader()->setSectionResizeMode(SlurmJobs::Reason, QHeaderView::Stretch);
    m_table->setFixedHeight(130);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentChanged, this, &ClustersPage::showState);
    column->addWidget(m_table);
    return pane;
}

void ClustersPage::addActions()
{
    const auto add = [this](const char* name, const QString& text, const QKeySequence& keys, auto slot) {
        auto* action = new QAction(text, this);
        action->setObjectName(QString::fromLatin1(name));
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, slot);
        addAction(action);
    };
    add("actionAddCluster", tr("Clusters: add a profile"), QKeySequence(Qt::CTRL | Qt::Key_N),
        [this] { addProfile(); });
    add("actionOpenClusterJob", tr("Clusters: open a job…"), QKeySequence(Qt::CTRL | Qt::Key_O),
        [this] { chooseJob(); });
    add("actionSaveScript", tr("Clusters: save the script…"), QKeySequence(Qt::CTRL | Qt::Key_S),
        [this] { saveScript(); });
    add("actionSubmitScript", tr("Clusters: submit the script"), QKeySequence(Qt::CTRL | Qt::Key_Return),
        [this] { submit(); });
    add("actionFillCluster", tr("Clusters: fill the profile from SLURM"), {}, [this] { fillFromSlurm(); });
}

void ClustersPage::addProfile()
{
    jobs::ClusterProfile profile;
    const QString name = m_profiles.freeName();
    profile.name = name.toStdString();
    if (const auto written = m_profiles.write(profile); !written)
        showProblem(tr("The profile was not added"), toText(written.error().message));
    select(name);
}

void ClustersPage::removeProfile()
{
    if (!m_list->currentIndex().isValid())
        return;
    const jobs::ClusterProfile profile = m_draft.profile();
    m_keeping.stop();
    if (const auto removed = m_profiles.remove(toText(profile.name)); !removed) {
        showProblem(tr("The profile was not removed"), toText(removed.error().message));
        return;
    }
    Toast::show(this, {QStringLiteral("trash"), tr("%1 is gone").arg(toText(profile.name)),
                       tr("Only its profile; runs and jobs stay."), tr("Undo"), [this, profile] {
                           if (m_profiles.write(profile))
                               select(toText(profile.name));
                       }});
}

void ClustersPage::select(const QString& name)
{
    if (const int row = m_profiles.indexOf(name); row >= 0)
        m_list->setCurrentIndex(m_profiles.index(row));
}

void ClustersPage::fillFromSlurm()
{
    const auto failed = [this](const core::Error& error) {
        showProblem(tr("SLURM does not answer"), toText(error.message));
    };
    const QStringList one = {QStringLiteral("--oneliner"), QStringLiteral("show")};
    m_programs.run(this, QStringLiteral("scontrol"), one + QStringList(QStringLiteral("partition")),
                   [this, failed, one](const core::Result<QByteArray>& partitions) {
                       if (!partitions)
                           return failed(partitions.error());
                       m_programs.run(
                           this, QStringLiteral("scontrol"), one + QStringList(QStringLiteral("node")),
                           [this, failed, lines = *partitions](const core::Result<QByteArray>& nodes) {
                               if (!nodes)
                                   return failed(nodes.error());
                               jobs::ClusterProfile profile = m_draft.profile();
                               profile.partitions =
                                   jobs::partitionsFrom(lines.toStdString(), nodes->toStdString());
                               if (profile.partition.empty() && !profile.partitions.empty())
                                   profile.partition = profile.partitions[0].name;
                               m_draft.setProfile(profile);
                               m_keeping.start();
                           });
                   });
    // Without accounting there are no accounts, and that is no failure.
    m_programs.run(this, QStringLiteral("sacctmgr"),
                   {QStringLiteral("--noheader"), QStringLiteral("--parsable2"), QStringLiteral("show"),
                    QStringLiteral("associations"), QStringLiteral("user=") + qEnvironmentVariable("USER"),
                    QStringLiteral("format=account")},
                   [this](const core::Result<QByteArray>& lines) {
                       if (!lines)
                           return;
                       jobs::ClusterProfile profile = m_draft.profile();
                       profile.accounts = jobs::namesFrom(lines->toStdString());
                       m_draft.setProfile(profile);
                       m_keeping.start();
                   });
}

void ClustersPage::chooseJob()
{
    auto* dialog =
        new QFileDialog(this, tr("Open a job"), toText((m_home / "runs").string()), tr("Jobs (*.json)"));
    dialog->setObjectName(QStringLiteral("openClusterJobDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, &ClustersPage::openJob);
    dialog->open();
}

void ClustersPage::openJob(const QString& path)
{
    m_banner->hide();
    if (const auto opened = m_draft.openJob(path); !opened)
        showProblem(tr("That job cannot be used"), toText(opened.error().message));
}

void ClustersPage::saveScript()
{
    if (m_draft.script().isEmpty())
        return;
    auto* dialog = new QFileDialog(this, tr("Save the script"));
    dialog->setObjectName(QStringLiteral("saveScriptDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(m_draft.jobName() + QStringLiteral(".sbatch"));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        if (const auto written =
                core::writeFileAtomically(path.toStdString(), m_draft.script().toStdString());
            !written)
            showProblem(tr("The script was not saved"), toText(written.error().message));
    });
    dialog->open();
}

void ClustersPage::submit()
{
    if (m_submit->isEnabled())
        m_jobs.submit(m_draft.script(), toText((m_home / "runs").string()));
}

void ClustersPage::cancelJob()
{
    if (m_table->currentIndex().isValid())
        m_jobs.cancel(toText(m_jobs.job(m_table->currentIndex().row()).id));
}

void ClustersPage::keep()
{
    m_keeping.stop();
    if (const auto written = m_profiles.write(m_draft.profile()); !written)
        showProblem(tr("The profile was not saved"), toText(written.error().message));
}

void ClustersPage::showProblem(const QString& title, const QString& detail)
{
    m_banner->setTitle(title);
    m_banner->setDetail(detail);
    m_banner->show();
}

void ClustersPage::showState()
{
    const bool hasProfile = m_profiles.rowCount() > 0;
    m_stack->setCurrentIndex(hasProfile ? 0 : 1);
    m_header->setTitle(hasProfile ? toText(m_draft.profile().name) : tr("Clusters"));
    const int refused = m_draft.numProblems();
    const int doubtful = m_draft.numDoubts();
    m_verdict->setVisible(hasProfile && m_draft.hasJob());
    m_verdict->setTone(refused > 0 ? ChipTone::Bad : doubtful > 0 ? ChipTone::Warning : ChipTone::Good);
    m_verdict->setIcon(refused > 0    ? QStringLiteral("error")
                       : doubtful > 0 ? QStringLiteral("warn")
                                      : QStringLiteral("check"));
    m_verdict->setText(refused > 0    ? tr("%1 refused, %2 to look at").arg(refused).arg(doubtful)
                       : doubtful > 0 ? tr("%1 to look at").arg(doubtful)
                                      : tr("Nothing refused"));
    const bool isHere = m_programs.areHere() && m_draft.profile().host.empty();
    m_fill->setVisible(hasProfile && isHere);
    m_job->setText(m_draft.hasJob() ? m_draft.jobName() : tr("Open job…"));
    m_job->setEnabled(hasProfile);
    m_submit->setVisible(hasProfile && isHere);
    const bool hasScript = !m_draft.script().isEmpty();
    m_submit->setEnabled(hasScript && refused == 0);
    m_submit->setToolTip(!hasScript    ? tr("Open a job first")
                         : refused > 0 ? tr("The findings below say what would be refused")
                                       : QString());
    m_copy->setEnabled(hasScript);
    m_save->setEnabled(hasScript);

    while (QLayoutItem* item = m_findings->takeAt(0)) {
        item->widget()->deleteLater();
        delete item;
    }
    int number = 0;
    for (const jobs::Finding& finding : m_draft.findings()) {
        auto* row = new QWidget;
        auto* layout = new QHBoxLayout(row);
        layout->setContentsMargins(0, 0, 0, 0);
        const int line = m_draft.lineOf(finding);
        const bool isRefused = finding.weight == jobs::Finding::Weight::Refused;
        layout->addWidget(new Chip(line > 0    ? tr("line %1").arg(line)
                                   : isRefused ? tr("refused")
                                               : tr("look"),
                                   isRefused ? ChipTone::Bad : ChipTone::Warning,
                                   isRefused ? QStringLiteral("error") : QStringLiteral("warn")));
        auto* sentence = new Label(toText(finding.sentence), TextStyle::Small);
        sentence->setWordWrap(true);
        layout->addWidget(sentence, 1);
        if (finding.fix) {
            QPushButton* fix = makeButton(QStringLiteral("clusterFix%1").arg(number),
                                          toText(finding.fix->label), ButtonKind::Link);
            // The button goes away with the finding, so not within its own signal.
            connect(
                fix, &QPushButton::clicked, this, [this, finding] { m_draft.fix(finding); },
                Qt::QueuedConnection);
            layout->addWidget(fix);
        }
        ++number;
        m_findings->addWidget(row);
    }

    const QModelIndex current = m_table->currentIndex();
    m_cancel->setEnabled(current.isValid() && !m_jobs.job(current.row()).isOver());
    m_jobsLine->setText(m_jobs.problem().isEmpty() ? QString() : tr("squeue: %1").arg(m_jobs.problem()));
    if (!m_profiles.problem().isEmpty())
        showProblem(tr("Some profiles cannot be read"), m_profiles.problem());
}

void ClustersPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    m_profiles.refresh();
    m_jobs.setWatching(true);
}

void ClustersPage::hideEvent(QHideEvent* event)
{
    QWidget::hideEvent(event);
    if (m_keeping.isActive())
        keep();
    m_jobs.setWatching(false);
}

}  // namespace facet::ui
