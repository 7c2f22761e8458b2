#include "ui/finetune/job_outline.h"

#include "ui/finetune/job_form.h"
#include "ui/theme/style_shapes.h"

#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace facet::ui {

using namespace shapes;

namespace {

constexpr int kWide = 208;
constexpr int kNarrow = 48;

/// A section: its state, its name, and below it what there is to say.
class OutlineButton final : public QToolButton {
public:
    QString icon = QStringLiteral("done");
    Role role = Role::Success;
    QString title;
    QString line;

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const Painted painted(&painter);
        if (underMouse())
            drawPanel(&painter, rect(), color(Role::Hover), Qt::transparent, radius::kControl, 0);
        drawIcon(&painter, icon, role, QPointF(20, height() / 2.0), 18);
        if (toolButtonStyle() == Qt::ToolButtonIconOnly)
            return;
        const QRect text = rect().adjusted(40, 4, -4, -4);
        painter.setFont(Theme::font(TextStyle::BodyStrong));
        painter.setPen(color(Role::Text));
        painter.drawText(text, (line.isEmpty() ? Qt::AlignVCenter : Qt::AlignTop) | Qt::AlignLeft, title);
        painter.setFont(Theme::font(TextStyle::Small));
        painter.setPen(color(role == Role::Danger ? Role::Danger : Role::Text2));
        painter.drawText(text, Qt::AlignBottom | Qt::AlignLeft, line);
    }
};

}  // namespace

JobOutline::JobOutline(JobForm& form, std::vector<Section> sections, QWidget* parent)
    : QWidget(parent), m_form(form), m_sections(std::move(sections))
{
    setProperty("pane", true);
    setAccessibleName(tr("Sections of the job"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXs, space::kM, space::kXs, space::kM);
    column->setSpacing(space::kXs);
    for (size_t i = 0; i < m_sections.size(); ++i) {
        auto* button = new OutlineButton;
        button->setObjectName(QStringLiteral("outline.") + m_sections[i].id);
        button->setFocusPolicy(Qt::StrongFocus);
        button->title = m_sections[i].title;
        button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        button->setMinimumHeight(48);
        connect(button, &QToolButton::clicked, this, [this, i] { Q_EMIT chosen(static_cast<int>(i)); });
        m_buttons.push_back(button);
        column->addWidget(button);
    }
    column->addStretch();
    setNarrow(false);
    connect(&m_form, &JobForm::judged, this, &JobOutline::refresh);
    connect(&m_form, &JobForm::changed, this, &JobOutline::refresh);
}

void JobOutline::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    setFixedWidth(isNarrow ? kNarrow : kWide);
    refresh();
}

int JobOutline::sectionOf(const std::string& key) const
{
    for (size_t i = 0; i < m_sections.size(); ++i)
        for (const std::string& begin : m_sections[i].keys)
            if (key == begin || (begin.ends_with('.') && key.starts_with(begin)))
                return static_cast<int>(i);
    return -1;
}

void JobOutline::refresh()
{
    const std::vector<std::string> changed = m_form.changedKeys();
    for (size_t i = 0; i < m_sections.size(); ++i) {
        const auto count = [&](const auto& sentences) {
            return std::ranges::count_if(sentences,
                                         [&](const auto& each) { return sectionOf(each.first) == int(i); });
        };
        const auto problems = count(m_form.verdict().problems);
        const auto warnings = count(m_form.verdict().warnings);
        const auto changes =
            std::ranges::count_if(changed, [&](const std::string& key) { return sectionOf(key) == int(i); });
        auto* button = static_cast<OutlineButton*>(m_buttons[i]);
        button->icon = problems > 0   ? QStringLiteral("error")
                       : warnings > 0 ? QStringLiteral("warn")
                                      : QStringLiteral("done");
        button->role = problems > 0 ? Role::Danger : warnings > 0 ? Role::Warning : Role::Success;
        QStringList words = {m_sections[i].title};
        if (problems > 0)
            words << tr("%1 to fix").arg(problems);
        if (changes > 0)
            words << (changes == 1 ? tr("1 change") : tr("%1 changes").arg(changes));
        button->setToolTip(words.join(QStringLiteral(", ")));
        button->setAccessibleName(button->toolTip());
        button->line = words.mid(1).join(QStringLiteral(", "));
        button->setToolButtonStyle(m_isNarrow ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
        button->update();
    }
}

void JobOutline::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(width() - 1, 0, 1, height(), Theme::color(Role::Border));
}

}  // namespace facet::ui
