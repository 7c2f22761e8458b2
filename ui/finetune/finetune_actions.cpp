// Actions of the Fine-tune page, and what comes to it and goes from it as files.

#include "core/data/dataset.h"
#include "jobs/queue/queue_devices.h"
#include "ui/clusters/script_dialog.h"
#include "ui/engine/engine_client.h"
#include "ui/finetune/data_section.h"
#include "ui/finetune/finetune_page.h"
#include "ui/finetune/job_rules.h"
#include "ui/finetune/side_panel.h"
#include "ui/finetune/where_section.h"
#include "ui/models/room_question.h"
#include "ui/models/words.h"
#include "ui/theme/icons.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QApplication>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMimeData>
#include <QProcess>
#include <QPushButton>

#include <algorithm>

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
    add("actionStartJob", tr("Fine-tune: start or submit the run"), QKeySequence(Qt::CTRL | Qt::Key_Return),
        [this] { start(); });
    add("actionQueueJob", tr("Fine-tune: add to the queue, or export the script"),
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
                if (const std::string name = widget->objectName().toStdString();
                    name.starts_with("job.") && jobRules().contains(name.substr(4)))
                    m_form.reset(name.substr(4));
        });
    add("actionJobSide", tr("Fine-tune: show or hide the side panel"), QKeySequence(Qt::Key_F9),
        [this] { toggleSide(); });
}

void FinetunePage::askForGpus()
{
    const auto take = [this](const core::Result<QList<EngineDevice>>& devices) {
        if (!devices)
            return;  // asked again when the engine is ready again
        std::vector<TrainDevice> gpus;
        for (const EngineDevice& device : *devices)
            if (device.isUsable && device.id.startsWith(QStringLiteral("cuda")))
                gpus.push_back({device.id.toStdString(), device.name.toStdString(),
                                static_cast<double>(device.memoryBytes), false});
        m_form.setGpus(gpus);
    };
    if (m_client->isLocal()) {
        if (m_client->state() == EngineClient::State::Ready)
            m_client->listDevices(this, take);
        return;
    }
    // Chat's engine is on another machine, and runs start on this one: its program knows.
    if (m_form.areGpusKnown() || findChild<QProcess*>())
        return;
    auto* program = new QProcess(this);
    connect(program, &QProcess::finished, this, [program, take] {
        program->deleteLater();
        take(decodeDevices(program->readAllStandardOutput()));
    });
    program->start(QString::fromStdString(m_engine.string()),
                   {QStringLiteral("devices"), QStringLiteral("--json")});
}

std::vector<std::string> FinetunePage::freeDevices() const
{
    std::vector<std::string> devices = m_form.chosenDevices();
    std::erase_if(devices, [this](const std::string& device) { return m_use.isTaken(device); });
    return devices;
}

QString FinetunePage::whyNotReady() const
{
    const JobVerdict& verdict = m_form.verdict();
    QStringList sentences;
    for (const auto& [key, sentence] : verdict.problems)
        sentences << QString::fromStdString(sentence);
    if (!sentences.isEmpty())
        return sentences.join(QLatin1Char('\n'));
    if (!verdict.resolved)
        return tr("The job is not complete");
    if (m_cluster.isChosen())
        return m_cluster.problem();
    if (!verdict.missing.empty())
        return QString::fromStdString(verdict.missing);
    for (const std::string& chosen : m_form.chosenDevices())
        if (std::ranges::find(m_form.devices(), chosen, &TrainDevice::id) == m_form.devices().end())
            return m_form.areGpusKnown() ? tr("There is no %1 on this machine: choose another device")
                                               .arg(deviceInWords(chosen))
                                         : tr("The engine has not told of %1 yet").arg(deviceInWords(chosen));
    return {};
}

