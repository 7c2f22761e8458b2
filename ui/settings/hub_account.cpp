#include "ui/settings/hub_account.h"

#include "core/hub/download.h"
#include "ui/background.h"

namespace facet::ui {

HubAccount::HubAccount(QObject* parent) : QObject(parent), m_secret(QStringLiteral("huggingface-token"))
{
    connect(&m_secret, &Secret::changed, this, &HubAccount::changed);
    connect(&m_secret, &Secret::loaded, this, &HubAccount::loaded);
}

core::HubSettings HubAccount::settings() const
{
    core::HubSettings settings = core::hubSettings();
    if (hasOwnToken()) {
        settings.token = m_secret.value().toStdString();
        settings.tokenSource = "Facet's settings";
    }
    return settings;
}

QString HubAccount::tokenInWords() const
{
    switch (m_secret.place()) {
        case Secret::Place::Keyring:
            return tr("Kept in the desktop's keyring.");
        case Secret::Place::Session:
            return m_secret.problem().isEmpty()
                       ? tr("Being handed to the desktop's keyring.")
                       : tr("Lasts until Facet is closed, since no keyring keeps it: %1.")
                             .arg(m_secret.problem());
        case Secret::Place::Nowhere:
            break;
    }
    const core::HubSettings settings = core::hubSettings();
    return settings.token.empty() ? tr("No token. Models that ask for a licence need one; the others do not.")
                                  : tr("From %1. One that is entered here goes before it.")
                                        .arg(QString::fromStdString(settings.tokenSource));
}

void HubAccount::setToken(const QString& token)
{
    ++m_round;
    m_test = Test::Untested;
    m_testInWords.clear();
    m_secret.set(token.trimmed());
}

void HubAccount::runTest()
{
    const int round = ++m_round;
    setTest(Test::Running, tr("Asking the hub"));
    runInBackground(
        this, [settings = settings()] { return core::hubAccount(settings); },
        [this, round](const core::Result<std::string>& account) {
            if (round != m_round)
                return;
            if (account)
                setTest(Test::Good, QString::fromStdString(*account));
            else
                setTest(Test::Bad, QString::fromStdString(account.error().message));
        });
}

void HubAccount::setTest(Test test, const QString& inWords)
{
    m_test = test;
    m_testInWords = inWords;
    Q_EMIT changed();
}

}  // namespace facet::ui
