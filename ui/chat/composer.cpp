#include "ui/chat/composer.h"

#include "ui/chat/chat_view_model.h"
#include "ui/chat/chat_words.h"
#include "ui/chat/thumbnail.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QAbstractTextDocumentLayout>
#include <QDateTime>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMimeData>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace facet::ui {

static constexpr int kMostLines = 8;
static constexpr int kThumbnail = 40;

ComposerText::ComposerText(QWidget* parent) : QPlainTextEdit(parent)
{
    setObjectName(QStringLiteral("chatComposer"));
    setAccessibleName(tr("Message"));
    setProperty("bare", true);
    setProperty("focusRing", false);
    setFrameShape(QFrame::NoFrame);
    setTabChangesFocus(true);
    setFont(Theme::font(TextStyle::Chat));
    connect(Theme::notifier(), &ThemeNotifier::changed, this,
            [this] { setFont(Theme::font(TextStyle::Chat)); });
    document()->setDocumentMargin(0);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this,
            [this] { updateGeometry(); });
}

QSize ComposerText::sizeHint() const
{
    // A plain text document measures its height in lines.
    const int lines = std::clamp(static_cast<int>(document()->size().height()), 1, kMostLines);
    return {200, lines * QFontMetrics(font()).lineSpacing() + 6};
}

void ComposerText::keyPressEvent(QKeyEvent* event)
{
    const bool isReturn = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (isReturn && !(event->modifiers() & Qt::ShiftModifier)) {
        Q_EMIT sendWanted();
        return;
    }
    QPlainTextEdit::keyPressEvent(event);
}

bool ComposerText::canInsertFromMimeData(const QMimeData* source) const
{
    return source->hasImage() || source->hasUrls() || QPlainTextEdit::canInsertFromMimeData(source);
}

void ComposerText::insertFromMimeData(const QMimeData* source)
{
    QStringList files;
    for (const QUrl& url : source->urls())
        if (url.isLocalFile())
            files.append(url.toLocalFile());
    // Offices put a picture of the text beside the text: then the text is meant.
    if (!files.isEmpty())
        Q_EMIT filesDropped(files);
    else if (source->hasImage() && !source->hasText())
        Q_EMIT imagePasted(qvariant_cast<QImage>(source->imageData()));
    else
        QPlainTextEdit::insertFromMimeData(source);
}

void ComposerText::pastePlain()
{
    if (canPaste())
        QPlainTextEdit::paste();
}

Composer::Composer(ChatViewModel& viewModel, QWidget* parent) : QFrame(parent), m_viewModel(viewModel)
{
    setObjectName(QStringLiteral("composerBox"));
    setAccessibleName(tr("Composer"));
    setAcceptDrops(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kM, space::kM, space::kM, space::kM);
    column->setSpacing(space::kS);
    m_pictures = new QWidget(this);
    m_pictures->setObjectName(QStringLiteral("chatDraftPictures"));
    auto* pictures = new QHBoxLayout(m_pictures);
    pictures->setContentsMargins(0, 0, 0, 0);
    pictures->setSpacing(space::kS);
    m_text = new ComposerText(this);
    m_text->installEventFilter(this);
    m_text->setAcceptDrops(false);
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kXs);
    QToolButton* add =
        makeIconButton(QStringLiteral("chatAddPicture"), QStringLiteral("image"), tr("Add pictures…"), this);
    m_addPicture = add;
    m_hint = new Label(tr("Drop or paste pictures"), TextStyle::Small, Role::Text3, this);
    m_waits = new Label(TextStyle::Small, Role::Text3, this);
    m_send =
        makeButton(QStringLiteral("chatSend"), tr("Send"), ButtonKind::Primary, QStringLiteral("send"), this);
    m_stop = makeButton(QStringLiteral("chatStop"), tr("Stop"), ButtonKind::Outlined, QStringLiteral("stop"),
                        this);
    m_stop->setToolTip(tr("Stop the answer (Esc)"));
    m_send->setToolTip(tr("Send (Return); a new line is Shift+Return"));
    row->addWidget(add);
    row->addWidget(m_hint);
    row->addStretch();
    row->addWidget(m_waits);
    row->addSpacing(space::kS);
    row->addWidget(m_stop);
    row->addWidget(m_send);
    column->addWidget(m_pictures);
    column->addWidget(m_text);
    column->addLayout(row);

    connect(add, &QToolButton::clicked, this, &Composer::choosePictures);
    connect(m_send, &QPushButton::clicked, this, &Composer::send);
    connect(m_stop, &QPushButton::clicked, &viewModel, &ChatViewModel::stop);
    connect(m_text, &ComposerText::sendWanted, this, &Composer::send);
    connect(m_text, &ComposerText::textChanged, this, [this] {
        m_viewModel.setDraftText(m_text->toPlainText());
        showState();
    });
    connect(m_text, &ComposerText::imagePasted, this, [this](const QImage& image) {
        m_viewModel.draft().addImage(
            image,
            tr("Pasted %1.png").arg(QDateTime::currentDateTime().toString(QStringLiteral("HH-mm-ss"))));
    });
    connect(m_text, &ComposerText::filesDropped, this, [this](const QStringList& files) {
        for (const QString& file : files)
            m_viewModel.draft().addFile(file);
    });
    connect(&viewModel.draft(), &Draft::changed, this, &Composer::showPictures);
    connect(&viewModel.meter(), &TokenMeter::changed, this, [this] {
        if (std::exchange(m_perPicture, m_viewModel.meter().count().perPicture) !=
            m_viewModel.meter().count().perPicture)
            showPictures();
    });
    connect(&viewModel, &ChatViewModel::sent, m_text, &ComposerText::clear);
    connect(&viewModel, &ChatViewModel::answeringChanged, this, &Composer::showState);
    connect(&viewModel, &ChatViewModel::settingsChanged, this, &Composer::showState);
    showPictures();
    showState();
}

