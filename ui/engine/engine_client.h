#pragma once

// The engine as the window uses it: requests over HTTP to a process of ours, or to an address that the user
// gave (an engine on another machine, behind ssh -L). Every request ends exactly once, never from within the
// call that made it, and not at all once its context is gone.

#include "core/api/server_sent_events.h"
#include "ui/engine/engine_messages.h"
#include "ui/engine/engine_process.h"

#include <QNetworkAccessManager>
#include <QObject>
#include <QPointer>

#include <functional>

class QNetworkReply;
class QNetworkRequest;

namespace facet::ui {

class AnswerStream;

template <typename T>
using Done = std::function<void(core::Result<T>)>;

class EngineClient final : public QObject {
    Q_OBJECT

public:
    enum class State {
        Off,         ///< nothing has needed it yet, or it ended; the next request starts or tries again
        Starting,    ///< the process starts
        Connecting,  ///< asking which version it is
        Ready,
        Failed,   ///< see problem(); the next request tries again
        Refused,  ///< another major version, or given up after two deaths: retry() tries again
    };
    Q_ENUM(State)

    explicit EngineClient(QObject* parent = nullptr);
    ~EngineClient() override;

    /// `process` must outlive this object.
    void useProcess(EngineProcess& process);
    void useAddress(EngineAddress address);

    State state() const { return m_state; }
    QString stateText() const;  ///< in words, for the status bar
    QString problem() const { return m_problem; }
    EngineVersion version() const { return m_version; }

    /// Whether the engine reads files of this machine: a process of ours does.
    bool isLocal() const { return m_process != nullptr; }
    EngineProcess* process() const { return m_process; }

    void listModels(QObject* context, Done<QList<EngineModel>> done);
    void listDevices(QObject* context, Done<QList<EngineDevice>> done);
    void estimate(const LoadRequest& request, QObject* context, Done<LoadEstimate> done);

    /// Gives the id under which the model is being loaded; listModels() tells how far it is.
    void load(const LoadRequest& request, QObject* context, Done<QString> done);

    /// Also cancels a load.
    void unload(const QString& model, QObject* context, Done<QString> done);
    void listAdapters(QObject* context, Done<QList<EngineAdapter>> done);

    /// Has the engine read an adapter from a folder of its machine; gives the id under which requests name
    /// it.
    void loadAdapter(const QString& path, const QString& id, QObject* context, Done<QString> done);

    /// Answers that it takes part in are finished with it.
    void unloadAdapter(const QString& id, QObject* context, Done<QString> done);
    void queryQueue(QObject* context, Done<EngineQueue> done);
    void queryCache(QObject* context, Done<EngineCache> done);
    void emptyCache(QObject* context, Done<QString> done);

    /// Counts the tokens of a prompt or of turns, pictures included.
    void tokenize(const AnswerRequest& request, QObject* context, Done<TokenCount> done);

    /// Starts an answer. The stream belongs to `parent`; deleting it cancels.
    AnswerStream* answer(const AnswerRequest& request, QObject* parent);

public Q_SLOTS:
    /// Starts the engine if needed and asks for its version. Requests do this by themselves.
    void connectToEngine();

    /// After Refused: forget what happened and try again.
    void retry();

Q_SIGNALS:
    void stateChanged(facet::ui::EngineClient::State state);

private:
    friend class AnswerStream;

    template <typename T>
    void request(const char* verb, const QString& path, const QByteArray& body, QObject* context,
                 Done<T> done, core::Result<T> (*decode)(const QByteArray&));

    /// Runs `start` when the engine is ready, or with the sentence that says why it is not.
    void whenReady(QObject* context, std::function<void(core::Result<EngineAddress>)> start);

    QNetworkRequest requestFor(const EngineAddress& address, const QString& path) const;
    void encodeInBackground(const AnswerRequest& what, bool isCount, QObject* context,
                            std::function<void(core::Result<QByteArray>)> done);
    void followProcess();
    void askVersion();
    void handleVersion(core::Result<EngineVersion> version);
    void setState(State state, const QString& problem = {});
    void releaseWaiting();

    /// The sentence for a connection that broke: the process's own reason if it died, which may be known a
    /// moment later than the broken connection.
    void explain(const QString& networkReason, QObject* context, std::function<void(QString)> tell);

    QNetworkAccessManager m_network;
    EngineProcess* m_process = nullptr;
    EngineAddress m_address;
    State m_state = State::Off;
    QString m_problem;
    EngineVersion m_version;
    int m_round = 0;  // counts connections, so that a late answer of an earlier one is ignored
    QList<std::pair<QPointer<QObject>, std::function<void(core::Result<EngineAddress>)>>> m_waiting;
};

/// An answer as it is written. Exactly one of finished and failed comes, unless it is cancelled or deleted.
class AnswerStream final : public QObject {
    Q_OBJECT

public:
    ~AnswerStream() override;

    /// Closes the connection, by which the engine stops; nothing is signalled after that.
    void cancel();

Q_SIGNALS:
    void delta(const QString& text);
    void finished(const facet::ui::AnswerEnd& end);

    /// What had arrived by delta() stays valid.
    void failed(const QString& sentence);

private:
    friend class EngineClient;
    AnswerStream(EngineClient& client, QObject* parent);

    void post(const EngineAddress& address, const QString& path, const QByteArray& body);
    void read();
    void handle(std::string_view data);
    void handleEnd();
    void fail(const QString& sentence);

    EngineClient& m_client;
    QPointer<QNetworkReply> m_reply;
    core::api::ServerSentEvents m_events;
    AnswerEnd m_end;
    bool m_isOver = false;
};

}  // namespace facet::ui
