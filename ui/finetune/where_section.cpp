#include "ui/finetune/where_section.h"

#include "jobs/queue/queue_devices.h"
#include "ui/clusters/findings_view.h"
#include "ui/finetune/device_use.h"
#include "ui/finetune/form_field.h"
#include "ui/finetune/job_cluster.h"
#include "ui/finetune/job_form.h"
#include "ui/finetune/sweep_section.h"
#include "ui/models/loaded_models.h"
#include "ui/models/words.h"
#include "ui/runs/run_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"
#include "ui/widgets/segments.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QSignalBlocker>
#include <QStackedWidget>
#include <QToolButton>

#include <algorithm>
#include <array>

namespace facet::ui {

namespace {

constexpr std::array kLayoutKeys = {"parallel.nodes", "parallel.gpus_per_node", "parallel.tensor",
                                    "parallel.pipeline"};

bool isGpu(const std::string& id)
{
    return id != "cpu";
}

const TrainDevice* deviceOf(const JobForm& form, const std::string& id)
{
    const auto found = std::ranges::find(form.devices(), id, &TrainDevice::id);
    return found == form.devices().end() ? nullptr : &*found;
}

/// "GPU 0, NVIDIA H200", "CPU, 16 cores".
QString titleOf(const JobForm& form, const std::string& id)
{
    const TrainDevice* device = deviceOf(form, id);
    const QString name = device ? QString::fromStdString(device->name) : QString();
    return !isGpu(id)       ? name
           : name.isEmpty() ? deviceInWords(id)
                            : deviceInWords(id) + QStringLiteral(", ") + name;
}

}  // namespace

QString deviceInWords(const std::string& id)
{
    return QString::fromStdString(jobs::devicesInWords({id}));
}

WhereSection::WhereSection(const Parts& parts, QWidget* parent)
    : Card(tr("6  Where it runs"), parent),
      m_parts(parts),
      m_place(new Segments(tr("Where it runs"), {tr("This machine"), tr("Cluster")})),
      m_stack(new QStackedWidget),
      m_layout(makeLayout())
{
    m_place->setObjectName(QStringLiteral("wherePlace"));
    header()->addWidget(m_place);
    m_stack->addWidget(makeDevices());
    m_stack->addWidget(makeCluster());
    body()->addWidget(m_stack);
    body()->addWidget(m_layout);
    body()->addWidget(new SweepSection(m_parts.form, m_parts.sweeps));
    connect(m_place, &Segments::chosen, this, [this](int place) {
        const ClusterList& profiles = m_parts.cluster.profiles();
        if (place == 0)
            m_parts.form.chooseProfile("");
        else if (profiles.rowCount() > 0)
            m_parts.form.chooseProfile(profiles.profile(std::max(m_profile->currentIndex(), 0)).name);
        else
            m_stack->setCurrentIndex(1);  // which says how to make the first profile
    });
    connect(&m_parts.form, &JobForm::changed, this, &WhereSection::show);
    connect(&m_parts.form, &JobForm::judged, this, &WhereSection::show);
    connect(&m_parts.use, &DeviceUse::changed, this, &WhereSection::showDevices);
    connect(&m_parts.cluster, &JobCluster::changed, this, &WhereSection::showCluster);
    if (m_parts.loaded)
        connect(m_parts.loaded, &LoadedModels::changed, this, &WhereSection::showDevices);
    show();
}

QWidget* WhereSection::makeDevices()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    m_rowsColumn = new QVBoxLayout;
    column->addLayout(m_rowsColumn);
    auto* foot = new QHBoxLayout;
    m_line = new Label(TextStyle::Small, Role::Text3);
    m_line->setObjectName(QStringLiteral("whereLine"));
    m_line->setWordWrap(true);
    m_any = makeButton(QStringLiteral("anyGpu"), tr("Any free GPU"), ButtonKind::Link);
    connect(m_any, &QPushButton::clicked, this, [this] {
        std::vector<std::string> gpus;
        for (const TrainDevice& device : m_parts.form.devices())
            if (!device.isCpu)
                gpus.push_back(device.id);
        m_parts.form.chooseDevices(gpus);
    });
    foot->addWidget(m_line, 1);
    foot->addWidget(m_any, 0, Qt::AlignTop);
    column->addLayout(foot);
    return holder;
}

