#pragma once

// The look of the whole program: colours and fonts by role, light or dark, and the text size. Like QPalette
// it is one for the application, so whatever paints can ask without being handed anything.

#include "ui/theme/tokens.h"

#include <QColor>
#include <QFont>
#include <QObject>

class QApplication;

namespace facet::ui {

/// Says that colours or fonts are others now. Widgets that follow palette and style need not listen.
class ThemeNotifier : public QObject {
    Q_OBJECT

Q_SIGNALS:
    void changed();
};

/// Thread  GUI thread only.
class Theme {
public:
    enum class Scheme { Light, Dark };

    static constexpr int kLeastTextPercent = 90;
    static constexpr int kMostTextPercent = 150;

    /// Gives the application our style, palette, font and sheet. Once, before the first widget.
    static void install(QApplication& application, Scheme scheme, int textPercent = 100);

    static void setScheme(Scheme scheme);
    static Scheme scheme();
    static bool isDark() { return scheme() == Scheme::Dark; }

    /// Scales the type table.
    static void setTextPercent(int percent);
    static int textPercent();

    static QColor color(Role role);
    static QFont font(TextStyle style);

    static ThemeNotifier* notifier();
};

}  // namespace facet::ui
