#include "ui/widgets/card.h"

#include "ui/theme/style_shapes.h"
#include "ui/widgets/label.h"

namespace facet::ui {

using namespace shapes;

Card::Card(QWidget* parent) : Card(QString(), parent) {}

Card::Card(const QString& title, QWidget* parent) : QFrame(parent)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, 1);
    column->setSpacing(0);
    if (!title.isEmpty()) {
        auto* head = new QWidget;
        head->setMinimumHeight(height::kCardHeader - 1);
        m_header = new QHBoxLayout(head);
        m_header->setContentsMargins(space::kL, 0, space::kM, 0);
        m_header->setSpacing(space::kS);
        m_title = new Label(title, TextStyle::Section);
        m_header->addWidget(m_title);
        m_header->addStretch();
        column->addWidget(head);
    }
    m_body = new QVBoxLayout;
    m_body->setContentsMargins(space::kL, space::kM, space::kL, space::kM);
    m_body->setSpacing(space::kM);
    column->addLayout(m_body);
}

void Card::setTitle(const QString& title)
{
    m_title->setText(title);
}

void Card::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    drawPanel(&painter, rect(), color(Role::Surface), color(Role::Border), radius::kCard);
    if (m_header) {
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.fillRect(1, m_header->parentWidget()->geometry().bottom() + 1, width() - 2, 1,
                         color(Role::Border));
    }
}

}  // namespace facet::ui
