#pragma once

#include "ui/clusters/cluster_draft.h"

#include <QWidget>

#include <functional>

class QVBoxLayout;

namespace facet::ui {

class FieldRow;

/// The fields of a profile. Each shows what is wrong with it, or what the cluster would refuse, under itself.
class ClusterForm final : public QWidget {
    Q_OBJECT

public:
    explicit ClusterForm(ClusterDraft& draft, QWidget* parent = nullptr);

private:
    struct Field {
        const char* key;
        QString label;
        QString help;
    };

    void addSection(const QString& title);
    void addRow(const QList<Field>& fields);
    void addLines(const Field& field);
    void addBox(const Field& field);
    void addLaunch();
    QWidget* makeLine(const char* key);
    void show();

    ClusterDraft& m_draft;
    QVBoxLayout* m_column;
    QList<std::function<void()>> m_showers;
};

}  // namespace facet::ui
