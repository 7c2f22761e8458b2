#include "ui/widgets/buttons.h"

#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

namespace facet::ui {

QPushButton* makeButton(const QString& objectName, const QString& text, ButtonKind kind, const QString& icon,
                        QWidget* parent)
{
    auto* button = new QPushButton(text, parent);
    button->setObjectName(objectName);
    button->setAccessibleName(text);
    button->setAutoDefault(false);
    setButtonKind(button, kind);
    const auto applyFont = [button] {
        const bool isCompact = button->property("compact").toBool();
        button->setFont(Theme::font(isCompact ? TextStyle::SmallStrong : TextStyle::Button));
    };
    applyFont();
    QObject::connect(Theme::notifier(), &ThemeNotifier::changed, button, applyFont);
    if (!icon.isEmpty())
        button->setIcon(Icons::get(icon));
    return button;
}

QToolButton* makeIconButton(const QString& objectName, const QString& icon, const QString& name,
                            QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setObjectName(objectName);
    button->setIcon(Icons::get(icon));
    button->setIconSize(QSize(20, 20));
    button->setToolTip(name);
    button->setAccessibleName(name);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

QCheckBox* makeSwitch(const QString& objectName, const QString& text, QWidget* parent)
{
    auto* box = new QCheckBox(text, parent);
    box->setObjectName(objectName);
    box->setAccessibleName(text);
    box->setProperty("switch", true);
    return box;
}

void setButtonKind(QWidget* button, ButtonKind kind)
{
    static constexpr const char* kNames[] = {"", "primary", "flat", "danger", "dangerFilled", "link"};
    button->setProperty("kind", QByteArray(kNames[static_cast<int>(kind)]));
    button->update();
}

void setCompact(QWidget* control)
{
    control->setProperty("compact", true);
    control->setFont(
        Theme::font(qobject_cast<QPushButton*>(control) ? TextStyle::SmallStrong : TextStyle::Small));
    if (auto* button = qobject_cast<QAbstractButton*>(control))
        button->setIconSize(QSize(16, 16));
    control->updateGeometry();
}

}  // namespace facet::ui
