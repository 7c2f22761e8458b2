#include "app/studio/studio.h"

#include "core/base/environment.h"
#include "core/models/hf_cache.h"
#include "ui/chat/chat_page.h"
#include "ui/models/models_page.h"
#include "ui/runs/runs_page.h"
#include "ui/settings/settings_page.h"
#include "ui/theme/theme.h"
#include "ui/window/engine_log.h"

#include <QApplication>
#include <QFileInfo>
#include <QStandardPaths>
#include <QTimer>

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
      m_downloads([this] { return m_account.settings(); }),
      m_library(core::Library(m_place.folder), builtIns(), core::hubFolder()),
      m_runs({m_place.folder / "runs"}),
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
    useEngine();
    connect(&m_settings, &ui::StudioSettings::engineAddressChanged, this, [this] {
        useEngine();
        m_client.connectToEngine();
    });
    connect(&m_engineToken, &ui::Secret::changed, this, [this] {
        if (!m_settings.engineAddress().isEmpty())
            useEngine();
    });

    m_chat = std::make_unique<ui::ChatViewModel>(m_conversations, m_client, core::Library(m_place.folder),
                                                 builtIns());
    m_window =
        std::make_unique<ui::MainWindow>(ui::MainWindow::Parts{m_settings, m_client, m_loaded, m_downloads});
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
                           auto* page = new ui::ModelsPage(
                               {m_library, m_downloads, m_client, m_loaded, m_settings.device()});
                           connect(page, &ui::ModelsPage::chatWanted, this, &Studio::chatWith);
                           connect(page, &ui::ModelsPage::tokenWanted, this, [this] {
                               m_window->showPage(QStringLiteral("settings"));
                               m_window->findChild<ui::SettingsPage*>()->enterToken();
                           });
                           return page;
                       }});
    m_window->addPage({.id = QStringLiteral("runs"),
                       .icon = QStringLiteral("runs"),
                       .title = tr("Runs"),
                       .keys = QKeySequence(Qt::CTRL | Qt::Key_4),
                       .make = [this]() -> QWidget* {
                           return new ui::RunsPage(m_runs, toText(m_place.folder / "runs"),
                                                   engineProgram(m_options.engineProgram));
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

void Studio::show()
{
    const QString last = m_settings.page();
    m_window->showPage(m_window->page(last) && m_options.model.isEmpty() ? last : QStringLiteral("chat"));
    m_window->show();
    QTimer::singleShot(0, this, [this] {
        m_account.load();
        m_engineToken.load();
        m_client.connectToEngine();
        m_chat->start();
        if (!m_options.model.isEmpty()) {
            m_chat->newConversation();  // rather than the newest one, whose model may be another
            m_chat->setModel(m_options.model);
        }
    });
}

void Studio::chatWith(const QString& model)
{
    m_chat->setModel(model);  // which loads it
    m_window->showPage(QStringLiteral("chat"));
}

}  // namespace facet::app
