#include "ui/clusters/clusters_page.h"

#include "ui/clusters/cluster_delegate.h"
#include "ui/clusters/cluster_form.h"
#include "ui/clusters/findings_view.h"
#include "ui/clusters/script_dialog.h"
#include "ui/clusters/script_view.h"
#include "ui/clusters/slurm_jobs_view.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/label.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/segments.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QListView>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>

#include <pwd.h>
#include <unistd.h>

namespace facet::ui {

namespace {

constexpr int kKeepAfterMs = 300;
constexpr int kNarrow = 1128;  // of the page: the window at 1200 without its rail

QString toText(const std::string& text)
{
    return QString::fromStdString(text);
}

}  // namespace

ClustersPage::ClustersPage(const std::filesystem::path& home, std::filesystem::path recipes,
                           std::filesystem::path engine, QWidget* parent)
    : QWidget(parent),
      m_home(home),
      m_engine(std::move(engine)),
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
    m_form = area;
    m_script = makeScript();
    beside->addWidget(m_form);
    beside->addWidget(m_script);
    beside->setSizes({500, 560});
    m_tabs = new Segments(tr("Profile or script"), {tr("Profile"), tr("Script")});
    m_tabs->setObjectName(QStringLiteral("clusterTabs"));
    connect(m_tabs, &Segments::chosen, this, &ClustersPage::layOut);
    auto* work = new QWidget;
    auto* workColumn = new QVBoxLayout(work);
    workColumn->setContentsMargins(0, 0, 0, 0);
    workColumn->setSpacing(0);
    auto* tabsRow = new QHBoxLayout;
    tabsRow->setContentsMargins(space::kL, space::kS, space::kL, 0);
    tabsRow->addWidget(m_tabs);
    tabsRow->addStretch();
    m_tabsRow = new QWidget;
    m_tabsRow->setLayout(tabsRow);
    workColumn->addWidget(m_tabsRow);
    workColumn->addWidget(beside, 1);

    auto* empty = new EmptyState(
        QStringLiteral("clusters"), tr("No clusters yet"),
        tr("A profile says how a SLURM cluster is used; with it a job becomes a batch script."));
    QPushButton* add = makeButton(QStringLiteral("emptyAddCluster"), tr("Add a profile"));
    connect(add, &QPushButton::clicked, this, &ClustersPage::addProfile);
    empty->addAction(add);
    m_stack = new QStackedWidget;
    m_stack->addWidget(work);
    m_stack->addWidget(empty);

    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    row->addWidget(makeList());
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(m_stack, 1);
    m_jobsView = new SlurmJobsView(m_jobs);
    if (!m_programs.areHere())
        m_jobsView->hide();  // to show what has no parent yet would open a window
    right->addWidget(m_jobsView);
    row->addLayout(right, 1);
    column->addLayout(row, 1);

    m_keeping.setSingleShot(true);
    m_keeping.setInterval(kKeepAfterMs);
    connect(&m_keeping, &QTimer::timeout, this, &ClustersPage::keep);
    connect(&m_draft, &ClusterDraft::edited, this, [this](const QString& key) {
        m_history.add({m_shown, m_draft.profile(), key.toStdString()});
        m_shown = m_draft.profile();
        m_keeping.start();
        showState();
    });
    connect(&m_draft, &ClusterDraft::changed, this, &ClustersPage::showState);
    connect(&m_profiles, &ClusterList::renameWanted, this, &ClustersPage::renameProfile);
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
    m_submit = makeButton(QStringLiteral("clusterSubmit"), tr("Submit…"), ButtonKind::Primary,
                          QStringLiteral("export"));
    m_undo = makeIconButton(QStringLiteral("clusterUndo"), QStringLiteral("undo"), tr("Undo"));
    m_redo = makeIconButton(QStringLiteral("clusterRedo"), QStringLiteral("redo"), tr("Redo"));
    connect(m_undo, &QToolButton::clicked, this, &ClustersPage::undo);
    connect(m_redo, &QToolButton::clicked, this, &ClustersPage::redo);
    connect(m_fill, &QPushButton::clicked, this, &ClustersPage::fillFromSlurm);
    connect(m_job, &QPushButton::clicked, this, &ClustersPage::chooseJob);
    connect(m_submit, &QPushButton::clicked, this, &ClustersPage::askAndSubmit);
    for (QWidget* each : std::initializer_list<QWidget*>{m_verdict, m_undo, m_redo, m_fill, m_job, m_submit})
        m_header->addAction(each);
    return m_header;
}

