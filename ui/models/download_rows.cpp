#include "ui/models/download_rows.h"

#include "ui/models/words.h"
#include "ui/theme/icons.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"

#include <QDesktopServices>
#include <QHBoxLayout>
#include <QProgressBar>
#include <QUrl>

namespace facet::ui {

namespace {

QString numbers(const core::DownloadProgress& progress)
{
    if (progress.bytesAll == 0)
        return DownloadRow::tr("Asking the hub what the model consists of");
    QStringList words;
    words << DownloadRow::tr("%1 of %2")
                 .arg(words::gigabytes(progress.bytesDone), words::gigabytes(progress.bytesAll));
    if (progress.bytesPerSecond > 0)
        words << DownloadRow::tr("%1 MB/s").arg(progress.bytesPerSecond / 1e6, 0, 'f', 1);
    if (progress.secondsLeft)
        words << words::secondsLeft(*progress.secondsLeft);
    words << DownloadRow::tr("file %1 of %2")
                 .arg(qMin(progress.filesDone + 1, progress.filesAll))
                 .arg(progress.filesAll);
    return words.join(QStringLiteral(", "));
}

}  // namespace

DownloadRow::DownloadRow(Downloads& downloads, int number, QWidget* parent)
    : QWidget(parent),
      m_downloads(downloads),
      m_number(number),
      m_name(new Label(TextStyle::BodyStrong)),
      m_chip(new Chip(QString())),
      m_toggle(makeButton(QStringLiteral("downloadToggle"), tr("Pause"), ButtonKind::Outlined,
                          QStringLiteral("pause"))),
      m_bar(new QProgressBar),
      m_line(new Label(TextStyle::Small, Role::Text2)),
      m_banner(new Banner(Banner::Tone::Info))
{
    const Downloads::Item& item = m_downloads.item(m_downloads.rowOf(number));
    setObjectName(QStringLiteral("downloadRow"));
    setAccessibleName(tr("Download of %1").arg(item.id));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    auto* head = new QHBoxLayout;
    head->setSpacing(space::kS);
    m_name->setText(item.id);
    head->addWidget(m_name);
    head->addWidget(m_chip);
    head->addStretch();
    setCompact(m_toggle);
    QToolButton* discard = makeIconButton(QStringLiteral("downloadDiscard"), QStringLiteral("close"),
                                          tr("Stop the download of %1").arg(item.id));
    setCompact(discard);
    head->addWidget(m_toggle);
    head->addWidget(discard);
    m_bar->setObjectName(QStringLiteral("downloadBar"));
    m_bar->setAccessibleName(tr("Downloaded of %1").arg(item.id));
    m_bar->setTextVisible(false);
    m_bar->setRange(0, 1000);
    m_bar->setFixedHeight(6);
    m_line->setWordWrap(true);
    m_banner->setObjectName(QStringLiteral("downloadBanner"));
    m_banner->setIcon(QStringLiteral("key"));
    column->addLayout(head);
    column->addWidget(m_bar);
    column->addWidget(m_line);
    column->addWidget(m_banner);

    QPushButton* page = makeButton(QStringLiteral("openLicence"), tr("Open the licence page"),
                                   ButtonKind::Primary, QStringLiteral("export"));
    QPushButton* again = makeButton(QStringLiteral("tryDownloadAgain"), tr("Try again"));
    QPushButton* token = makeButton(QStringLiteral("enterToken"), tr("Enter token"), ButtonKind::Flat);
    for (QPushButton* button : {page, again, token}) {
        setCompact(button);
        m_banner->addAction(button);
    }
    connect(page, &QPushButton::clicked, this, [this] {
        const int row = m_downloads.rowOf(m_number);
        if (row >= 0)
            QDesktopServices::openUrl(QUrl(m_downloads.item(row).page));
    });
    connect(again, &QPushButton::clicked, this, [this] { m_downloads.resume(m_number); });
    connect(token, &QPushButton::clicked, this, &DownloadRow::tokenWanted);
    connect(discard, &QToolButton::clicked, this, [this] { m_downloads.discard(m_number); });
    connect(m_toggle, &QPushButton::clicked, this, [this] {
        const int row = m_downloads.rowOf(m_number);
        const Downloads::State state = m_downloads.item(row).state;
        if (state == Downloads::State::Running || state == Downloads::State::Stalled)
            m_downloads.pause(m_number);
        else
            m_downloads.resume(m_number);
    });
    refresh();
}

void DownloadRow::refresh()
{
    using State = Downloads::State;
    const int row = m_downloads.rowOf(m_number);
    if (row < 0)
        return;
    const Downloads::Item& item = m_downloads.item(row);
    const core::DownloadProgress& progress = item.progress;
    const double part = progress.bytesAll
                            ? static_cast<double>(progress.bytesDone) / static_cast<double>(progress.bytesAll)
                            : 0;
    const char* barState = "";
    QString toggle = tr("Pause");
    QString line = numbers(progress);
    switch (item.state) {
        case State::Running:
            m_chip->setText(progress.bytesAll ? tr("%1 %").arg(static_cast<int>(100 * part)) : tr("starts"));
            m_chip->setTone(ChipTone::Accent);
            break;
        case State::Stalled:
            m_chip->setText(tr("stalled, try %1 of %2").arg(progress.tryNumber).arg(progress.tries));
            m_chip->setTone(ChipTone::Warning);
            line += QStringLiteral("; ") + item.problem;
            barState = "stalled";
            break;
        case State::Paused:
            m_chip->setText(tr("paused"));
            m_chip->setTone(ChipTone::Plain);
            line = progress.bytesAll
                       ? tr("%1 of %2, continues where it stopped")
                             .arg(words::gigabytes(progress.bytesDone), words::gigabytes(progress.bytesAll))
                       : tr("Continues where it stopped");
            barState = "idle";
            toggle = tr("Resume");
            break;
        case State::Failed:
            m_chip->setText(tr("failed"));
            m_chip->setTone(ChipTone::Bad);
            line = item.problem;
            barState = "failed";
            toggle = tr("Try again");
            break;
        case State::Refused:
            m_chip->setText(tr("asks for a licence"));
            m_chip->setTone(ChipTone::Info);
            m_banner->setTitle(tr("%1 asks for a licence").arg(item.id));
            m_banner->setDetail(item.problem);
            break;
        case State::Done:
            m_chip->setText(tr("complete"));
            m_chip->setTone(ChipTone::Good);
            line = tr("%1, every file was checked against its checksum")
                       .arg(words::gigabytes(progress.bytesAll));
            barState = "done";
            break;
    }
    m_chip->updateGeometry();
    m_banner->setVisible(item.state == State::Refused);
    m_bar->setVisible(item.state != State::Refused);
    m_line->setVisible(item.state != State::Refused);
    m_toggle->setVisible(item.state != State::Done && item.state != State::Refused);
    if (m_toggle->text() != toggle) {
        m_toggle->setText(toggle);
        m_toggle->setAccessibleName(toggle);
        m_toggle->setIcon(
            Icons::get(toggle == tr("Pause") ? QStringLiteral("pause") : QStringLiteral("play")));
    }
    m_bar->setProperty("state", QByteArray(barState));
    m_bar->setValue(item.state == State::Done ? 1000 : static_cast<int>(1000 * part));
    m_bar->update();
    m_line->setRole(item.state == State::Failed ? Role::Danger : Role::Text2);
    m_line->setText(line);
}

DownloadRows::DownloadRows(Downloads& downloads, QWidget* parent)
    : QWidget(parent), m_downloads(downloads), m_column(new QVBoxLayout(this))
{
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(space::kM);
    for (int row = 0; row < m_downloads.rowCount(); ++row)
        refresh(m_downloads.item(row).number);
    setVisible(m_downloads.rowCount() > 0);
    connect(&m_downloads, &Downloads::changed, this, &DownloadRows::refresh);
}

void DownloadRows::refresh(int number)
{
    const bool isThere = m_downloads.rowOf(number) >= 0;
    if (isThere && !m_rows.contains(number)) {
        auto* card = new Card;
        auto* row = new DownloadRow(m_downloads, number);
        connect(row, &DownloadRow::tokenWanted, this, &DownloadRows::tokenWanted);
        card->body()->addWidget(row);
        m_column->insertWidget(0, card);
        m_cards.insert(number, card);
        m_rows.insert(number, row);
    } else if (isThere) {
        m_rows[number]->refresh();
    } else if (m_rows.remove(number)) {
        m_cards.take(number)->deleteLater();
    }
    setVisible(m_downloads.rowCount() > 0);
}

}  // namespace facet::ui
