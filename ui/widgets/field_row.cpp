#include "ui/widgets/field_row.h"

#include "ui/widgets/label.h"

#include <QVBoxLayout>

namespace facet::ui {

FieldRow::FieldRow(const QString& label, QWidget* editor, const QString& help, QWidget* parent)
    : QWidget(parent), m_editor(editor), m_line(new Label(TextStyle::Small, Role::Text3)), m_help(help)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kXs);
    auto* name = new Label(label, TextStyle::SmallStrong, Role::Text2);
    name->setBuddy(editor);
    if (editor->accessibleName().isEmpty())
        editor->setAccessibleName(label);
    m_line->setWordWrap(true);
    column->addWidget(name);
    column->addWidget(editor);
    column->addWidget(m_line);
    showLine();
}

void FieldRow::setHelp(const QString& help)
{
    m_help = help;
    showLine();
}

void FieldRow::setError(const QString& sentence)
{
    if (m_error == sentence)
        return;
    m_error = sentence;
    m_editor->setProperty("invalid", !sentence.isEmpty());
    m_editor->setAccessibleDescription(sentence);
    m_editor->update();
    showLine();
}

void FieldRow::showLine()
{
    m_line->setRole(m_error.isEmpty() ? Role::Text3 : Role::Danger);
    m_line->setText(m_error.isEmpty() ? m_help : m_error);
    m_line->setVisible(!m_line->text().isEmpty());
}

}  // namespace facet::ui
