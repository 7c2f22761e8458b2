#pragma once

// Packed sequences, drawn: a row of the data is a block, as wide as it is long.

#include "ui/finetune/data_preview.h"

#include <QAbstractScrollArea>

namespace facet::ui {

/// One sequence with the block of a row in it.
class PackBar final : public QWidget {
    Q_OBJECT

public:
    explicit PackBar(QWidget* parent = nullptr);

    /// `sequence` may be null: nothing is drawn then.
    void showSequence(const PackedRows* sequence, int64_t capacity, int64_t row);

    QSize sizeHint() const override { return {240, 12}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    PackedRows m_sequence;
    int64_t m_capacity = 0;
    int64_t m_row = -1;
};

/// All sequences, one a line, with marks where one row is cut off from the next. Arrow keys go from row to
/// row; Enter or a double click shows it.
class PackView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit PackView(QWidget* parent = nullptr);

    void showPacks(const std::shared_ptr<const DataPreview::Packs>& packs);
    void select(int64_t row);

Q_SIGNALS:
    void chosen(qint64 row);  ///< is to be selected
    void opened(qint64 row);  ///< is to be shown as the model sees it

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    QRectF barOf(qsizetype sequence) const;
    int64_t rowAt(QPointF point) const;  ///< -1: none
    void choose(int64_t row);
    void updateRange();
    void describe();

    std::shared_ptr<const DataPreview::Packs> m_packs = std::make_shared<const DataPreview::Packs>();
    int64_t m_row = -1;
    DataPreview::PackPlace m_place;
};

/// "Sequence 58 of 1,204: 5 rows, 98.4 % full".
QString inWords(const DataPreview::Packs& packs, qsizetype sequence);

}  // namespace facet::ui
