#include "ui/widgets/banner.h"

#include "ui/theme/style_shapes.h"
#include "ui/widgets/label.h"

#include <QVBoxLayout>

namespace facet::ui {

using namespace shapes;

namespace {

struct Look {
    Role ground;
    Role line;
    const char* icon;
};

Look lookOf(Banner::Tone tone)
{
    switch (tone) {
        case Banner::Tone::Good:
            return {Role::SuccessSoft, Role::Success, "done"};
        case Banner::Tone::Warning:
            return {Role::WarningSoft, Role::Warning, "warn"};
        case Banner::Tone::Bad:
            return {Role::DangerSoft, Role::Danger, "error"};
        case Banner::Tone::Info:
            break;
    }
    return {Role::InfoSoft, Role::Info, "info"};
}

}  // namespace

Banner::Banner(Tone tone, QWidget* parent)
    : QFrame(parent),
      m_tone(tone),
      m_title(new Label(TextStyle::BodyStrong)),
      m_detail(new Label(TextStyle::Small, Role::Text2)),
      m_actionsRow(new QWidget),
      m_actions(new QHBoxLayout(m_actionsRow))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kL + 20 + space::kM, space::kM, space::kL, space::kM);
    column->setSpacing(2);
    m_title->setWordWrap(true);
    m_detail->setWordWrap(true);
    m_detail->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_detail->setFocusPolicy(Qt::NoFocus);
    m_actions->setContentsMargins(0, space::kS - 2, 0, 0);
    m_actions->setSpacing(space::kS);
    m_actions->addStretch();
    column->addWidget(m_title);
    column->addWidget(m_detail);
    column->addWidget(m_actionsRow);
    m_detail->hide();
    m_actionsRow->hide();
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
}

void Banner::setTone(Tone tone)
{
    m_tone = tone;
    update();
}

void Banner::setIcon(const QString& name)
{
    m_icon = name;
    update();
}

void Banner::setTitle(const QString& sentence)
{
    m_title->setText(sentence);
    setAccessibleName(sentence);
}

void Banner::setDetail(const QString& detail)
{
    m_detail->setText(detail);
    m_detail->setVisible(!detail.isEmpty());
    setAccessibleDescription(detail);
}

QString Banner::title() const
{
    return m_title->text();
}

QString Banner::detail() const
{
    return m_detail->text();
}

void Banner::addAction(QPushButton* button)
{
    m_actions->insertWidget(m_actions->count() - 1, button);
    m_actionsRow->show();
}

void Banner::clearActions()
{
    while (m_actions->count() > 1) {
        QLayoutItem* item = m_actions->takeAt(0);
        // A button may be clearing them from its own click.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    m_actionsRow->hide();
}

void Banner::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    const Look look = lookOf(m_tone);
    drawPanel(&painter, rect(), color(look.ground), color(look.line), radius::kCard);
    drawIcon(&painter, m_icon.isEmpty() ? QString::fromLatin1(look.icon) : m_icon, look.line,
             QPointF(space::kL + 10, m_title->geometry().top() + m_title->fontMetrics().height() / 2.0), 20);
}

}  // namespace facet::ui
