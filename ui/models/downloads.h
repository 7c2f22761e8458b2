#pragma once

// Downloads from the Hugging Face hub as a list: each in a thread of its own, with progress, to be stopped
// and taken up again. A part that is there is never fetched twice, whoever fetched it.

#include "core/hub/download.h"

#include <QAbstractListModel>
#include <QThreadPool>

#include <atomic>
#include <filesystem>
#include <memory>
#include <vector>

namespace facet::ui {

class Downloads final : public QAbstractListModel {
    Q_OBJECT

public:
    enum class State {
        Running,
        Stalled,  ///< no byte comes; it tries again by itself, `trouble` says why
        Paused,
        Failed,
        Refused,  ///< gated: the licence has to be accepted at `page`, or a token given
        Done,
    };

    struct Item {
        int number = 0;  ///< never used twice
        QString id;
        bool textOnly = false;
        State state = State::Running;
        core::DownloadProgress progress;
        QString problem;  ///< a sentence
        QString page;     ///< of the model on the hub
    };

    /// `settings` is asked at each start, so that a token that came since is used.
    /// `file` remembers what is unfinished from one start of the window to the next.
    Downloads(std::function<core::HubSettings()> settings, std::filesystem::path file,
              QObject* parent = nullptr);

    /// Cancels, and waits for the threads, which look at it about twenty times per second.
    ~Downloads() override;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    const Item& item(int row) const { return m_items[static_cast<size_t>(row)].shown; }
    int rowOf(int number) const;
    int numActive() const;
    QString endpoint() const { return QString::fromStdString(m_settings().endpoint); }

public Q_SLOTS:
    /// Lists what an earlier window left unfinished, as paused.
    void restore();

    /// Begins or, if it is in the list and not running, goes on.
    void start(const QString& id, bool textOnly);
    void pause(int number);
    void resume(int number);

    /// Stops and takes it out of the list. What has come stays in the cache for another time.
    void discard(int number);

Q_SIGNALS:
    void changed(int number);
    void finished(const QString& id, bool textOnly);

private:
    struct Entry {
        Item shown;
        std::shared_ptr<std::atomic<bool>> isWanted;
    };

    void run(Entry& entry);
    void report(int number, const core::DownloadProgress& progress);
    void end(int number, const core::Result<core::DownloadedModel>& result);
    void say(int number);
    void remember();

    std::function<core::HubSettings()> m_settings;
    std::filesystem::path m_file;
    std::vector<Entry> m_items;
    QThreadPool m_threads;
    QThreadPool m_writer;  // one thread, so that the newest list is written last
    int m_lastNumber = 0;
    bool m_hasProgress = false;  // that is not remembered yet
};

}  // namespace facet::ui
