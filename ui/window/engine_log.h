#pragma once

#include "ui/engine/engine_client.h"

#include <QDialog>

namespace facet::ui {

/// What the engine wrote to stderr, the newest at the end.
class EngineLog final : public QDialog {
    Q_OBJECT

public:
    static void show(QWidget* parent, EngineClient& client);

private:
    EngineLog(QWidget* parent, EngineClient& client);
};

}  // namespace facet::ui
