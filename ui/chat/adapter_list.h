#pragma once

// What was trained and can be picked in Chat: checkpoints of runs, also of those under way, and folders that
// the user chose. What cannot be used with the conversation's model stays listed, with the reason.

#include "core/models/model_ref.h"
#include "ui/models/loaded_adapters.h"
#include "ui/runs/run_list.h"

#include <QAbstractListModel>

#include <vector>

namespace facet::ui {

struct AdapterOffer {
    QString path;          ///< of the checkpoint's folder
    QString name;          ///< "receipts-4b-lora, step 600"
    QString detail;        ///< "newest, running"
    QString problem;       ///< why it cannot be used with the model, a sentence; "" if it can
    bool isModel = false;  ///< a whole model, as a full fine-tune writes it

    bool operator==(const AdapterOffer&) const = default;
};

class AdapterList final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role { NameRole = Qt::DisplayRole, PathRole = Qt::UserRole, DetailRole, ProblemRole, IsModelRole };

    /// Both must outlive this object.
    AdapterList(RunList& runs, LoadedAdapters& loaded, core::Library library,
                std::vector<core::BuiltInModel> builtIns, QObject* parent = nullptr);

    /// The model that adapters are to go with, and its folder as the engine says; "": to be looked up.
    void setModel(const QString& name, const QString& folder);

    const QList<AdapterOffer>& offers() const { return m_offers; }
    const AdapterOffer* find(const QString& path) const;

    /// Reads a folder that the user chose; folderAdded() or refused() follows.
    void addFolder(const QString& path);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

public Q_SLOTS:
    /// Looks at the folders again, in a thread of the pool.
    void refresh();

Q_SIGNALS:
    void offersChanged();
    void folderAdded(const QString& path, const QString& name);
    void refused(const QString& sentence);

private:
    struct Source {
        QString folder;  ///< of a run, or of one checkpoint
        QString name;
        QString state;
        bool isRun = true;
        bool isUnderWay = false;
        int64_t savedStep = 0;

        bool operator==(const Source&) const = default;
    };
    struct Question {
        QList<Source> sources;
        QString model;
        QString modelFolder;
        core::Library library;
        std::vector<core::BuiltInModel> builtIns;
        bool isLocal = true;
        QList<EngineAdapter> engines;  ///< that an engine elsewhere has
    };
    static QList<AdapterOffer> look(const Question& question);
    QList<Source> sources() const;
    void ask();
    void askFolders(Question question);
    void take(QList<AdapterOffer> offers);

    RunList& m_runs;
    LoadedAdapters& m_loaded;
    core::Library m_library;
    std::vector<core::BuiltInModel> m_builtIns;
    QString m_model;
    QString m_folder;
    QList<Source> m_chosen;
    QList<Source> m_asked;  // about which m_offers are
    QList<AdapterOffer> m_offers;
    bool m_isAsking = false;
    bool m_isStale = true;
};

}  // namespace facet::ui
