#pragma once

#include "tests/support/python.h"

#include <QProcess>

namespace facet::app {

/// Runs a script of tests/peers; true if it ended with 0.
inline bool runPeer(const QString& script, const QStringList& arguments)
{
    QProcess process;
    process.start(core::python(),
                  QStringList{QStringLiteral(SOURCE_DIR "/tests/peers/") + script} + arguments);
    const bool ended = process.waitForFinished(300'000) && process.exitStatus() == QProcess::NormalExit;
    if (!ended || process.exitCode() != 0)
        qWarning("%s\n%s", process.readAllStandardOutput().constData(),
                 process.readAllStandardError().constData());
    return ended && process.exitCode() == 0;
}

}  // namespace facet::app