QWidget* WhereSection::makeCluster()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kM);
    m_profile = new QComboBox;
    m_profile->setObjectName(QStringLiteral("jobProfile"));
    m_profile->setAccessibleName(tr("Cluster profile"));
    m_profile->setMinimumContentsLength(16);
    m_profile->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_profile->setPlaceholderText(tr("Choose a profile"));
    connect(m_profile, &QComboBox::activated, this,
            [this] { m_parts.form.chooseProfile(m_profile->currentText().toStdString()); });
    m_edit = makeButton(QStringLiteral("editProfile"), tr("Edit the profile"), ButtonKind::Link);
    connect(m_edit, &QPushButton::clicked, this,
            [this] { Q_EMIT profileWanted(QString::fromStdString(m_parts.form.profile())); });
    m_profileLine = new Label(TextStyle::Small, Role::Text3);
    m_profileLine->setObjectName(QStringLiteral("profileLine"));
    m_profileLine->setWordWrap(true);
    row->addWidget(m_profile, 1);
    row->addWidget(m_edit);
    column->addLayout(row);
    column->addWidget(m_profileLine);
    column->addWidget(new FindingsView(m_parts.cluster.draft()));
    return holder;
}

QWidget* WhereSection::makeLayout()
{
    auto* holder = new QWidget;
    auto* grid = new QGridLayout(holder);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(space::kM);
    const std::array<QString, 4> names = {tr("Nodes"), tr("GPUs a node"), tr("Tensor"), tr("Pipeline")};
    for (size_t i = 0; i < names.size(); ++i) {
        grid->addWidget(new FormField(m_parts.form, kLayoutKeys[i], names[i]), 0, static_cast<int>(i),
                        Qt::AlignTop);
        grid->setColumnStretch(static_cast<int>(i), 1);
    }
    return holder;
}

std::vector<std::string> WhereSection::shownDevices() const
{
    std::vector<std::string> ids;
    for (const TrainDevice& device : m_parts.form.devices())
        ids.push_back(device.id);
    for (const std::string& id : m_parts.form.chosenDevices())
        if (std::ranges::find(ids, id) == ids.end())
            ids.push_back(id);
    return ids;
}

/// GPUs may be chosen together, the CPU is alone, and one at least stays.
void WhereSection::choose(const std::string& id, bool isOn)
{
    std::vector<std::string> chosen = m_parts.form.chosenDevices();
    if (isOn && isGpu(id))
        std::erase(chosen, "cpu");
    else if (isOn)
        chosen.clear();
    std::erase(chosen, id);
    if (isOn || chosen.empty())
        chosen.push_back(id);
    std::vector<std::string> ordered;
    for (const std::string& each : shownDevices())
        if (std::ranges::find(chosen, each) != chosen.end())
            ordered.push_back(each);
    m_parts.form.chooseDevices(ordered);
    showDevices();  // also where nothing has changed: the box has
}

