#pragma once

// The library as a table: what the user imported and what comes with Facet, each with its facts, and how it
// stands in the engine.

#include "core/models/model_ref.h"
#include "ui/engine/engine_messages.h"
#include "ui/models/model_facts.h"

#include <QAbstractTableModel>

#include <filesystem>
#include <optional>
#include <vector>

namespace facet::ui {

class LibraryList final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Name, Reads, Parameters, Size, Place, State, NumColumns };

    struct Row {
        core::LibraryEntry entry;
        bool isBuiltIn = false;
        std::optional<ModelFacts> facts;  ///< none while it is looked at
        std::optional<EngineModel> loaded;
    };

    LibraryList(core::Library library, std::vector<core::BuiltInModel> builtIns, std::filesystem::path hub,
                QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    const Row& row(int index) const { return m_rows[static_cast<size_t>(index)]; }

    /// -1 if there is none.
    int indexOf(const QString& name) const;

    qint64 totalBytes() const;
    bool isBusy() const { return m_numRunning > 0; }

    /// What went wrong with the library's own file; "" if nothing.
    QString problem() const { return m_problem; }

public Q_SLOTS:
    void refresh();

    /// Reads all folders anew.
    void checkAgain();

    /// A folder, or an id that lies in the Hugging Face cache.
    void import(const QString& source, bool textOnly);

    /// Imports every Gemma 3 model of the Hugging Face cache.
    void scanHub();

    /// Forgets an entry; its files stay.
    void remove(const QString& name);

    void setEngineModels(const QList<facet::ui::EngineModel>& models);

Q_SIGNALS:
    void changed();
    void imported(const QString& name);
    void importFailed(const QString& source, const QString& sentence);

    /// `found` models are in the library that were not before; `problems` say which could not be used.
    void scanned(int found, const QStringList& problems);

private:
    void inspectMissing();
    void take(std::vector<Row> rows);
    void showEngineModels();
    QString stateText(const Row& row) const;

    core::Library m_library;
    std::vector<core::BuiltInModel> m_builtIns;
    std::filesystem::path m_hub;
    std::vector<Row> m_rows;
    QList<EngineModel> m_engineModels;
    QString m_problem;
    int m_numRunning = 0;
};

}  // namespace facet::ui
