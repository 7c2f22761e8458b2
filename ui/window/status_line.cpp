#include "ui/window/status_line.h"

#include "ui/models/words.h"
#include "ui/runs/run_words.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

#include <QFile>
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kLookAtMemoryMs = 2000;
constexpr int kLongestName = 180;  // of a run, in pixels

/// What a process has in memory; 0 if that cannot be seen.
qint64 residentBytes(qint64 processId)
{
    QFile file(QStringLiteral("/proc/%1/status").arg(processId));
    if (processId <= 0 || !file.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> lines = file.readAll().split('\n');
    for (const QByteArray& line : lines)
        if (line.startsWith("VmRSS:"))
            return line.mid(6).trimmed().split(' ').first().toLongLong() * 1024;
    return 0;
}

void setText(QToolButton* part, const QString& text)
{
    part->setVisible(!text.isEmpty());
    if (part->text() == text)
        return;
    part->setText(text);
    part->setAccessibleDescription(text);
    part->updateGeometry();
}

}  // namespace

StatusLine::StatusLine(EngineClient& client, LoadedModels& loaded, QueueList& queued, RunList& runs,
                       QWidget* parent)
    : QWidget(parent), m_client(client), m_loaded(loaded), m_queuedRuns(queued), m_runList(runs)
{
    setObjectName(QStringLiteral("statusLine"));
    setAccessibleName(tr("Status"));
    setProperty("pane", true);
    setMinimumHeight(height::kStatusBar);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::kS, 1, space::kS, 0);
    row->setSpacing(0);
    m_engine = addPart(QStringLiteral("statusEngine"), tr("Engine"), QStringLiteral("settings"));
    m_models = addPart(QStringLiteral("statusModels"), tr("Loaded models"), QStringLiteral("models"));
    m_device = addPart(QStringLiteral("statusDevice"), tr("Device"), QStringLiteral("settings"));
    m_queue = addPart(QStringLiteral("statusQueue"), tr("Waiting answers"), QStringLiteral("chat"));
    m_queue->setIcon(Icons::get(QStringLiteral("chat")));
    m_runs = addPart(QStringLiteral("statusRuns"), tr("Runs under way"), QStringLiteral("runs"));
    m_runs->setIcon(Icons::get(QStringLiteral("runs")));
    m_queued = addPart(QStringLiteral("statusQueued"), tr("Runs in the queue"), {});
    m_queued->setIcon(Icons::get(QStringLiteral("queue")));
    connect(m_queued, &QToolButton::clicked, this, &StatusLine::queueWanted);
    row->addStretch();
    QToolButton* commands = addPart(QStringLiteral("statusCommands"), tr("Commands"), {});
    commands->setIcon(Icons::get(QStringLiteral("search")));
    setText(commands, tr("Commands  Ctrl K"));
    connect(commands, &QToolButton::clicked, this, &StatusLine::commandsWanted);

    connect(&m_client, &EngineClient::stateChanged, this, [this](EngineClient::State state) {
        if (state == EngineClient::State::Ready)
            askDevices();
        refresh();
    });
    connect(&m_loaded, &LoadedModels::changed, this, &StatusLine::refresh);
    connect(&m_runList, &RunList::looked, this, &StatusLine::showRuns);
    connect(&m_queuedRuns, &QueueList::changed, this, &StatusLine::showRuns);
    m_lookAtMemory.setInterval(kLookAtMemoryMs);
    connect(&m_lookAtMemory, &QTimer::timeout, this, &StatusLine::refresh);
    m_lookAtMemory.start();
    refresh();
    showRuns();
}

/// "receipts, 61 %, 40 min left" and "2 queued", from what lies on the disk.
void StatusLine::showRuns()
{
    const core::ObservedRun* first = nullptr;
    for (int row = 0; row < m_runList.rowCount() && !first; ++row)
        if (m_runList.run(row).isUnderWay())
            first = &m_runList.run(row);
    QString runs;
    if (const int count = m_runList.numUnderWay(); count > 1) {
        runs = tr("%1 runs under way").arg(count);
    } else if (first) {
        QStringList parts = {m_runs->fontMetrics().elidedText(QString::fromStdString(first->name),
                                                              Qt::ElideMiddle, kLongestName)};
        if (first->numSteps > 0)
            parts << tr("%1 %").arg(100 * first->step / first->numSteps);
        if (const QString left = words::rightOf(*first); !left.isEmpty())
            parts << left;
        runs = parts.join(QStringLiteral(", "));
    }
    setText(m_runs, runs);
    const int queued = m_queuedRuns.numWaiting();
    setText(m_queued, queued > 0 ? tr("%1 queued").arg(queued) : QString());
    update();
}

