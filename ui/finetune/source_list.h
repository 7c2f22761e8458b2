#pragma once

#include <nlohmann/json.hpp>

#include <QWidget>

class QLineEdit;
class QToolButton;
class QVBoxLayout;

namespace facet::ui {

class Label;

/// The sources of a blend: one is looked at, each has its weight and can be removed.
class SourceList final : public QWidget {
    Q_OBJECT

public:
    explicit SourceList(QWidget* parent = nullptr);

    /// Shows the entries of data.sources, also ones that are no sources yet.
    void showSources(const nlohmann::json& sources, int current);

Q_SIGNALS:
    void chosen(int index);
    void weightTyped(int index, const QString& text);
    void weightLeft();
    void removed(int index);

private:
    struct Row {
        QWidget* holder;
        QToolButton* name;
        QLineEdit* weight;
        Label* share;
        QToolButton* remove;
    };
    void addRow();

    QVBoxLayout* m_column;
    std::vector<Row> m_rows;
};

}  // namespace facet::ui
