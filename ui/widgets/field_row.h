#pragma once

#include <QString>
#include <QWidget>

namespace facet::ui {

class Label;

/// A label above, the editor, and a line of help below, whose place an error takes.
class FieldRow : public QWidget {
    Q_OBJECT

public:
    /// Takes `editor`, and gives it `label` as accessible name if it has none.
    FieldRow(const QString& label, QWidget* editor, const QString& help = {}, QWidget* parent = nullptr);

    void setHelp(const QString& help);

    /// A sentence under the field and a danger outline around it; "" takes both away.
    void setError(const QString& sentence);

    QWidget* editor() { return m_editor; }

private:
    void showLine();

    QWidget* m_editor;
    Label* m_line;
    QString m_help;
    QString m_error;
};

}  // namespace facet::ui
