#pragma once

#include "ui/engine/engine_client.h"

#include <QObject>
#include <QTimer>

namespace facet::ui {

/// How much of the model's context is taken, counted by the engine. Counts a moment after the last change,
/// one request at a time, and starts no engine.
class TokenMeter final : public QObject {
    Q_OBJECT

public:
    /// What would be sent.
    struct Subject {
        AnswerRequest history;  ///< system prompt and the branch
        ChatTurn draft;         ///< text and pictures in the composer
        QString systemPrompt;
    };

    struct Count {
        int system = 0;
        int text = 0;
        int pictures = 0;
        int draft = 0;  ///< its text; pictures count as pictures
        int contextLength = 0;
        int perPicture = 0;  ///< 0: not known

        int total() const { return system + text + pictures + draft; }
        bool isKnown() const { return contextLength > 0; }
        bool operator==(const Count&) const = default;
    };

    explicit TokenMeter(EngineClient& client, QObject* parent = nullptr);

    const Count& count() const { return m_count; }

    /// A model that is not loaded cannot count: then `history.model` is empty.
    void setSubject(Subject subject);

Q_SIGNALS:
    void changed();

private:
    void ask();
    void sum();
    void set(const Count& count);

    EngineClient& m_client;
    Subject m_subject;
    Count m_count;
    QTimer m_wait;
    int m_round = 0;
    int m_numOpen = 0;
    TokenCount m_whole, m_history, m_system;
    bool m_hasFailed = false;
};

}  // namespace facet::ui
