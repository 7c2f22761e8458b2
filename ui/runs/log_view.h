#pragma once

#include <QAbstractScrollArea>
#include <QStringList>
#include <QTimer>

#include <filesystem>

namespace facet::ui {

/// A log of any size that grows. Reads what is seen and nothing else: a place in it is a byte, so neither
/// opening nor scrolling depends on the size. Follows the end until one scrolls up.
class LogView final : public QAbstractScrollArea {
    Q_OBJECT

public:
    explicit LogView(QWidget* parent = nullptr);

    void open(const std::filesystem::path& file);

    bool isFollowing() const { return m_isFollowing; }
    QStringList shownLines() const { return m_lines; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void poll();
    void readFrom(qint64 offset);
    void readEnd();
    void moveBy(int lines);
    QByteArray readPiece(qint64 from, qint64 count) const;
    int numVisible() const;
    void showPlace();

    QString m_path;
    QTimer m_timer;
    QStringList m_lines;
    QList<qint64> m_offsets;  ///< where each shown line begins
    qint64 m_size = 0;
    qint64 m_top = 0;
    bool m_isFollowing = true;
    bool m_isShowingPlace = false;
};

}  // namespace facet::ui