QWidget* ClustersPage::makeList()
{
    auto* pane = new QWidget;
    pane->setFixedWidth(width::kConversations - 32);
    pane->setProperty("pane", true);
    pane->setAccessibleName(tr("Profiles"));
    pane->setBackgroundRole(QPalette::Base);
    pane->setAutoFillBackground(true);
    auto* column = new QVBoxLayout(pane);
    column->setContentsMargins(space::kS, space::kS, space::kS, space::kS);
    m_list = new QListView;
    m_list->setObjectName(QStringLiteral("clusterList"));
    m_list->setAccessibleName(tr("Profiles"));
    m_list->setModel(&m_profiles);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setItemDelegate(new ClusterDelegate(m_list));
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::DoubleClicked);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this,
            [this](const QModelIndex& index) {
                if (!index.isValid())
                    return;
                if (m_keeping.isActive())
                    keep();
                take(m_profiles.profile(index.row()));
            });
    auto* buttons = new QHBoxLayout;
    QToolButton* add =
        makeIconButton(QStringLiteral("clusterAdd"), QStringLiteral("plus"), tr("Add a profile"));
    QToolButton* remove =
        makeIconButton(QStringLiteral("clusterRemove"), QStringLiteral("trash"), tr("Remove the profile"));
    QToolButton* rename = makeIconButton(QStringLiteral("clusterRename"), QStringLiteral("edit"),
                                         tr("Rename the profile (F2)"));
    connect(add, &QToolButton::clicked, this, &ClustersPage::addProfile);
    connect(remove, &QToolButton::clicked, this, &ClustersPage::removeProfile);
    connect(rename, &QToolButton::clicked, this, [this] {
        if (m_list->currentIndex().isValid())
            m_list->edit(m_list->currentIndex());
    });
    const auto offer = [this, remove, rename] {
        for (QToolButton* button : {remove, rename})
            button->setEnabled(m_profiles.rowCount() > 0);
    };
    connect(&m_profiles, &QAbstractItemModel::modelReset, this, offer);
    connect(&m_profiles, &QAbstractItemModel::rowsInserted, this, offer);
    connect(&m_profiles, &QAbstractItemModel::rowsRemoved, this, offer);
    offer();
    buttons->addWidget(add);
    buttons->addWidget(rename);
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
    connect(m_save, &QPushButton::clicked, this, [this] {
        saveScript(this, m_draft, [this](const QString& problem) {
            if (!problem.isEmpty())
                showProblem(tr("The script was not saved"), problem);
        });
    });
    bar->addWidget(m_copy);
    bar->addWidget(m_save);
    column->addLayout(bar);
    column->addWidget(new ScriptView(m_draft), 1);
    auto* findings = new FindingsView(m_draft);
    findings->setContentsMargins(space::kL, space::kS, space::kL, space::kS);
    column->addWidget(findings);
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
        [this] { m_save->click(); });
    add("actionSubmitScript", tr("Clusters: submit the script…"), QKeySequence(Qt::CTRL | Qt::Key_Return),
        [this] { askAndSubmit(); });
    add("actionUndoCluster", tr("Clusters: undo"), QKeySequence(Qt::CTRL | Qt::Key_Z), [this] { undo(); });
    add("actionRedoCluster", tr("Clusters: redo"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z),
        [this] { redo(); });
    add("actionFillCluster", tr("Clusters: fill the profile from SLURM"), {}, [this] { fillFromSlurm(); });
}

void ClustersPage::take(const jobs::ClusterProfile& profile)
{
    m_shown = profile;
    m_draft.setProfile(profile);
}

