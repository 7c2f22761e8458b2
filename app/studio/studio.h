#pragma once

// The studio's parts, joined. There are no singletons: whoever needs a part got it here.

#include "core/models/library.h"
#include "ui/chat/chat_view_model.h"
#include "ui/models/downloads.h"
#include "ui/models/library_list.h"
#include "ui/models/loaded_models.h"
#include "ui/runs/queue_list.h"
#include "ui/runs/run_list.h"
#include "ui/runs/run_notices.h"
#include "ui/settings/hub_account.h"
#include "ui/settings/studio_settings.h"
#include "ui/theme/system_scheme.h"
#include "ui/window/main_window.h"

#include <QObject>

#include <filesystem>
#include <memory>

namespace facet::app {

/// What is shipped with the program: FACET_RESOURCES, else beside the installed program, else the source
/// tree's.
std::filesystem::path resourcesFolder();

class Studio final : public QObject {
    Q_OBJECT

public:
    struct Options {
        QString model;          ///< to be chosen and loaded at the start
        QString engineProgram;  ///< "": facet-engine beside this program
    };

    explicit Studio(Options options);
    ~Studio() override;

    ui::MainWindow& window() { return *m_window; }
    ui::EngineClient& client() { return m_client; }
    ui::LoadedModels& loaded() { return m_loaded; }
    ui::ChatViewModel& chat() { return *m_chat; }
    ui::Downloads& downloads() { return m_downloads; }

    /// Shows the window; what can wait begins after it is there.
    void show();

private:
    void addPages();
    QWidget* makeFinetunePage();
    void applyAppearance();
    void useEngine();
    void startEngine();
    void handToken();
    void chatWith(const QString& model);
    void chatWithTrained(const QString& model, const QString& adapter, const QString& name);
    void duplicate(const QString& folder);

    Options m_options;
    core::LibraryPlace m_place;
    ui::StudioSettings m_settings;
    ui::SystemScheme m_system;
    ui::HubAccount m_account;
    ui::Secret m_engineToken;
    std::unique_ptr<ui::EngineProcess> m_process;
    ui::EngineClient m_client;
    ui::LoadedModels m_loaded;
    ui::Downloads m_downloads;
    ui::LibraryList m_library;
    ui::RunList m_runs;
    ui::QueueList m_queue;
    ui::ConversationService m_conversations;
    std::unique_ptr<ui::ChatViewModel> m_chat;
    std::unique_ptr<ui::MainWindow> m_window;
    std::unique_ptr<ui::RunNotices> m_notices;
    bool m_isEngineStarted = false;
};

}  // namespace facet::app
