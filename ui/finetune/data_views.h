#pragma once

// Painted parts of the data section: tokens on the colour of their mask, and the lengths of all rows.

#include "ui/finetune/data_preview.h"

#include <QAbstractScrollArea>

namespace facet::ui {

/// A row as the model sees it. The text of all tokens is its accessible description.
class TokenView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit TokenView(QWidget* parent = nullptr);

    void showRow(const ShownRow& row);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void layOut();

    ShownRow m_row;
    QList<QRect> m_boxes;
};

/// Lengths in tokens as bars, with the cut-off as a dashed line.
class LengthHistogram final : public QWidget {
    Q_OBJECT

public:
    explicit LengthHistogram(QWidget* parent = nullptr);

    /// `rowsByLength`: how many rows have so many tokens.
    void showLengths(const std::map<int64_t, int64_t>& rowsByLength, int64_t cutOff);

    QSize sizeHint() const override { return {240, 96}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    static constexpr int kBars = 32;
    std::vector<int64_t> m_bars;
    int64_t m_span = 0;  ///< tokens at the right end
    int64_t m_cutOff = 0;
};

}  // namespace facet::ui
