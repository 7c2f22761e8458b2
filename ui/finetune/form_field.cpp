#include "ui/finetune/form_field.h"

#include "ui/finetune/job_form.h"
#include "ui/finetune/job_rules.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QVBoxLayout>

namespace facet::ui {

FormField::FormField(JobForm& form, std::string key, const QString& label, const QString& unit,
                     QWidget* parent)
    : QWidget(parent),
      m_form(form),
      m_key(std::move(key)),
      m_dot(new Label(QStringLiteral("●"), TextStyle::Caption, Role::Changed)),
      m_label(new Label(label, TextStyle::SmallStrong, Role::Text2)),
      m_reset(makeIconButton(QStringLiteral("reset.") + QString::fromStdString(m_key),
                             QStringLiteral("reset"), tr("Reset %1").arg(label))),
      m_below(new Label(TextStyle::Small, Role::Text3))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kXs);
    auto* head = new QHBoxLayout;
    head->setSpacing(space::kXs);
    m_reset->setIconSize(QSize(14, 14));
    m_reset->setFixedSize(18, 18);
    QSizePolicy keepsRoom = m_reset->sizePolicy();
    keepsRoom.setRetainSizeWhenHidden(true);
    m_reset->setSizePolicy(keepsRoom);
    head->addWidget(m_dot);
    head->addWidget(m_label);
    head->addStretch();
    head->addWidget(m_reset);
    column->addLayout(head);
    makeEditor(label, unit);
    column->addWidget(editor());
    m_below->setWordWrap(true);
    column->addWidget(m_below);
    column->addStretch();
    setFocusProxy(editor());
    connect(m_reset, &QToolButton::clicked, this, [this] {
        editor()->setFocus();
        m_form.reset(m_key);
    });
    connect(&m_form, &JobForm::changed, this, &FormField::refresh);
    connect(&m_form, &JobForm::judged, this, &FormField::refresh);
    refresh();
}

QWidget* FormField::editor() const
{
    return m_line ? static_cast<QWidget*>(m_line) : m_combo ? static_cast<QWidget*>(m_combo) : m_box;
}

void FormField::makeEditor(const QString& label, const QString& unit)
{
    const JobRule& rule = jobRule(m_key);
    if (rule.kind == JobRule::Kind::Choice) {
        m_combo = new QComboBox;
        for (const std::string& choice : rule.choices)
            m_combo->addItem(QString::fromStdString(choice));
        m_combo->setMinimumContentsLength(6);
        m_combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        connect(m_combo, &QComboBox::activated, this,
                [this] { m_form.setText(m_key, m_combo->currentText()); });
    } else if (rule.kind == JobRule::Kind::Flag) {
        m_box = new QCheckBox(label);
        m_label->setText(QString());
        connect(m_box, &QCheckBox::clicked, this, [this](bool isOn) { m_form.set(m_key, isOn); });
    } else {
        m_line = new QLineEdit;
        m_line->setFont(Theme::font(TextStyle::Mono));
        connect(Theme::notifier(), &ThemeNotifier::changed, m_line,
                [this] { m_line->setFont(Theme::font(TextStyle::Mono)); });
        connect(m_line, &QLineEdit::textEdited, this,
                [this](const QString& text) { m_form.setText(m_key, text); });
        connect(m_line, &QLineEdit::editingFinished, &m_form, &JobForm::endStep);
        if (!unit.isEmpty())
            m_label->setText(QStringLiteral("%1, %2").arg(label, unit));
    }
    editor()->setObjectName(QStringLiteral("job.") + QString::fromStdString(m_key));
    editor()->setAccessibleName(label);
    editor()->setToolTip(
        QStringLiteral("%1: %2").arg(QString::fromStdString(m_key), QString::fromStdString(rule.help)));
    m_label->setBuddy(editor());
}

void FormField::setHelp(const QString& help)
{
    m_help = help;
    refresh();
}

void FormField::refresh()
{
    const QString text = m_form.text(m_key);
    if (m_line && m_line->text() != text)
        m_line->setText(text);
    if (m_combo)
        m_combo->setCurrentText(text);
    if (m_box)
        m_box->setChecked(text == QStringLiteral("true"));
    const bool differs = m_form.differs(m_key);
    m_dot->setVisible(differs);
    m_reset->setVisible(differs);

    const QString problem = m_form.problem(m_key);
    const QString warning = m_form.warning(m_key);
    QString below = m_help;
    Role role = Role::Text3;
    if (!problem.isEmpty()) {
        below = problem;
        role = Role::Danger;
    } else if (!warning.isEmpty()) {
        below = warning;
        role = Role::Warning;
    } else if (differs) {
        const QString base = QString::fromStdString(textOf(m_form.baseValue(m_key)));
        below = tr("%1 %2").arg(m_form.recipe().isEmpty() ? tr("default") : tr("recipe"),
                                base.isEmpty() ? tr("leaves it open") : base);
        role = Role::Changed;
    }
    m_below->setText(below);
    m_below->setRole(role);
    m_below->setVisible(!below.isEmpty());
    if (editor()->property("invalid").toBool() != !problem.isEmpty()) {
        editor()->setProperty("invalid", !problem.isEmpty());
        editor()->update();
    }
    editor()->setAccessibleDescription(below);
}

}  // namespace facet::ui