/// Makes a change on the disk and shows it.
bool ClustersPage::change(const ProfileChange& change)
{
    if (m_keeping.isActive())
        keep();
    m_banner->hide();
    if (const auto done = m_profiles.apply(change); !done) {
        showProblem(tr("The profile was not changed"), toText(done.error().message));
        return false;
    }
    if (change.after) {
        select(toText(change.after->name));
        take(*change.after);
    }
    showState();
    return true;
}

void ClustersPage::goTo(const ProfileChange& wanted)
{
    if (change(wanted))
        m_list->setFocus();
}

void ClustersPage::undo()
{
    if (m_history.canUndo())
        goTo(m_history.undo());
}

void ClustersPage::redo()
{
    if (m_history.canRedo())
        goTo(m_history.redo());
}

void ClustersPage::addProfile()
{
    jobs::ClusterProfile profile;
    profile.name = m_profiles.freeName().toStdString();
    if (m_programs.areHere())
        profile = filled(profile);
    const ProfileChange added = {{}, profile, {}};
    if (change(added))
        m_history.add(added);
    showState();
}

void ClustersPage::removeProfile()
{
    if (!m_list->currentIndex().isValid())
        return;
    if (m_keeping.isActive())
        keep();
    const jobs::ClusterProfile profile = m_draft.profile();
    const ProfileChange removed = {profile, {}, {}};
    if (!change(removed))
        return;
    m_history.add(removed);
    showState();
    Toast::show(this, {QStringLiteral("trash"), tr("%1 is gone").arg(toText(profile.name)),
                       tr("Only its profile; runs and jobs stay. Ctrl+Z brings it back, too."), tr("Undo"),
                       [this, profile] {
                           const ProfileChange back = {{}, profile, {}};
                           if (m_profiles.indexOf(toText(profile.name)) < 0 && change(back))
                               m_history.add(back);
                           showState();
                       }});
}

void ClustersPage::renameProfile(const QString& from, const QString& to)
{
    const int row = m_profiles.indexOf(from);
    const QString problem = m_profiles.problemOfName(to);
    if (row < 0 || !problem.isEmpty()) {
        showProblem(tr("%1 was not renamed").arg(from), problem);
        return;
    }
    if (m_keeping.isActive())
        keep();
    ProfileChange renamed = {m_profiles.profile(row), m_profiles.profile(row), {}};
    renamed.after->name = to.toStdString();
    // The editor of the list is still open, and the list is made anew.
    QMetaObject::invokeMethod(
        this,
        [this, renamed] {
            if (change(renamed))
                m_history.add(renamed);
            showState();
        },
        Qt::QueuedConnection);
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
    // By the time of an answer another profile may be chosen.
    const auto fill =
        [this, name = m_draft.profile().name](const std::function<void(jobs::ClusterProfile&)>& edit) {
            jobs::ClusterProfile profile = m_draft.profile();
            if (profile.name != name)
                return;
            edit(profile);
            const ProfileChange wanted = {m_draft.profile(), profile, {}};
            if (change(wanted))
                m_history.add(wanted);
            showState();
        };
    const QStringList one = {QStringLiteral("--oneliner"), QStringLiteral("show")};
    m_programs.run(this, QStringLiteral("scontrol"), one + QStringList(QStringLiteral("partition")),
                   [this, failed, fill, one](const core::Result<QByteArray>& partitions) {
                       if (!partitions)
                           return failed(partitions.error());
                       m_programs.run(
                           this, QStringLiteral("scontrol"), one + QStringList(QStringLiteral("node")),
                           [this, failed, fill, lines = *partitions](const core::Result<QByteArray>& nodes) {
                               if (!nodes)
                                   return failed(nodes.error());
                               fill([&](jobs::ClusterProfile& profile) {
                                   profile = filled(profile);
                                   profile.partitions =
                                       jobs::partitionsFrom(lines.toStdString(), nodes->toStdString());
                                   if (profile.partition.empty() && !profile.partitions.empty())
                                       profile.partition = profile.partitions[0].name;
                               });
                           });
                   });
    // Without accounting there are no accounts, and that is no failure.
    const passwd* user = ::getpwuid(::getuid());
    m_programs.run(this, QStringLiteral("sacctmgr"),
                   {QStringLiteral("--noheader"), QStringLiteral("--parsable2"), QStringLiteral("show"),
                    QStringLiteral("associations"),
                    QStringLiteral("user=") + QString::fromLocal8Bit(user ? user->pw_name : ""),
                    QStringLiteral("format=account,qos")},
                   [fill](const core::Result<QByteArray>& lines) {
                       if (!lines)
                           return;
                       QStringList accounts, qos;
                       for (const QString& line : QString::fromUtf8(*lines).split(QLatin1Char('\n'))) {
                           accounts << line.section(QLatin1Char('|'), 0, 0);
                           qos << line.section(QLatin1Char('|'), 1, 1);
                       }
                       fill([&](jobs::ClusterProfile& profile) {
                           profile.accounts = jobs::namesFrom(accounts.join(QLatin1Char('\n')).toStdString());
                           profile.qosNames = jobs::namesFrom(qos.join(QLatin1Char('\n')).toStdString());
                       });
                   });
}

