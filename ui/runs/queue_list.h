#pragma once

// The queue of this machine as a list: what runs, what waits for what, what failed. Looks whenever the list
// of runs does; files are read and changed in threads of the pool.

#include "jobs/queue/queue_report.h"
#include "ui/runs/run_list.h"

namespace facet::ui {

class QueueList final : public QAbstractListModel {
    Q_OBJECT

public:
    enum QueueRole { NameRole = Qt::DisplayRole, IdRole = Qt::UserRole, StateRole, WordsRole };

    struct Row {
        jobs::QueueEntry entry;
        jobs::EntryReport report;
        std::string takenBy;  ///< the run that has all its devices now; "" if one is free
    };

    /// `runs` must outlive this; `engine` is the program facet-engine.
    QueueList(RunList& runs, std::filesystem::path home, std::filesystem::path engine,
              QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    const Row& row(int row) const { return m_rows[static_cast<size_t>(row)]; }
    const std::filesystem::path& home() const { return m_file.home(); }

    int numWaiting() const;
    bool isWorked() const { return m_isWorked; }

    /// Something may start, and nobody works the queue.
    bool needsWorker() const { return m_mayStart && !m_isWorked; }

    /// Why the queue cannot be read; "" if it can.
    QString problem() const { return m_problem; }

    /// Names of all sweeps that there are.
    QStringList sweeps() const { return m_sweeps; }

    // Each asks for what it wants and comes back at once; failed() follows if that was refused.

    /// `step` places down; up if it is negative.
    void move(int64_t id, int step);
    void remove(int64_t id);

    /// Lets it start only when these are done.
    void setAfter(int64_t id, std::vector<int64_t> after);
    void clearEnded();

    /// Whatever else has its first device.
    void startNow(int64_t id);
    void startWorker();

    struct Seen {
        std::vector<Row> rows;
        QString problem;
        QStringList sweeps;
        bool isWorked = false;
        bool mayStart = false;
    };

    /// What is shown, from now on.
    void take(Seen seen);

    /// Thread  any; reads files
    static Seen look(const std::vector<core::ObservedRun>& runs, const std::filesystem::path& home);

Q_SIGNALS:
    void changed();
    void failed(const QString& sentence);

private:
    void lookSoon();
    void edit(std::function<core::Result<void>(jobs::RunQueue&)> change);
    void tellEnd(const core::Result<void>& done);

    RunList& m_runs;
    jobs::QueueFile m_file;
    std::filesystem::path m_engine;
    std::vector<Row> m_rows;
    QStringList m_sweeps;
    QString m_problem;
    bool m_isWorked = false;
    bool m_mayStart = false;
    bool m_isLooking = false;
};

namespace words {

/// "GPU 0", "GPU 0 or 1", "CPU".
QString devices(const std::vector<std::string>& devices);

/// The second line of a run in the queue: "GPU 0, after blue", "step 3 of 80", "out of memory at step 1".
QString secondLine(const QueueList::Row& row);

}  // namespace words

}  // namespace facet::ui
