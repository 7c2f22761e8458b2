#pragma once

// The SLURM cluster of cluster.sh, as long as this lives.

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

namespace facet::jobs {

class SlurmCluster {
public:
    SlurmCluster()
    {
        const CommandResult started =
            run(QStringLiteral(SOURCE_DIR "/tests/slurm/cluster.sh"), {"start", folder()});
        if (started.exitCode == 0)
            qputenv("SLURM_CONF", folder().toLocal8Bit() + "/slurm.conf");
        else
            m_problem = started.exitCode == 77 ? started.out.trimmed() : "cluster.sh: " + started.error;
        m_isMissing = started.exitCode == 77;
    }
    ~SlurmCluster() { run(QStringLiteral(SOURCE_DIR "/tests/slurm/cluster.sh"), {"stop", folder()}); }

    /// Why there is none; "" if it runs. Where SLURM cannot run at all a test skips, else it fails.
    QByteArray problem() const { return m_problem; }
    bool isMissing() const { return m_isMissing; }

    QString folder() const { return m_folder.path(); }
    QString path(const QString& name) const { return m_folder.filePath(name); }

    struct CommandResult {
        int exitCode = -1;
        QByteArray out;
        QByteArray error;
    };

    CommandResult run(const QString& program, const QStringList& arguments) const
    {
        QProcess process;
        process.setWorkingDirectory(folder());
        // Daemons keep what they inherit, so a pipe would stay open: files end.
        process.setStandardOutputFile(path("out"));
        process.setStandardErrorFile(path("error"));
        process.start(program, arguments);
        if (!process.waitForFinished(90'000))
            return {-1, "", program.toLocal8Bit() + " did not end by itself"};
        const auto content = [](const QString& name) {
            QFile file(name);
            return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
        };
        return {process.exitCode(), content(path("out")), content(path("error"))};
    }

    /// One line about a job: "JobId=3 JobName=x ...".
    QByteArray about(const QByteArray& job) const
    {
        return run("scontrol", {"--oneliner", "show", "job", QString::fromLatin1(job)}).out;
    }

private:
    QTemporaryDir m_folder{QStringLiteral("/tmp/facet-slurm-XXXXXX")};  // short: it holds a socket
    QByteArray m_problem;
    bool m_isMissing = false;
};

}  // namespace facet::jobs
