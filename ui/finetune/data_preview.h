#pragma once

// The data of the form without widgets: rows counted in pieces in another thread, and any row as the model
// sees it.

#include "ui/finetune/data_columns.h"
#include "ui/finetune/data_session.h"

#include <QAbstractListModel>
#include <QImage>
#include <QObject>
#include <QTimer>

#include <atomic>
#include <map>
#include <memory>

namespace facet::ui {

/// A token as it is drawn, or a picture's whole run of them.
struct ShownToken {
    enum class Mask { None, Loss, Picture };
    QString text;
    Mask mask = Mask::None;
    bool isCut = false;  ///< behind the end of the sequence
    int count = 1;       ///< tokens that it stands for
    QImage picture;
};

struct ShownRow {
    QList<ShownToken> tokens;
    int numTokens = 0;
    int numInLoss = 0;
    int numPicture = 0;
    QString problem;
};

/// Thread  any
ShownRow showRow(const DataSession& session, int64_t row, int64_t sequenceLength);

/// The rows that have something wrong with them.
class RowProblems final : public QAbstractListModel {
    Q_OBJECT

public:
    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    int64_t rowOf(const QModelIndex& index) const { return m_problems[static_cast<size_t>(index.row())].row; }

    /// `problems` begins with those that are shown already, unless it is shorter.
    void show(const std::vector<RowProblem>& problems);

private:
    std::vector<RowProblem> m_problems;
};

class DataPreview final : public QObject {
    Q_OBJECT

public:
    explicit DataPreview(QObject* parent = nullptr);
    ~DataPreview() override;

    void setQuery(const DataQuery& query);

    const DataCounts& counts() const { return m_counts; }
    RowProblems& problems() { return m_problems; }
    QString format() const;
    int64_t numRows() const { return m_session ? m_session->numRows() : 0; }
    bool hasTokens() const { return m_session && m_session->hasTokens(); }
    bool isBusy() const { return m_isOpening || m_isCounting || isIndexing(); }

    /// Whether only the first rows are known yet, and how much of the file has been read, 0 to 1.
    bool isIndexing() const { return m_isIndexing; }
    double indexed() const { return m_indexed; }
    bool hasAllRows() const { return m_session && m_session->hasAllRows(); }

    /// Keeps to the first rows.
    void stopIndexing();

    /// What the members of the rows are read as; known also where the source cannot be opened for them.
    const std::vector<DataColumn>& columns() const { return m_columns; }

    /// Why the source cannot be opened; "" if it can.
    QString problem() const { return m_problem; }

    int64_t row() const { return m_row; }
    const ShownRow& shownRow() const { return m_shownRow; }

    /// Goes to a row, from 0.
    void goTo(int64_t row);

    struct PackPlace {
        qsizetype sequence = -1;  ///< -1: the row is in none
        qsizetype block = -1;
    };

    /// How rows are packed into sequences.
    struct Packs {
        std::vector<PackedRows> sequences;
        std::map<int64_t, PackPlace> places;  ///< by row
        int64_t capacity = 0;                 ///< tokens of a sequence
        double fill = 0;                      ///< of all, 0 to 1

        PackPlace placeOf(int64_t row) const;
    };

    /// None until all rows are counted.
    const std::shared_ptr<const Packs>& packs() const { return m_packs; }

    /// How many rows of all sources train and validate; none until they are counted, or if they cannot be.
    struct Shares {
        int64_t trained = 0;
        int64_t heldOut = 0;
    };
    std::optional<Shares> shares() const { return m_shares; }

    /// Why there is nothing to validate on as the job says; "" if there is.
    QString validationProblem() const { return m_validationProblem; }

Q_SIGNALS:
    void changed();
    void rowChanged();

private:
    void open();
    void take(std::shared_ptr<const DataSession> session);
    void index();
    void count();
    void readRow();
    void planPacks();
    void countShares();

    DataQuery m_query;
    bool m_hasQuery = false;
    std::shared_ptr<const DataSession> m_session;
    std::shared_ptr<std::atomic<bool>> m_isCancelled;
    DataCounts m_counts;
    std::vector<DataColumn> m_columns;
    RowProblems m_problems;
    QString m_problem;
    QTimer m_delay;
    QTimer m_sharesDelay;
    std::optional<Shares> m_shares;
    QString m_validationProblem;
    int m_sharesRound = 0;
    ShownRow m_shownRow;
    std::shared_ptr<const Packs> m_packs;
    int64_t m_row = 0;
    int m_round = 0;
    int m_countRound = 0;
    int m_rowRound = 0;
    int m_planRound = 0;
    double m_indexed = 0;
    bool m_isOpening = false;
    bool m_isIndexing = false;
    bool m_isCounting = false;
};

}  // namespace facet::ui
