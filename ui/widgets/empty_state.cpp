#include "ui/widgets/empty_state.h"

#include "ui/theme/icons.h"
#include "ui/widgets/label.h"

#include <QEvent>
#include <QVBoxLayout>

namespace facet::ui {

EmptyState::EmptyState(const QString& icon, const QString& title, const QString& text, QWidget* parent)
    : QWidget(parent),
      m_iconName(icon),
      m_icon(new QLabel),
      m_title(new Label(title, TextStyle::Section)),
      m_text(new Label(text, TextStyle::Body, Role::Text2)),
      m_actions(new QHBoxLayout)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXl, space::kXl, space::kXl, space::kXl);
    column->setSpacing(space::kS);
    m_icon->setAlignment(Qt::AlignCenter);
    m_title->setAlignment(Qt::AlignCenter);
    m_text->setAlignment(Qt::AlignCenter);
    m_text->setWordWrap(true);
    m_actions->setSpacing(space::kS);
    m_actions->setContentsMargins(0, space::kS, 0, 0);
    m_actions->addStretch();
    m_actions->addStretch();
    column->addStretch(2);
    column->addWidget(m_icon);
    column->addSpacing(space::kXs);
    column->addWidget(m_title);
    column->addWidget(m_text);
    column->addLayout(m_actions);
    column->addStretch(3);
    showIcon();
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &EmptyState::showIcon);
}

void EmptyState::setTitle(const QString& title)
{
    m_title->setText(title);
}

void EmptyState::setText(const QString& text)
{
    m_text->setText(text);
}

void EmptyState::addAction(QPushButton* button)
{
    m_actions->insertWidget(m_actions->count() - 1, button);
}

bool EmptyState::event(QEvent* event)
{
    if (event->type() == QEvent::ScreenChangeInternal)
        showIcon();  // the pixel ratio may be another
    return QWidget::event(event);
}

void EmptyState::showIcon()
{
    m_icon->setPixmap(Icons::pixmap(m_iconName, Role::Text3, 40, devicePixelRatioF()));
}

}  // namespace facet::ui
