#pragma once

#include <QWidget>

#include <string>
#include <vector>

namespace facet::ui {

class JobForm;

/// Beside an editor that is no FormField: a violet dot and a reset button while one of its keys differs from
/// the recipe; the tooltip has what the recipe says.
///
/// Name: "reset.KEY", of the first key.
class FieldMark final : public QWidget {
    Q_OBJECT

public:
    /// `form` must outlive this object; `name` is what the editor is called.
    FieldMark(JobForm& form, std::vector<std::string> keys, const QString& name, QWidget* parent = nullptr);

private:
    void refresh();

    JobForm& m_form;
    std::vector<std::string> m_keys;
    QString m_name;
    QWidget* m_reset;
};

}  // namespace facet::ui