void FinetunePage::refreshButtons()
{
    const QString why = whyNotReady();
    const bool isReady = m_form.isJudged() && why.isEmpty();
    const auto numProblems = m_form.verdict().problems.size();
    const bool isMissing = numProblems == 0 && !m_cluster.isChosen() && !m_form.verdict().missing.empty();
    m_verdict->setText(!m_form.isJudged() ? tr("Checking")
                       : numProblems > 0  ? tr("%1 to fix").arg(numProblems)
                       : isMissing        ? tr("Import the model first")
                       : isReady          ? tr("Ready")
                                          : tr("Choose where it runs"));
    m_verdict->setAccessibleName(m_verdict->text());
    m_verdict->setIcon(Icons::get(numProblems > 0 ? QStringLiteral("error")
                                  : isReady       ? QStringLiteral("done")
                                                  : QStringLiteral("warn")));
    m_verdict->setToolTip(why);

    const bool isCluster = m_cluster.isChosen();
    const bool queues = !isCluster && freeDevices().empty();
    const bool isBusy = m_start.isBusy();
    const int numRuns = m_sweeps.numRuns();
    const QString devices = QString::fromStdString(jobs::devicesInWords(m_form.chosenDevices()));
    m_startButton->setVisible(!isCluster);
    m_startButton->setEnabled(isReady && m_sweeps.isEmpty() && !isBusy);
    m_startButton->setToolTip(!isReady ? why
                              : !m_sweeps.isEmpty()
                                  ? tr("Several values make several runs: add them to the queue")
                              : queues ? tr("It starts by itself, also when the window is closed")
                                       : QString());
    m_startButton->setIcon(Icons::get(queues ? QStringLiteral("queue") : QStringLiteral("play")));
    m_startButton->setText(isBusy   ? (queues ? tr("Adding") : tr("Starting"))
                           : queues ? tr("Queue behind %1").arg(devices)
                                    : tr("Start"));
    // It would say the same.
    m_queueButton->setVisible(!isCluster && !(queues && m_sweeps.isEmpty()));
    m_queueButton->setEnabled(isReady && numRuns > 0 && !isBusy);
    m_queueButton->setText(numRuns > 1 ? tr("Add %1 to queue").arg(numRuns) : tr("Add to queue"));
    m_queueButton->setToolTip(isReady ? m_sweeps.problem() : why);

    const bool hasScript = isReady && !m_cluster.draft().script().isEmpty();
    const bool canSubmit = m_cluster.canSubmit();
    m_exportButton->setVisible(isCluster);
    m_exportButton->setEnabled(hasScript);
    m_exportButton->setToolTip(isReady ? m_sweeps.problem() : why);
    setButtonKind(m_exportButton, canSubmit ? ButtonKind::Outlined : ButtonKind::Primary);
    m_submitButton->setVisible(canSubmit);
    m_submitButton->setEnabled(hasScript && whyNotSubmitted(m_cluster.draft()).isEmpty());
    m_submitButton->setToolTip(!isReady ? why : whyNotSubmitted(m_cluster.draft()));
}

void FinetunePage::start()
{
    if (m_cluster.isChosen()) {
        m_cluster.canSubmit() ? submitScript() : exportScript();
        return;
    }
    if (!m_startButton->isEnabled())
        return;
    const std::vector<std::string> free = freeDevices();
    if (free.empty()) {
        enqueue();
        return;
    }
    makeRoomThen({free.front()}, tr("start"),
                 [this, device = free.front()] { m_start.start(m_form.document(), device); });
}

void FinetunePage::enqueue()
{
    if (m_cluster.isChosen()) {
        exportScript();
        return;
    }
    const bool isAsked = m_queueButton->isVisible() ? m_queueButton->isEnabled() : m_startButton->isEnabled();
    if (!isAsked)
        return;
    const std::vector<std::string> devices = m_form.chosenDevices();
    makeRoomThen(devices, tr("add"),
                 [this, devices] { m_start.enqueue(m_form.document(), devices, m_sweeps.sweeps()); });
}

void FinetunePage::exportScript()
{
    if (!m_exportButton->isEnabled())
        return;
    auto* dialog =
        new ScriptDialog(m_cluster.draft(), ScriptDialog::Purpose::Export, m_form.home() / "runs", this);
    dialog->open();
}

void FinetunePage::submitScript()
{
    if (!m_submitButton->isEnabled())
        return;
    auto* dialog =
        new ScriptDialog(m_cluster.draft(), ScriptDialog::Purpose::Submit, m_form.home() / "runs", this);
    connect(dialog, &ScriptDialog::submitWanted, this, [this] {
        m_cluster.slurm().submit(m_cluster.draft().script(),
                                 QString::fromStdString((m_form.home() / "runs").string()));
    });
    dialog->open();
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

void FinetunePage::makeRoomThen(const std::vector<std::string>& devices, const QString& verb,
                                std::function<void()> go)
{
    const std::optional<jobs::Estimate>& estimate = m_form.verdict().estimate;
    const QString need = estimate ? tr("The run needs %1 on %2.")
                                        .arg(words::gibibytes(static_cast<qint64>(estimate->memory.total())),
                                             QString::fromStdString(jobs::devicesInWords(devices)))
                                  : QString();
    whenThereIsRoom(m_loaded, {devices, verb, need}, this, std::move(go));
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
