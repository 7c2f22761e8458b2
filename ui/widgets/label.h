#pragma once

#include "ui/theme/theme.h"

#include <QLabel>

namespace facet::ui {

/// Text in one of our styles and roles, which follows the theme. As plain text, since much of what it shows
/// comes from files and servers.
class Label : public QLabel {
    Q_OBJECT

public:
    explicit Label(TextStyle style, Role role = Role::Text, QWidget* parent = nullptr);
    Label(const QString& text, TextStyle style, Role role = Role::Text, QWidget* parent = nullptr);

    void setTextStyle(TextStyle style);
    void setRole(Role role);

    /// Cuts text that does not fit and shows the whole as tooltip, instead of asking for more room.
    void setElided(Qt::TextElideMode mode);

    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void applyTheme();

    TextStyle m_style;
    Role m_role;
    Qt::TextElideMode m_elide = Qt::ElideNone;
};

}  // namespace facet::ui
