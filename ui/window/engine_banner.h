#pragma once

#include "ui/engine/engine_client.h"

#include <QWidget>

namespace facet::ui {

class Banner;

/// Above every page while the engine cannot be used: what happened, and what to do. The rest of the window
/// stays usable.
class EngineBanner final : public QWidget {
    Q_OBJECT

public:
    explicit EngineBanner(EngineClient& client, QWidget* parent = nullptr);

Q_SIGNALS:
    void logWanted();

private:
    void show(EngineClient::State state);

    EngineClient& m_client;
    Banner* m_banner;
};

}  // namespace facet::ui