void Composer::send()
{
    m_viewModel.send(m_text->toPlainText());
}

void Composer::choosePictures()
{
    auto* dialog = new QFileDialog(this, tr("Add pictures"), QString(),
                                   tr("Pictures (*.png *.jpg *.jpeg *.webp *.gif *.bmp);;All files (*)"));
    dialog->setObjectName(QStringLiteral("pictureDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, [this](const QStringList& files) {
        for (const QString& file : files)
            m_viewModel.draft().addFile(file);
    });
    dialog->open();
}

void Composer::showPictures()
{
    auto* row = static_cast<QHBoxLayout*>(m_pictures->layout());
    while (QLayoutItem* item = row->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    const QList<core::Picture>& pictures = m_viewModel.draft().pictures();
    for (int i = 0; i < pictures.size(); ++i) {
        const core::Picture& picture = pictures[i];
        auto* box = new QWidget(m_pictures);
        auto* line = new QHBoxLayout(box);
        line->setContentsMargins(0, 0, 0, 0);
        line->setSpacing(space::kXs);
        auto* thumbnail = new Thumbnail(picture, kThumbnail, m_viewModel.pictures(), box);
        auto* words = new QVBoxLayout;
        words->setSpacing(0);
        auto* name = new Label(QString::fromStdString(picture.name), TextStyle::Small, Role::Text, box);
        name->setElided(Qt::ElideMiddle);
        name->setMaximumWidth(160);
        words->addStretch();
        words->addWidget(name);
        words->addWidget(new Label(figuresOf(picture, m_viewModel.meter().count().perPicture),
                                   TextStyle::Caption, Role::Text3, box));
        words->addStretch();
        QToolButton* close =
            makeIconButton(QStringLiteral("chatRemovePicture"), QStringLiteral("close"),
                           tr("Take %1 away").arg(QString::fromStdString(picture.name)), box);
        close->setFixedSize(24, 24);
        close->setIconSize({16, 16});
        line->addWidget(thumbnail);
        line->addLayout(words);
        line->addWidget(close);
        row->addWidget(box);
        connect(thumbnail, &Thumbnail::clicked, this, [this, picture] { Q_EMIT pictureWanted(picture); });
        connect(close, &QToolButton::clicked, this, [this, i] { m_viewModel.draft().remove(i); });
    }
    row->addStretch();
    m_pictures->setVisible(!pictures.isEmpty());
    showState();
}

void Composer::showState()
{
    const bool isAnswering = m_viewModel.isAnswering();
    const bool isHere = m_viewModel.isAnsweringHere();
    const bool isReading = m_viewModel.draft().numUnderWay() > 0;
    const bool hasSomething =
        !m_text->toPlainText().trimmed().isEmpty() || !m_viewModel.draft().pictures().isEmpty();
    m_stop->setVisible(isAnswering);
    m_send->setVisible(!isAnswering);
    m_send->setEnabled(hasSomething && !isReading);
    m_waits->setText(!isAnswering   ? (isReading ? tr("Reading pictures") : QString())
                     : !isHere      ? tr("Another conversation is being answered")
                     : hasSomething ? tr("Waits for the answer")
                                    : QString());
    const bool isCompletion = m_viewModel.isCompletion();
    m_send->setText(isCompletion ? tr("Go on") : tr("Send"));
    m_text->setPlaceholderText(isCompletion ? tr("Text that the model goes on with")
                                            : tr("Ask about anything, or about a picture"));
    m_hint->setVisible(!isCompletion);
    m_addPicture->setVisible(!isCompletion);
}

bool Composer::eventFilter(QObject* object, QEvent* event)
{
    if (object == m_text && (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut))
        update();
    return QFrame::eventFilter(object, event);
}

void Composer::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool isStrong = m_text->hasFocus() || m_isDropped;
    const qreal wide = isStrong ? 2 : 1;
    painter.setPen(QPen(Theme::color(isStrong ? Role::Focus : Role::BorderStrong), wide));
    painter.setBrush(Theme::color(m_isDropped ? Role::Selected : Role::Surface));
    painter.drawRoundedRect(QRectF(rect()).adjusted(wide / 2, wide / 2, -wide / 2, -wide / 2), radius::kCard,
                            radius::kCard);
}

void Composer::dragEnterEvent(QDragEnterEvent* event)
{
    if (m_viewModel.isCompletion() || (!event->mimeData()->hasUrls() && !event->mimeData()->hasImage()))
        return;
    event->acceptProposedAction();
    m_isDropped = true;
    update();
}

void Composer::dragLeaveEvent(QDragLeaveEvent*)
{
    m_isDropped = false;
    update();
}

void Composer::dropEvent(QDropEvent* event)
{
    m_isDropped = false;
    update();
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile())
            m_viewModel.draft().addFile(url.toLocalFile());
    if (event->mimeData()->urls().isEmpty() && event->mimeData()->hasImage())
        Q_EMIT m_text->imagePasted(qvariant_cast<QImage>(event->mimeData()->imageData()));
    event->acceptProposedAction();
}

}  // namespace facet::ui
