#pragma once

#include "core/hub/settings.h"
#include "ui/settings/secret.h"

#include <QObject>

namespace facet::ui {

/// The Hugging Face account: the token that the user gave here, else the one of the environment, and whose it
/// is.
class HubAccount final : public QObject {
    Q_OBJECT

public:
    enum class Test { Untested, Running, Good, Bad };

    explicit HubAccount(QObject* parent = nullptr);

    /// For downloads: the environment's, with our token in it.
    core::HubSettings settings() const;

    /// Where the token comes from and how long it lasts, in words.
    QString tokenInWords() const;
    bool hasOwnToken() const { return m_secret.place() != Secret::Place::Nowhere; }

    Test test() const { return m_test; }

    /// The account's name, or the sentence that says why there is none.
    QString testInWords() const { return m_testInWords; }

public Q_SLOTS:
    void load() { m_secret.load(); }
    void setToken(const QString& token);

    /// Asks the hub whose token it is.
    void runTest();

Q_SIGNALS:
    void changed();

    /// The keyring has said whether it has a token.
    void loaded();

private:
    void setTest(Test test, const QString& inWords);

    Secret m_secret;
    Test m_test = Test::Untested;
    QString m_testInWords;
    int m_round = 0;  // so that the answer about an earlier token is ignored
};

}  // namespace facet::ui
