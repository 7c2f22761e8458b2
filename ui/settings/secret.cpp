#include "ui/settings/secret.h"

#include <qt6keychain/keychain.h>

namespace facet::ui {

namespace {

const auto kService = QStringLiteral("facet");

/// Without a session bus no keyring can be reached, and libsecret would try to start a bus.
bool hasBus()
{
    return !qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS");
}

}  // namespace

Secret::Secret(QString name, QObject* parent) : QObject(parent), m_name(std::move(name)) {}

void Secret::load()
{
    if (!hasBus()) {
        Q_EMIT loaded();
        return;
    }
    auto* job = new QKeychain::ReadPasswordJob(kService, this);
    job->setKey(m_name);
    connect(job, &QKeychain::Job::finished, this, [this, job] {
        // One that was typed in the meantime is the newer one.
        if (job->error() == QKeychain::NoError && m_place == Place::Nowhere && !job->textData().isEmpty())
            put(job->textData(), Place::Keyring);
        Q_EMIT loaded();
    });
    job->start();
}

void Secret::set(const QString& value)
{
    if (value.isEmpty()) {
        put({}, Place::Nowhere);
        if (hasBus()) {
            auto* job = new QKeychain::DeletePasswordJob(kService, this);
            job->setKey(m_name);
            job->start();
        }
        return;
    }
    if (!hasBus()) {
        put(value, Place::Session, tr("there is no session bus, so no keyring can be reached"));
        return;
    }
    put(value, Place::Session);
    auto* job = new QKeychain::WritePasswordJob(kService, this);
    job->setKey(m_name);
    job->setTextData(value);
    connect(job, &QKeychain::Job::finished, this, [this, job, value] {
        if (value != m_value)
            return;
        if (job->error() == QKeychain::NoError)
            put(value, Place::Keyring);
        else
            put(value, Place::Session, job->errorString());
    });
    job->start();
}

void Secret::put(const QString& value, Place place, const QString& problem)
{
    m_value = value;
    m_place = place;
    m_problem = problem;
    Q_EMIT changed();
}

}  // namespace facet::ui
