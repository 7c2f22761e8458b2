#pragma once

// Runs Python code of the checkout's virtual environment, as the other side of a comparison.

#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTest>

namespace facet::core {

/// The interpreter of ./dev setup. Tests skip in words where it or a package of it is missing.
inline QString python()
{
    return QStringLiteral(SOURCE_DIR "/.venv/bin/python");
}

/// Runs code and gives what it printed; what went wrong is printed by the test and leaves an empty answer.
inline QByteArray runPython(const QString& code, const QStringList& arguments)
{
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("HF_HUB_OFFLINE"), QStringLiteral("1"));
    process.setProcessEnvironment(environment);
    process.start(python(), QStringList{QStringLiteral("-c"), code} + arguments);
    if (!process.waitForFinished(240'000) || process.exitStatus() != QProcess::NormalExit ||
        process.exitCode() != 0) {
        qWarning("%s", process.readAllStandardError().constData());
        return {};
    }
    return process.readAllStandardOutput();
}

/// Can these packages be imported?
inline bool hasPythonPackages(const QString& packages)
{
    QProcess process;
    process.start(python(), {QStringLiteral("-c"), QStringLiteral("import ") + packages});
    return process.waitForFinished(120'000) && process.exitStatus() == QProcess::NormalExit &&
           process.exitCode() == 0;
}

}  // namespace facet::core
