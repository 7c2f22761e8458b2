#pragma once

#include <QStyledItemDelegate>

namespace facet::ui {

class LibraryList;

/// Rows of the library: name over a second line, numbers in mono, the state with an icon.
class LibraryDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    LibraryDelegate(const LibraryList& list, QObject* parent);

    static int rowHeight();

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    const LibraryList& m_list;
};

}  // namespace facet::ui
