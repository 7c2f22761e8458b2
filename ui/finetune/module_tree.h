#pragma once

// The model as a tree of what can be trained: towers, layers, linears, with a box for LoRA and one for
// training the thing itself.

#include "ui/finetune/module_selection.h"

#include <QAbstractItemModel>

#include <optional>
#include <vector>

namespace facet::ui {

class ModuleTree final : public QAbstractItemModel {
    Q_OBJECT

public:
    enum Column { Module, NemoName, Lora, Full, Rank, Alpha, Trained, NumColumns };
    enum Data { DetailRole = Qt::UserRole, FrozenRole, MonoRole };

    explicit ModuleTree(QObject* parent = nullptr);
    ~ModuleTree() override;

    /// Shows what a job trains. The rows stay as they are while the model's shape does.
    void show(const jobs::ResolvedJob& job);

    const std::vector<jobs::LinearModule>& modules() const { return m_modules; }

    /// Changes a box as a click does: what is half or not chosen becomes chosen. Nothing where there is no
    /// box.
    void toggle(const QModelIndex& index, Column column);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& index) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

Q_SIGNALS:
    void changesWanted(const jobs::Settings& changes);

    /// A rank or alpha that cannot be one.
    void refused(const QString& sentence);

private:
    enum class Part { None, Whole, Vision, Projector, Language, Embeddings, Norms };
    struct Node;

    Node* add(Node* parent, const QString& name, const QString& detail = {}, const QString& nemo = {},
              Part part = Part::None);
    void addTower(Node* tower, jobs::Tower which, int64_t numLayers);
    void build();
    const Node* nodeOf(const QModelIndex& index) const;
    std::optional<Qt::CheckState> loraState(const Node& node) const;
    std::optional<Qt::CheckState> fullState(const Node& node) const;
    bool isFrozen(Part part) const;
    int64_t trainedOf(const Node& node) const;
    QVariant sizeOf(const Node& node, Column column) const;
    void wantChosen(std::map<size_t, AdapterSize> chosen);
    void touch(const QModelIndex& parent);

    std::optional<jobs::ResolvedJob> m_job;
    std::vector<jobs::LinearModule> m_modules;
    std::map<size_t, AdapterSize> m_chosen;
    std::unique_ptr<Node> m_root;  // not shown itself; has the model as its one row
};

}  // namespace facet::ui

Q_DECLARE_METATYPE(facet::jobs::Settings)
