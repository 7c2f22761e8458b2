#include "app/studio/studio.h"

#include "core/base/environment.h"
#include "core/models/hf_cache.h"
#include "ui/chat/chat_page.h"
#include "ui/clusters/clusters_page.h"
#include "ui/finetune/finetune_page.h"
#include "ui/models/models_page.h"
#include "ui/runs/runs_page.h"
#include "ui/settings/settings_page.h"
#include "ui/theme/theme.h"
#include "ui/window/engine_log.h"

#include <QApplication>
#include <QFileInfo>
#include <QStandardPaths>
#include <QTimer>

#include <chrono>

namespace facet::app {

namespace {

QString toText(const std::filesystem::path& path)
{
    return QString::fromStdString(path.string());
}

std::vector<core::BuiltInModel> builtIns()
{
    return {{"demo", resourcesFolder() / "demo-model"}};
}

/// The engine that belongs to this program.
QString engineProgram(const QString& wanted)
{
    if (!wanted.isEmpty())
        return wanted;
    const QString beside = QCoreApplication::applicationDirPath() + QStringLiteral("/facet-engine");
    if (QFileInfo::exists(beside))
        return beside;
    const QString onPath = QStandardPaths::findExecutable(QStringLiteral("facet-engine"));
    return onPath.isEmpty() ? beside : onPath;
}

/// A keyring that asks for its password may take long; the engine does not wait for that.
constexpr std::chrono::milliseconds kKeyringLimit(500);

/// The variable that decides where the Hugging Face cache is; "" for none.
QString hubVariable()
{
    for (const char* name : {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"})
        if (!qEnvironmentVariableIsEmpty(name))
            return QString::fromLatin1(name);
    return {};
}

}  // namespace

std::filesystem::path resourcesFolder()
{
    if (const auto folder = core::environmentPath("FACET_RESOURCES"))
        return *folder;
    const std::filesystem::path beside =
        QCoreApplication::applicationDirPath().toStdString() + "/../share/facet/resources";
    std::error_code error;
    return std::filesystem::is_directory(beside, error) ? beside : std::filesystem::path(FACET_RESOURCES);
}

Studio::Studio(Options options)
    : m_options(std::move(options)),
      m_place(core::libraryPlace()),
      m_settings(toText(m_place.folder)),
      m_engineToken(QStringLiteral("engine-token")),
      m_process(std::make_unique<ui::EngineProcess>(
          engineProgram(m_options.engineProgram),
          QStringList{QStringLiteral("--allow-files"), toText(m_place.folder / "attachments")})),
      m_loaded(m_client),
      m_downloads([this] { return m_account.settings(); }, m_place.folder / "downloads.json"),
      m_library(core::Library(m_place.folder), builtIns(), core::hubFolder()),
      m_runs({m_place.folder / "runs"}),
      m_queue(m_runs, m_place.folder, engineProgram(m_options.engineProgram).toStdString()),
      m_conversations(m_place.folder)
{
    // The engine takes only folders that are there.
    std::error_code error;
    std::filesystem::create_directories(m_place.folder / "attachments", error);
    applyAppearance();
    connect(&m_settings, &ui::StudioSettings::appearanceChanged, this, &Studio::applyAppearance);
    connect(&m_settings, &ui::StudioSettings::textPercentChanged, this,
            [this] { ui::Theme::setTextPercent(m_settings.textPercent()); });
    connect(&m_system, &ui::SystemScheme::changed, this, [this](ui::Theme::Scheme scheme) {
        m_settings.setWasSystemDark(scheme == ui::Theme::Scheme::Dark);
        applyAppearance();
    });
    m_loaded.setDevice(m_settings.device());
    connect(&m_settings, &ui::StudioSettings::deviceChanged, this,
            [this] { m_loaded.setDevice(m_settings.device()); });
    useEngine();
    connect(&m_settings, &ui::StudioSettings::engineAddressChanged, this, [this] {
        useEngine();
        m_client.connectToEngine();
    });
    connect(&m_engineToken, &ui::Secret::changed, this, [this] {
        if (!m_settings.engineAddress().isEmpty())
            useEngine();
    });

    connect(&m_account, &ui::HubAccount::changed, this, &Studio::handToken);
    connect(&m_account, &ui::HubAccount::loaded, this, &Studio::startEngine);

    m_chat = std::make_unique<ui::ChatViewModel>(m_conversations, m_loaded, m_runs,
                                                 core::Library(m_place.folder), builtIns());
    m_window = std::make_unique<ui::MainWindow>(
        ui::MainWindow::Parts{m_settings, m_client, m_loaded, m_downloads, m_runs, m_queue});
    m_notices = std::make_unique<ui::RunNotices>(m_runs, *m_window);
    addPages();
}

Studio::~Studio() = default;

void Studio::applyAppearance()
{
    using Appearance = ui::StudioSettings::Appearance;
    const Appearance wanted = m_settings.appearance();
    const bool isDark = wanted == Appearance::Dark ||
                        (wanted == Appearance::System && m_system.scheme() == ui::Theme::Scheme::Dark);
    const auto scheme = isDark ? ui::Theme::Scheme::Dark : ui::Theme::Scheme::Light;
    if (!m_window)
        ui::Theme::install(*qApp, scheme, m_settings.textPercent());
    else
        ui::Theme::setScheme(scheme);
}

void Studio::useEngine()
{
    const QString address = m_settings.engineAddress();
    if (address.isEmpty()) {
        m_client.useProcess(*m_process);
        return;
    }
    m_process->stop();
    m_client.useAddress({QUrl(address), m_engineToken.value().toUtf8()});
}

void Studio::addPages()
{
    m_window->addPage({.id = QStringLiteral("chat"),
                       .icon = QStringLiteral("chat"),
                       .title = tr("Chat"),
                       .keys = QKeySequence(Qt::CTRL | Qt::Key_1),
                       .make = [this]() -> QWidget* {
                           auto* page = new ui::ChatPage(*m_chat);
                           connect(page, &ui::ChatPage::pageWanted, m_window.get(),
                                   &ui::MainWindow::showPage);
                           return page;
                       }});
    m_window->addPage({.id = QStringLiteral("models"),
                       .icon = QStringLiteral("models"),
                       .title = tr("Models"),
                       .keys = QKeySequence(Qt::CTRL | Qt::Key_2),
                       .make = [this]() -> QWidget* {
                           auto* page = new ui::ModelsPage({m_library, m_downloads, m_client, m_loaded});
                           connect(page, &ui::ModelsPage::chatWanted, this, &Studio::chatWith);
                           connect(page, &ui::ModelsPage::tokenWanted, this, [this] {
                               m_window->showPage(QStringLiteral("settings"));
                               m_window->findChild<ui::SettingsPage*>()->enterToken();
                           });
                           return page;
                       }});
    m_window->addPage({.id = QStringLiteral("finetune"),
                       .icon = QStringLiteral("finetune"),
                       .title = tr("Fine-tune"),
                       .keys = QKeySequence(Qt::CTRL | Qt::Key_3),
                       .make = [this] { return makeFinetunePage(); }});
    m_window->addPage({.id = QStringLiteral("runs"),
                       .icon = QStringLiteral("runs"),
                       .title = tr("Runs"),
                       .keys = QKeySequence(Qt::CTRL | Qt::Key_4),
                       .make = [this]() -> QWidget* {
                           auto* page = new ui::RunsPage(
                               {m_runs, m_queue, engineProgram(m_options.engineProgram), &m_loaded});
                           connect(page, &ui::RunsPage::chatWanted, this, &Studio::chatWithTrained);
                           connect(page, &ui::RunsPage::duplicateWanted, this, &Studio::duplicate);
                           connect(page, &ui::RunsPage::newWanted, this,
                                   [this] { m_window->showPage(QStringLiteral("finetune")); });
                           return page;
                       }});
    m_window->addPage({.id = QStringLiteral("clusters"),
                       .icon = QStringLiteral("clusters"),
                       .title = tr("Clusters"),
                       .keys = QKeySequence(Qt::CTRL | Qt::Key_5),
                       .make = [this]() -> QWidget* {
                           return new ui::ClustersPage(m_place.folder, resourcesFolder() / "recipes",
                                                       engineProgram(m_options.engineProgram).toStdString());
                       }});
    m_window->addPage(
        {.id = QStringLiteral("settings"),
         .icon = QStringLiteral("settings"),
         .title = tr("Settings"),
         .keys = QKeySequence(Qt::CTRL | Qt::Key_6),
         .make = [this]() -> QWidget* {
             const QList<ui::SettingsPage::Place> places = {
                 {tr("Library, chats, settings"), toText(m_place.folder),
                  QString::fromStdString(m_place.decidedBy)},
                 {tr("Runs"), toText(m_place.folder / "runs"), QString::fromStdString(m_place.decidedBy)},
                 {tr("Hugging Face cache"), toText(core::hubFolder()), hubVariable()},
             };
             auto* page = new ui::SettingsPage({m_settings, m_account, m_engineToken, m_client, places});
             connect(page, &ui::SettingsPage::engineLogWanted, this,
                     [this] { ui::EngineLog::show(m_window.get(), m_client); });
             return page;
         },
         .isAtBottom = true});
}

QWidget* Studio::makeFinetunePage()
{
    auto* page = new ui::FinetunePage({.form = {m_place.folder, resourcesFolder() / "recipes", builtIns()},
                                       .engine = engineProgram(m_options.engineProgram).toStdString(),
                                       .conversations = &m_conversations,
                                       .loaded = &m_loaded,
                                       .runs = &m_runs,
                                       .client = &m_client});
    connect(page, &ui::FinetunePage::queueWanted, this,
            [this] { m_window->showPage(QStringLiteral("runs")); });
    connect(page, &ui::FinetunePage::runStarted, this,
            [this] { m_window->showPage(QStringLiteral("runs")); });
    connect(page, &ui::FinetunePage::profileWanted, this, [this](const QString& name) {
        m_window->showPage(QStringLiteral("clusters"));
        m_window->findChild<ui::ClustersPage*>()->select(name);
    });
    return page;
}

void Studio::show()
{
    const QString last = m_settings.page();
    m_window->showPage(m_window->page(last) && m_options.model.isEmpty() ? last : QStringLiteral("chat"));
    m_window->show();
    QTimer::singleShot(0, this, [this] {
        QTimer::singleShot(kKeyringLimit, this, &Studio::startEngine);
        m_downloads.restore();
        m_chat->start();
        m_engineToken.load();
        m_account.load();
    });
}

/// Once the keyring has answered, so that the engine has the token from its start, or has taken too long.
void Studio::startEngine()
{
    if (std::exchange(m_isEngineStarted, true))
        return;
    m_client.connectToEngine();
    if (!m_options.model.isEmpty()) {
        m_chat->newConversation();  // rather than the newest one, whose model may be another
        m_chat->setModel(m_options.model);
    }
}

/// In its environment, where only this user can read it. One that comes later holds from its next start on.
void Studio::handToken()
{
    m_process->setVariable(QStringLiteral("HF_TOKEN"), QString::fromStdString(m_account.settings().token));
}

void Studio::chatWithTrained(const QString& model, const QString& adapter, const QString& name)
{
    m_chat->chatWith(model, adapter, name);
    m_window->showPage(QStringLiteral("chat"));
}

void Studio::duplicate(const QString& folder)
{
    m_window->showPage(QStringLiteral("finetune"));
    m_window->findChild<ui::FinetunePage*>()->openPath(folder);
}

void Studio::chatWith(const QString& model)
{
    m_chat->setModel(model);  // which loads it
    m_window->showPage(QStringLiteral("chat"));
}

}  // namespace facet::app
