#pragma once

#include "ui/models/downloads.h"

#include <QHash>
#include <QWidget>

class QProgressBar;
class QPushButton;
class QVBoxLayout;

namespace facet::ui {

class Banner;
class Chip;
class Label;

/// One download: name, state, bar, numbers, and what can be done.
class DownloadRow final : public QWidget {
    Q_OBJECT

public:
    DownloadRow(Downloads& downloads, int number, QWidget* parent = nullptr);

    void refresh();

Q_SIGNALS:
    void tokenWanted();

private:
    Downloads& m_downloads;
    int m_number;
    Label* m_name;
    Chip* m_chip;
    QPushButton* m_toggle;
    QProgressBar* m_bar;
    Label* m_line;
    Banner* m_banner;
};

/// All downloads of the page; hidden while there are none.
class DownloadRows final : public QWidget {
    Q_OBJECT

public:
    explicit DownloadRows(Downloads& downloads, QWidget* parent = nullptr);

Q_SIGNALS:
    void tokenWanted();

private:
    void refresh(int number);

    Downloads& m_downloads;
    QVBoxLayout* m_column;
    QHash<int, QWidget*> m_cards;
    QHash<int, DownloadRow*> m_rows;
};

}  // namespace facet::ui
