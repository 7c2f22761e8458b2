#include "ui/finetune/job_outline.h"

#include "ui/finetune/job_form.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"

#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kWide = 208;
constexpr int kNarrow = 48;

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
        auto* button = makeIconButton(QStringLiteral("outline.") + m_sections[i].id, QStringLiteral("done"),
                                      m_sections[i].title);
        button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        button->setMinimumHeight(40);
        connect(button, &QToolButton::clicked, this, [this, i] { Q_EMIT chosen(static_cast<int>(i)); });
        m_buttons.push_back(button);
        column->addWidget(button);
    }
    column->addStretch();
    setNarrow(false);
    connect(&m_form, &JobForm::judged, this, &JobOutline::show);
    connect(&m_form, &JobForm::changed, this, &JobOutline::show);
}

void JobOutline::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    setFixedWidth(isNarrow ? kNarrow : kWide);
    show();
}

int JobOutline::sectionOf(const std::string& key) const
{
    for (size_t i = 0; i < m_sections.size(); ++i)
        for (const std::string& begin : m_sections[i].keys)
            if (key == begin || (begin.ends_with('.') && key.starts_with(begin)))
                return static_cast<int>(i);
    return -1;
}

void JobOutline::show()
{
    const std::vector<std::string> changed = m_form.changedKeys();
    for (size_t i = 0; i < m_sections.size(); ++i) {
        const auto count = [&](const auto& sentences) {
            return std::ranges::count_if(sentences, [&](const auto& each) { return sectionOf(each.first) == int(i); });
        };
        const auto problems = count(m_form.verdict().problems);
        const auto warnings = count(m_form.verdict().warnings);
        const auto changes =
            std::ranges::count_if(changed, [&](const std::string& key) { return sectionOf(key) == int(i); });
        QToolButton* button = m_buttons[i];
        button->setIcon(problems > 0   ? Icons::get(QStringLiteral("error"), Role::Danger)
                        : warnings > 0 ? Icons::get(QStringLiteral("warn"), Role::Warning)
                                       : Icons::get(QStringLiteral("done"), Role::Success));
        QStringList words = {m_sections[i].title};
        if (problems > 0)
            words << tr("%1 to fix").arg(problems);
        if (changes > 0)
            words << (changes == 1 ? tr("1 change") : tr("%1 changes").arg(changes));
        button->setText(words.join(QStringLiteral(", ")));
        button->setToolTip(button->text());
        button->setAccessibleName(button->text());
        button->setToolButtonStyle(m_isNarrow ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
        button->setFont(Theme::font(problems > 0 ? TextStyle::BodyStrong : TextStyle::Body));
    }
}

void JobOutline::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(width() - 1, 0, 1, height(), Theme::color(Role::Border));
}

}  // namespace facet::ui
