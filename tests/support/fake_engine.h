#pragma once

// The engine of tests/ui/engine/fake_engine.py as the window starts it.

#include "ui/engine/engine_process.h"

#include <QString>
#include <QStringList>

namespace facet::ui {

class FakeEngine : public EngineProcess {
public:
    explicit FakeEngine(const QString& mode = QStringLiteral("good"), int paceMs = 5,
                        QObject* parent = nullptr)
        : EngineProcess(QStringLiteral(SOURCE_DIR "/tests/ui/engine/fake_engine.sh"),
                        {QStringLiteral("--mode"), mode, QStringLiteral("--pace"), QString::number(paceMs)},
                        parent)
    {
    }
};

}  // namespace facet::ui