void WhereSection::makeRows()
{
    auto* holder = new QWidget;
    auto* grid = new QGridLayout(holder);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(space::kM);
    grid->setVerticalSpacing(space::kXs);
    grid->setColumnStretch(1, 1);
    m_rows.clear();
    for (const std::string& id : shownDevices()) {
        Row row = {id, new QCheckBox(titleOf(m_parts.form, id)), new Label(TextStyle::Small, Role::Text2),
                   new Label(TextStyle::Mono, Role::Text2), new Chip(QString())};
        row.box->setObjectName(QStringLiteral("device.") + QString::fromStdString(id));
        row.words->setElided(Qt::ElideRight);
        row.words->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        connect(row.box, &QCheckBox::clicked, this, [this, id](bool isOn) { choose(id, isOn); });
        const int at = static_cast<int>(m_rows.size());
        grid->addWidget(row.box, at, 0);
        grid->addWidget(row.words, at, 1);
        grid->addWidget(row.memory, at, 2, Qt::AlignRight | Qt::AlignVCenter);
        grid->addWidget(row.chip, at, 3, Qt::AlignRight | Qt::AlignVCenter);
        m_rows.push_back(row);
    }
    if (m_rowsHolder) {  // one of its boxes may be what was clicked
        m_rowsHolder->hide();
        m_rowsHolder->deleteLater();
    }
    m_rowsHolder = holder;
    m_rowsColumn->addWidget(holder);
    holder->show();  // at once, to be given the focus; the layout shows it later
    // Made late, they would come last.
    QWidget* earlier = m_place->findChildren<QToolButton*>().back();
    for (const Row& row : m_rows) {
        setTabOrder(earlier, row.box);
        earlier = row.box;
    }
    setTabOrder(earlier, m_any);
}

void WhereSection::show()
{
    const JobForm& form = m_parts.form;
    const bool isCluster = m_parts.cluster.isChosen();
    m_place->setCurrent(isCluster ? 1 : 0);
    m_stack->setCurrentIndex(isCluster ? 1 : 0);
    // A stack is as high as its highest page, else.
    for (int i = 0; i < m_stack->count(); ++i)
        m_stack->widget(i)->setSizePolicy(QSizePolicy::Preferred, i == m_stack->currentIndex()
                                                                      ? QSizePolicy::Preferred
                                                                      : QSizePolicy::Ignored);
    const bool hasLayout = std::ranges::any_of(
        kLayoutKeys, [&](const char* key) { return form.differs(key) || !form.problem(key).isEmpty(); });
    m_layout->setVisible(isCluster || hasLayout);
    showDevices();
    showCluster();
}

void WhereSection::showDevices()
{
    QStringList now, wanted;
    for (const Row& row : m_rows)
        now << row.box->text();
    for (const std::string& id : shownDevices())
        wanted << titleOf(m_parts.form, id);
    if (now != wanted)
        makeRows();
    for (const Row& row : m_rows)
        showRow(row);
    const auto numGpus = std::ranges::count_if(m_parts.form.devices(),
                                               [](const TrainDevice& device) { return !device.isCpu; });
    const std::vector<std::string> chosen = m_parts.form.chosenDevices();
    m_any->setVisible(numGpus > 1 && !(chosen.size() == static_cast<size_t>(numGpus) && isGpu(chosen[0])));
    m_line->setText(lineOfDevices());
}

