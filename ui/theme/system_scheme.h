#pragma once

#include "ui/theme/theme.h"

#include <QDBusVariant>
#include <QObject>

namespace facet::ui {

/// Whether the desktop is light or dark, and when that changes. Qt 6.4 cannot tell, so this asks the desktop
/// portal; until it answers, or where there is none, the lightness of the desktop's palette decides.
class SystemScheme : public QObject {
    Q_OBJECT

public:
    /// Thread  does not wait for the portal.
    /// Limits  make it before Theme::install, which replaces the desktop's palette.
    explicit SystemScheme(QObject* parent = nullptr);

    Theme::Scheme scheme() const { return m_scheme; }

Q_SIGNALS:
    void changed(Theme::Scheme scheme);

private Q_SLOTS:
    void onSettingChanged(const QString& space, const QString& key, const QDBusVariant& value);

private:
    void take(const QVariant& value);

    Theme::Scheme m_scheme;
};

}  // namespace facet::ui
