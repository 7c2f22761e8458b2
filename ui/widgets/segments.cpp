#include "ui/widgets/segments.h"

#include "ui/theme/style_shapes.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QToolButton>

namespace facet::ui {

using namespace shapes;

Segments::Segments(const QString& name, const QStringList& parts, QWidget* parent)
    : QWidget(parent), m_group(new QButtonGroup(this))
{
    setAccessibleName(name);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(3, 3, 3, 3);
    row->setSpacing(0);
    for (int i = 0; i < parts.size(); ++i) {
        auto* part = new QToolButton;
        part->setObjectName(QStringLiteral("segment%1").arg(i));
        part->setText(parts[i]);
        part->setAccessibleName(name + QStringLiteral(": ") + parts[i]);
        part->setCheckable(true);
        part->setProperty("segment", true);
        part->setToolButtonStyle(Qt::ToolButtonTextOnly);
        part->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
        part->setFocusPolicy(Qt::StrongFocus);
        const auto applyFont = [part] { part->setFont(Theme::font(TextStyle::Button)); };
        applyFont();
        connect(Theme::notifier(), &ThemeNotifier::changed, part, applyFont);
        m_group->addButton(part, i);
        row->addWidget(part);
    }
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    m_group->button(0)->setChecked(true);
    connect(m_group, &QButtonGroup::idClicked, this, &Segments::chosen);
}

void Segments::setCurrent(int index)
{
    if (QAbstractButton* button = m_group->button(index))
        button->setChecked(true);
}

void Segments::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    drawPanel(&painter, rect(), color(Role::Sunken), color(Role::Border), radius::kControl);
}

void Segments::keyPressEvent(QKeyEvent* event)
{
    const int step = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
    QAbstractButton* next = step ? m_group->button(current() + step) : nullptr;
    if (!next) {
        QWidget::keyPressEvent(event);
        return;
    }
    next->setFocus(Qt::TabFocusReason);
    next->click();
}

}  // namespace facet::ui
