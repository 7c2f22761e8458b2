#pragma once

// Shapes that Style's parts and our own painted widgets share.

#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

#include <QPainter>
#include <QStyleOption>
#include <QWidget>

namespace facet::ui::shapes {

/// Saves the painter, smooths edges, and restores it at the end of the block.
class Painted {
public:
    explicit Painted(QPainter* painter) : m_painter(painter)
    {
        m_painter->save();
        m_painter->setRenderHint(QPainter::Antialiasing);
    }
    ~Painted() { m_painter->restore(); }
    Painted(const Painted&) = delete;
    Painted& operator=(const Painted&) = delete;

private:
    QPainter* m_painter;
};

inline QColor color(Role role)
{
    return Theme::color(role);
}

inline bool has(const QWidget* widget, const char* property)
{
    return widget && widget->property(property).toBool();
}

inline QByteArray kind(const QWidget* widget)
{
    return widget ? widget->property("kind").toByteArray() : QByteArray();
}

/// A rounded rectangle with a sharp hairline around it.
void drawPanel(QPainter* painter, const QRectF& rect, const QColor& ground, const QColor& outline,
               qreal cornerRadius, qreal lineWidth = 1);

void drawField(const QStyleOption* option, QPainter* painter, bool isInvalid);
void drawButtonGround(const QStyleOption* option, QPainter* painter, const QWidget* widget);

/// What text and icon of a button are drawn in.
Role buttonTextRole(const QStyleOption* option, const QWidget* widget);

void drawIcon(QPainter* painter, const QString& name, Role role, const QPointF& centre, int size);

/// A bar that is filled from `from` to `to` of 0 to 1.
void drawBar(QPainter* painter, const QRectF& rect, qreal from, qreal to, const QColor& fill);

}  // namespace facet::ui::shapes