QToolButton* StatusLine::addPart(const QString& name, const QString& title, const QString& page)
{
    auto* part = new QToolButton;
    part->setObjectName(name);
    part->setAccessibleName(title);
    part->setProperty("status", true);
    part->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    part->setIconSize(QSize(16, 16));
    part->setFocusPolicy(Qt::TabFocus);
    part->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Expanding);
    const auto applyFont = [part] { part->setFont(Theme::font(TextStyle::Small)); };
    applyFont();
    connect(Theme::notifier(), &ThemeNotifier::changed, part, applyFont);
    if (!page.isEmpty())
        connect(part, &QToolButton::clicked, this, [this, page] { Q_EMIT pageWanted(page); });
    layout()->addWidget(part);
    return part;
}

void StatusLine::refresh()
{
    const EngineClient::State state = m_client.state();
    const bool isAnswering = m_loaded.queue().running > 0;
    Role dot = Role::Text3;
    if (state == EngineClient::State::Ready)
        dot = isAnswering ? Role::Accent : Role::Success;
    else if (state == EngineClient::State::Refused)
        dot = Role::Danger;
    else if (state != EngineClient::State::Off || !m_client.problem().isEmpty())
        dot = Role::Warning;
    m_engine->setProperty("dot", static_cast<int>(dot) + 1);
    QString engine = m_client.stateText();
    if (state == EngineClient::State::Ready && isAnswering)
        engine = tr("Answering");
    m_engine->setToolTip(engine);
    if (engine.size() > 48)
        engine =
            state == EngineClient::State::Refused ? tr("Engine cannot be used") : tr("Engine does not run");
    setText(m_engine, engine);

    QStringList models;
    QString device;
    for (const EngineModel& model : m_loaded.models()) {
        switch (model.state) {
            case EngineModel::State::Loading:
                models << tr("%1, loading %2 %").arg(model.id).arg(qRound(100 * model.progress));
                break;
            case EngineModel::State::Ready:
                models << tr("%1, %2").arg(model.id, words::weights(model.weights));
                device = model.device;
                break;
            case EngineModel::State::Failed:
                models << tr("%1, not loaded").arg(model.id);
                break;
        }
    }
    setText(m_models, state != EngineClient::State::Ready ? QString()
                      : models.isEmpty()                  ? tr("No model loaded")
                                                          : models.join(QStringLiteral("; ")));

    setText(m_device, state == EngineClient::State::Ready ? deviceInWords(device) : QString());
    const int waiting = m_loaded.queue().waiting;
    setText(m_queue, waiting ? tr("%1 waiting").arg(waiting) : QString());
    update();
}

/// The device that the model is on: what the engine holds of its memory where that is ours to see, which is
/// on the CPU of this machine, else how much there is.
QString StatusLine::deviceInWords(const QString& id) const
{
    const auto found = std::ranges::find(m_devices, id, &EngineDevice::id);
    if (found == m_devices.end())
        return {};
    const QString whole = words::gibibytes(found->memoryBytes);
    const EngineProcess* process = m_client.process();
    const qint64 held = id == QLatin1String("cpu") && process ? residentBytes(process->processId()) : 0;
    return held > 0 ? tr("%1, %2 of %3").arg(found->name, words::gibibytes(held), whole)
                    : tr("%1, %2").arg(found->name, whole);
}

void StatusLine::askDevices()
{
    m_client.listDevices(this, [this](const core::Result<QList<EngineDevice>>& devices) {
        if (devices)
            m_devices = *devices;
        refresh();
    });
}

void StatusLine::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Sunken));
    const QColor line = Theme::color(Role::Border);
    painter.fillRect(0, 0, width(), 1, line);
    const QToolButton* last = nullptr;
    for (const QToolButton* part : {m_engine, m_models, m_device, m_queue, m_runs, m_queued})
        if (part->isVisible()) {
            if (last)
                painter.fillRect(last->geometry().right() + 1, 7, 1, height() - 13, line);
            last = part;
        }
}

}  // namespace facet::ui
