#include "ui/widgets/chip.h"

#include "ui/theme/style_shapes.h"

namespace facet::ui {

using namespace shapes;

namespace {

struct Tone {
    Role ground;
    Role text;
    Role icon;
};

Tone rolesOf(ChipTone tone)
{
    switch (tone) {
        case ChipTone::Good:
            return {Role::SuccessSoft, Role::Text, Role::Success};
        case ChipTone::Warning:
            return {Role::WarningSoft, Role::Text, Role::Warning};
        case ChipTone::Bad:
            return {Role::DangerSoft, Role::Text, Role::Danger};
        case ChipTone::Info:
            return {Role::InfoSoft, Role::Info, Role::Info};
        case ChipTone::Accent:
            return {Role::Selected, Role::AccentText, Role::AccentText};
        case ChipTone::Changed:
            return {Role::ChangedSoft, Role::Text, Role::Changed};
        case ChipTone::Plain:
            break;
    }
    return {Role::Sunken, Role::Text2, Role::Text2};
}

constexpr int kIcon = 14;

}  // namespace

Chip::Chip(const QString& text, ChipTone tone, const QString& icon, QWidget* parent)
    : QLabel(text, parent), m_tone(tone), m_icon(icon)
{
    setTextFormat(Qt::PlainText);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    const auto applyFont = [this] { setFont(Theme::font(TextStyle::CaptionStrong)); };
    applyFont();
    connect(Theme::notifier(), &ThemeNotifier::changed, this, applyFont);
}

void Chip::setTone(ChipTone tone)
{
    m_tone = tone;
    update();
}

void Chip::setIcon(const QString& icon)
{
    m_icon = icon;
    updateGeometry();
    update();
}

QSize Chip::sizeHint() const
{
    const int icon = m_icon.isEmpty() ? 0 : kIcon + 4;
    return {fontMetrics().horizontalAdvance(text()) + icon + 12,
            qMax(height::kChip, fontMetrics().height() + 4)};
}

void Chip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    const Tone tone = rolesOf(m_tone);
    drawPanel(&painter, rect(), color(tone.ground), Qt::transparent, radius::kChip, 0);
    int x = 6;
    if (!m_icon.isEmpty()) {
        drawIcon(&painter, m_icon, tone.icon, QPointF(x + kIcon / 2.0, height() / 2.0), kIcon);
        x += kIcon + 4;
    }
    painter.setPen(color(tone.text));
    painter.drawText(QRect(x, 0, width() - x, height()), Qt::AlignLeft | Qt::AlignVCenter, text());
}

}  // namespace facet::ui
