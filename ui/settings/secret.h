#pragma once

#include <QObject>
#include <QString>

namespace facet::ui {

/// One secret, kept by the desktop's keyring (Secret Service or KWallet). Where there is none, it lasts as
/// long as this object and says so. It is never written anywhere else.
class Secret final : public QObject {
    Q_OBJECT

public:
    enum class Place { Nowhere, Keyring, Session };

    /// `name` within Facet's secrets, such as "huggingface-token".
    explicit Secret(QString name, QObject* parent = nullptr);

    QString value() const { return m_value; }
    Place place() const { return m_place; }

    /// Why the keyring does not keep it; "" if it does or there is nothing to keep.
    QString problem() const { return m_problem; }

    /// Asks the keyring; changed() says when there is a value, loaded() when it has answered either way.
    void load();

    /// "" forgets it.
    void set(const QString& value);

Q_SIGNALS:
    void changed();
    void loaded();

private:
    void put(const QString& value, Place place, const QString& problem = {});

    QString m_name;
    QString m_value;
    Place m_place = Place::Nowhere;
    QString m_problem;
};

}  // namespace facet::ui
