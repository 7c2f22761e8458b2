#pragma once

#include "ui/clusters/cluster_draft.h"

#include <QPlainTextEdit>

namespace facet::ui {

/// A batch script with line numbers, and a mark beside and a ground under each line that a finding is about.
class ScriptView final : public QPlainTextEdit {
    Q_OBJECT

public:
    explicit ScriptView(ClusterDraft& draft, QWidget* parent = nullptr);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    friend class ScriptGutter;

    void show(bool isForced);
    void markLines();
    void paintGutter(QPaintEvent* event);

    ClusterDraft& m_draft;
    QWidget* m_gutter;
    QHash<int, bool> m_marks;  // line number from 1, whether it is refused
};

}  // namespace facet::ui
