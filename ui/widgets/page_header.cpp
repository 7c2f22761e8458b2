#include "ui/widgets/page_header.h"

#include "ui/theme/style_shapes.h"
#include "ui/widgets/label.h"

namespace facet::ui {

PageHeader::PageHeader(const QString& title, QWidget* parent)
    : QWidget(parent),
      m_row(new QHBoxLayout(this)),
      m_title(new Label(title, TextStyle::PageTitle)),
      m_summary(new Label(TextStyle::Body, Role::Text2))
{
    setMinimumHeight(height::kPageHeader);
    m_row->setContentsMargins(space::kXl, 0, space::kL, 1);
    m_row->setSpacing(space::kS);
    m_summary->setElided(Qt::ElideRight);
    m_summary->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_row->addWidget(m_title);
    m_row->addWidget(m_summary, 1);
}

void PageHeader::setTitle(const QString& title)
{
    m_title->setText(title);
}

void PageHeader::setSummary(const QString& summary)
{
    m_summary->setText(summary);
}

void PageHeader::addAction(QWidget* control)
{
    m_row->addWidget(control);
}

void PageHeader::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(0, height() - 1, width(), 1, Theme::color(Role::Border));
}

}  // namespace facet::ui
