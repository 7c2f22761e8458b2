#pragma once

// Runs facet-engine as a user does, with a home of its own.

#include <nlohmann/json.hpp>

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

namespace facet::app {

struct Outcome {
    int exitCode = -1;
    QByteArray out;
    QByteArray error;

    /// The last line of stdout as JSON; null if it is none.
    nlohmann::json json() const
    {
        const QByteArray line = out.trimmed().split('\n').last();
        const nlohmann::json json = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
        return json.is_discarded() ? nlohmann::json() : json;
    }
};

/// facet-engine with an empty FACET_HOME and an empty Hugging Face cache, which live as long as this does.
class EngineProgram {
public:
    EngineProgram()
    {
        for (const char* variable :
             {"NEMO_CACHE_DIR", "NEMO_MODELS_CACHE", "NEMO_HOME", "HF_HUB_CACHE", "HF_TOKEN"})
            m_environment.remove(QString::fromLatin1(variable));
        set("FACET_HOME", path("home"));
        set("HF_HOME", path("hf"));
    }

    void set(const char* variable, const QString& value)
    {
        m_environment.insert(QString::fromLatin1(variable), value);
    }
    void unset(const char* variable) { m_environment.remove(QString::fromLatin1(variable)); }

    /// A path in a folder that is removed at the end.
    QString path(const QString& name) const { return m_folder.filePath(name); }

    Outcome run(const QStringList& arguments, const QByteArray& input = {}) const
    {
        return runOther(QStringLiteral(FACET_ENGINE_PROGRAM), arguments, input);
    }

    /// Another program in the same surroundings.
    Outcome runOther(const QString& program, const QStringList& arguments, const QByteArray& input = {}) const
    {
        QProcess process;
        process.setProcessEnvironment(m_environment);
        process.start(program, arguments);
        process.write(input);
        process.closeWriteChannel();
        if (!process.waitForFinished(300'000) || process.exitStatus() != QProcess::NormalExit)
            return {-1, process.readAllStandardOutput(),
                    process.readAllStandardError() + "\n(did not end by itself)"};
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }

    /// Starts it and comes back at once.
    void start(QProcess& process, const QStringList& arguments) const
    {
        process.setProcessEnvironment(m_environment);
        process.start(QStringLiteral(FACET_ENGINE_PROGRAM), arguments);
    }

private:
    QTemporaryDir m_folder;
    QProcessEnvironment m_environment = QProcessEnvironment::systemEnvironment();
};

/// A command that a user got wrong ends with this exit code and one sentence on stderr that has `words` in
/// it.
inline void verifyRefused(const Outcome& outcome, int exitCode, const char* words)
{
    QVERIFY2(outcome.exitCode == exitCode, outcome.error.constData());
    QVERIFY2(outcome.error.contains(words), outcome.error.constData());
    QVERIFY2(outcome.error.startsWith("facet-engine: "), outcome.error.constData());
    QCOMPARE(outcome.error.trimmed().count('\n'), 0);
    QVERIFY2(outcome.out.isEmpty(), outcome.out.constData());
}

}  // namespace facet::app