/// What is known of this machine, where the profile has the defaults of another: runs where the Runs page
/// looks, and the engine of this studio.
jobs::ClusterProfile ClustersPage::filled(jobs::ClusterProfile profile) const
{
    const jobs::ClusterProfile untouched;
    if (profile.runs == untouched.runs)
        profile.runs = (m_home / "runs").string();
    std::error_code ignored;
    if (profile.engine == untouched.engine && std::filesystem::exists(m_engine, ignored))
        profile.engine = std::filesystem::absolute(m_engine, ignored).lexically_normal().string();
    return profile;
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

void ClustersPage::askAndSubmit()
{
    if (!m_submit->isVisible() || !m_submit->isEnabled())
        return;
    auto* dialog = new ScriptDialog(m_draft, ScriptDialog::Purpose::Submit, m_home / "runs", this);
    connect(dialog, &ScriptDialog::submitWanted, this,
            [this] { m_jobs.submit(m_draft.script(), toText((m_home / "runs").string())); });
    dialog->open();
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
    m_verdict->setText(refused > 0 && doubtful > 0
                           ? tr("%1 refused, %2 to look at").arg(refused).arg(doubtful)
                       : refused > 0  ? tr("%1 refused").arg(refused)
                       : doubtful > 0 ? tr("%1 to look at").arg(doubtful)
                                      : tr("Nothing refused"));
    const bool isHere = m_programs.areHere() && m_draft.profile().host.empty();
    m_fill->setVisible(hasProfile && isHere);
    m_job->setText(m_draft.hasJob() ? m_draft.jobName() : tr("Open job…"));
    m_job->setEnabled(hasProfile);
    m_submit->setVisible(hasProfile && isHere);
    const bool hasScript = !m_draft.script().isEmpty();
    m_submit->setEnabled(hasScript && refused == 0);
    m_submit->setToolTip(!hasScript ? tr("Open a job first") : whyNotSubmitted(m_draft));
    m_undo->setEnabled(m_history.canUndo());
    m_redo->setEnabled(m_history.canRedo());
    m_copy->setEnabled(hasScript);
    m_save->setEnabled(hasScript);

    if (!m_profiles.problem().isEmpty())
        showProblem(tr("Some profiles cannot be read"), m_profiles.problem());
}

/// Form and script side by side, or one of them where both would be cut.
void ClustersPage::layOut()
{
    const bool isNarrow = width() < kNarrow;
    m_tabsRow->setVisible(isNarrow);
    m_form->setVisible(!isNarrow || m_tabs->current() == 0);
    m_script->setVisible(!isNarrow || m_tabs->current() == 1);
}

void ClustersPage::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    const bool wasNarrow = event->oldSize().width() < kNarrow;
    const bool isNarrow = width() < kNarrow;
    if (wasNarrow == isNarrow && event->oldSize().isValid())
        return;
    m_jobsView->setFolded(isNarrow);
    layOut();
}

void ClustersPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    m_profiles.refresh();
    // The form of a fine-tune, another window or an editor may have changed it.
    const QModelIndex current = m_list->currentIndex();
    if (current.isValid() && !m_keeping.isActive() && m_profiles.profile(current.row()) != m_shown)
        take(m_profiles.profile(current.row()));
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