void WhereSection::showRow(const Row& row)
{
    const std::vector<std::string> chosen = m_parts.form.chosenDevices();
    const bool isChosen = std::ranges::find(chosen, row.id) != chosen.end();
    const TrainDevice* device = deviceOf(m_parts.form, row.id);
    const DeviceUse::Use use = m_parts.use.of(row.id);
    const bool isTaken = !use.run.isEmpty();
    const jobs::Estimate* estimate =
        m_parts.form.verdict().estimate ? &*m_parts.form.verdict().estimate : nullptr;
    const bool isSmall = device && isGpu(row.id) && estimate && !m_parts.form.verdict().device.isCpu &&
                         estimate->memory.total() > device->memoryBytes;
    QStringList words;
    if (!device)
        words << (m_parts.form.areGpusKnown() ? tr("is not on this machine: choose another")
                                              : tr("the engine has not told of it yet"));
    if (isTaken)
        words << (use.secondsLeft > 0
                      ? tr("%1 has it, %2 left").arg(use.run, words::duration(use.secondsLeft))
                      : tr("%1 has it").arg(use.run));
    if (use.numWaiting > 0)
        words << (use.numWaiting == 1 ? tr("1 run waits for it")
                                      : tr("%1 runs wait for it").arg(use.numWaiting));
    if (m_parts.loaded && isGpu(row.id))
        for (const EngineModel& model : m_parts.loaded->models())
            if (model.device.toStdString() == row.id && model.state != EngineModel::State::Failed)
                words << tr("Chat holds %1; it is asked to unload first").arg(model.id);
    row.words->setText(words.join(QStringLiteral("; ")));
    row.words->setRole(device ? Role::Text2 : Role::Danger);
    row.memory->setText(device ? words::gibibytes(static_cast<qint64>(device->memoryBytes)) : QString());
    row.chip->setText(!device               ? tr("not here")
                      : isSmall             ? tr("too small")
                      : isTaken && isChosen ? tr("queues")
                      : isTaken             ? tr("taken")
                                            : tr("free"));
    row.chip->setTone(!device               ? ChipTone::Bad
                      : isSmall             ? ChipTone::Warning
                      : isTaken && isChosen ? ChipTone::Info
                      : isTaken             ? ChipTone::Plain
                                            : ChipTone::Good);
    row.box->setChecked(isChosen);
    row.box->setAccessibleName(row.box->text());
    row.box->setAccessibleDescription(
        QStringList({row.chip->text(), row.words->text()}).join(QStringLiteral(", ")));
}

QString WhereSection::lineOfDevices() const
{
    const std::vector<std::string> chosen = m_parts.form.chosenDevices();
    if (chosen.size() > 1)
        return tr("Training uses one GPU so far: a run takes the first of %1 that is free. The queue hands "
                  "out "
                  "one run for each.")
            .arg(QString::fromStdString(jobs::devicesInWords(chosen)).mid(QStringLiteral("any of ").size()));
    if (!m_parts.form.areGpusKnown())
        return tr("Which GPUs there are is known once the engine has answered.");
    const auto numDevices = m_parts.form.devices().size();
    if (numDevices == 2)
        return tr("Training uses one device so far.");
    return numDevices > 2
               ? tr("Training uses one device so far. Choose several GPUs to take the first that is free.")
               : tr("There is no GPU here that can be used; facet-engine devices says why.");
}

void WhereSection::showCluster()
{
    JobCluster& cluster = m_parts.cluster;
    const ClusterList& profiles = cluster.profiles();
    QStringList names;
    for (int row = 0; row < profiles.rowCount(); ++row)
        names << QString::fromStdString(profiles.profile(row).name);
    QStringList shown;
    for (int i = 0; i < m_profile->count(); ++i)
        shown << m_profile->itemText(i);
    if (names != shown) {
        const QSignalBlocker blocker(m_profile);
        m_profile->clear();
        m_profile->addItems(names);
    }
    m_profile->setCurrentIndex(
        cluster.isChosen() ? static_cast<int>(names.indexOf(QString::fromStdString(m_parts.form.profile())))
                           : (names.isEmpty() ? -1 : std::max(m_profile->currentIndex(), 0)));
    m_profile->setVisible(!names.isEmpty());
    m_edit->setText(names.isEmpty() ? tr("Add a profile on the Clusters page") : tr("Edit the profile"));
    const jobs::ClusterProfile& profile = cluster.draft().profile();
    const QString host = QString::fromStdString(profile.host);
    const bool isBad = !cluster.problem().isEmpty();
    m_profileLine->setRole(isBad ? Role::Danger : Role::Text3);
    m_profileLine->setText(names.isEmpty()       ? tr("A profile says how a SLURM cluster is used.")
                           : isBad               ? cluster.problem()
                           : !cluster.isChosen() ? QString()
                           : !host.isEmpty() ? tr("%1 is another machine: the script is exported.").arg(host)
                           : cluster.canSubmit()
                               ? tr("SLURM on this machine.")
                               : tr("There is no SLURM on this machine: the script is exported."));
}

}  // namespace facet::ui
