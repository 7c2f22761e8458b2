#include "ui/chat/turn_view.h"

#include "ui/chat/chat_words.h"
#include "ui/chat/thumbnail.h"
#include "ui/markdown/markdown_view.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QClipboard>
#include <QEvent>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace facet::ui {

static constexpr int kMarker = 24;
static constexpr int kBodyLeft = kMarker + space::kM;
static constexpr int kThumbnail = 64;
static constexpr int kActionHeight = 28;

TurnView::TurnView(const Turn& turn, bool isPlain, PictureCache& cache, QWidget* parent)
    : QWidget(parent), m_turn(turn), m_isPlain(isPlain)
{
    setObjectName(turn.isUser ? QStringLiteral("turnUser") : QStringLiteral("turnAnswer"));
    setAccessibleName(turn.isUser ? tr("Your message") : tr("Answer of %1").arg(turn.model));
    const bool isMarkdown = !turn.isUser && !isPlain;
    m_text =
        new MarkdownView(isMarkdown ? MarkdownView::Format::Markdown : MarkdownView::Format::Plain, this);
    m_text->setAccessibleName(accessibleName());
    m_activity = new Label(TextStyle::SmallStrong, Role::AccentText, this);
    m_activity->setObjectName(QStringLiteral("turnActivity"));
    m_activityFigures = new Label(TextStyle::Small, Role::Text3, this);
    m_problem = new Label(TextStyle::Small, Role::Danger, this);
    m_problem->setObjectName(QStringLiteral("turnProblem"));
    m_problem->setWordWrap(true);
    m_activity->hide();
    m_activityFigures->hide();
    m_problem->hide();
    connect(m_text, &MarkdownView::heightChanged, this, &TurnView::heightChanged);
    connect(m_text, &MarkdownView::linkActivated, this, &TurnView::linkActivated);
    connect(m_text, &MarkdownView::copied, this, &TurnView::copied);
    makePictures(cache);
    m_text->setText(turn.text, turn.state != core::MessageState::Writing);
    showState();
}

void TurnView::makePictures(PictureCache& cache)
{
    for (const core::Picture& picture : m_turn.pictures) {
        auto* thumbnail = new Thumbnail(picture, kThumbnail, cache, this);
        connect(thumbnail, &Thumbnail::clicked, this, [this, picture] { Q_EMIT pictureWanted(picture); });
        m_pictures.append(thumbnail);
    }
    if (m_pictures.isEmpty())
        return;
    m_captions = new Label(TextStyle::Small, Role::Text3, this);
    setPictureTokens(0);
}

void TurnView::setPictureTokens(int tokens)
{
    if (!m_captions)
        return;
    QStringList captions;
    for (const core::Picture& picture : m_turn.pictures)
        captions.append(QString::fromStdString(picture.name) + QStringLiteral(", ") +
                        figuresOf(picture, tokens));
    m_captions->setText(captions.join(u'\n'));
}

/// Made when first needed: a long conversation has hundreds of turns.
void TurnView::makeActions()
{
    if (m_actions)
        return;
    m_actions = new QWidget(this);
    auto* row = new QHBoxLayout(m_actions);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(2);
    const auto add = [&](const char* name, const char* icon, const QString& text) {
        QToolButton* button = makeIconButton(QLatin1String(name), QLatin1String(icon), text, m_actions);
        button->setFixedSize(kActionHeight, kActionHeight);
        button->setIconSize({16, 16});
        button->installEventFilter(this);
        row->addWidget(button);
        return button;
    };
    QToolButton* copy = add("turnCopy", "copy", tr("Copy"));
    m_edit = add("turnEdit", "edit", m_turn.isUser ? tr("Edit and send again") : tr("Edit"));
    m_again = add("turnAgain", "again", m_turn.isUser ? tr("Answer again") : tr("Another answer"));
    QToolButton* branch = add("turnBranch", "branch", tr("Go on from here in another branch"));
    m_earlier = add("turnEarlier", "left", tr("Earlier version"));
    m_versions = new Label(TextStyle::Small, Role::Text3, m_actions);
    row->addWidget(m_versions);
    m_later = add("turnLater", "right", tr("Later version"));
    m_figures = new Label(TextStyle::Small, Role::Text3, m_actions);
    m_figures->setObjectName(QStringLiteral("turnFigures"));
    if (m_turn.isUser) {
        m_actions->setBackgroundRole(QPalette::Base);
        m_actions->setAutoFillBackground(true);
        m_figures->hide();
    } else
        row->addStretch();
    row->addWidget(m_figures);
    connect(copy, &QToolButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_turn.text);
        Q_EMIT copied();
    });
    connect(m_edit, &QToolButton::clicked, this, &TurnView::startEdit);
    connect(m_again, &QToolButton::clicked, this, [this] { Q_EMIT regenerate(m_turn.id); });
    connect(branch, &QToolButton::clicked, this, [this] { Q_EMIT branchWanted(m_turn.id); });
    connect(m_earlier, &QToolButton::clicked, this, [this] { Q_EMIT versionWanted(m_turn.id, -1); });
    connect(m_later, &QToolButton::clicked, this, [this] { Q_EMIT versionWanted(m_turn.id, 1); });
    showState();
}

void TurnView::setTurn(const Turn& turn)
{
    const bool isOtherText = turn.text != m_text->text();
    m_turn = turn;
    if (isOtherText)
        m_text->setText(turn.text, turn.state != core::MessageState::Writing);
    else if (turn.state != core::MessageState::Writing)
        m_text->finish();
    showState();
    Q_EMIT heightChanged();
}

void TurnView::append(const QString& text)
{
    m_turn.text += text;
    m_text->append(text);
}

void TurnView::setActivity(const QString& activity, const QString& figures)
{
    const bool isShown = !activity.isEmpty();
    if (!isShown && !m_activity->isVisibleTo(this))
        return;
    m_activity->setText(activity);
    m_activityFigures->setText(figures);
    m_activity->adjustSize();
    m_activityFigures->adjustSize();
    m_activityFigures->move(m_activity->geometry().right() + 1 + space::kS, m_activity->y());
    m_text->setCaret(isShown);
    if (isShown == m_activity->isVisibleTo(this))
        return;
    m_activity->setVisible(isShown);
    m_activityFigures->setVisible(isShown);
    showActions();
    Q_EMIT heightChanged();
}

void TurnView::setBusy(bool isBusy)
{
    if (m_isBusy == isBusy)
        return;
    m_isBusy = isBusy;
    showState();
}

void TurnView::setLast(bool isLast)
{
    if (isLast)
        makeActions();
    m_isLast = isLast;
    showActions();
}

void TurnView::showState()
{
    QString problem;
    Role role = Role::Text3;
    switch (m_turn.state) {
        case core::MessageState::Failed:
            problem =
                m_turn.text.isEmpty() ? m_turn.error : tr("%1 What was written is kept.").arg(m_turn.error);
            role = Role::Danger;
            break;
        case core::MessageState::Stopped:
            problem = tr("Stopped");
            break;
        case core::MessageState::Interrupted:
            problem = tr("The window ended while this was written; what was shown is kept.");
            role = Role::Warning;
            break;
        case core::MessageState::Complete:
        case core::MessageState::Writing:
            break;
    }
    m_problem->setText(problem);
    m_problem->setRole(role);
    m_problem->setVisible(!problem.isEmpty());
    if (m_actions) {
        const bool hasVersions = m_turn.numVersions > 1;
        m_earlier->setVisible(hasVersions);
        m_later->setVisible(hasVersions);
        m_versions->setVisible(hasVersions);
        m_versions->setText(tr("%1 of %2").arg(m_turn.version).arg(m_turn.numVersions));
        m_earlier->setEnabled(m_turn.version > 1);
        m_later->setEnabled(m_turn.version < m_turn.numVersions);
        m_again->setEnabled(!m_isBusy);
        m_edit->setEnabled(!m_isBusy);
        const QString figures = m_turn.stats ? figuresOf(*m_turn.stats) : QString();
        const QString adapters = wordsOf(m_turn.adapters);
        m_figures->setText(adapters.isEmpty()  ? figures
                           : figures.isEmpty() ? tr("with %1").arg(adapters)
                                               : tr("with %1; %2").arg(adapters, figures));
    }
    showActions();
}

void TurnView::showActions()
{
    const bool isShown = !m_activity->isVisibleTo(this) && !m_editor &&
                         (m_isLast || m_isPointedAt || (!m_turn.isUser && m_turn.numVersions > 1) ||
                          (m_actions && m_actions->focusWidget() && m_actions->focusWidget()->hasFocus()));
    if (isShown)
        makeActions();
    if (m_actions)
        m_actions->setVisible(isShown);
}

void TurnView::startEdit()
{
    if (m_editor || m_isBusy)
        return;
    m_editor = new QWidget(this);
    auto* column = new QVBoxLayout(m_editor);
    column->setContentsMargins(0, 0, 0, 0);
    m_editText = new QPlainTextEdit(m_turn.text, m_editor);
    m_editText->setObjectName(QStringLiteral("turnEditor"));
    m_editText->setAccessibleName(tr("Changed message"));
    m_editText->setFont(Theme::font(TextStyle::Chat));
    m_editText->setTabChangesFocus(true);
    m_editText->installEventFilter(this);
    auto* row = new QHBoxLayout;
    row->addWidget(
        new Label(tr("The message that is there stays as another version."), TextStyle::Small, Role::Text3));
    row->addStretch();
    auto* cancel =
        makeButton(QStringLiteral("turnEditCancel"), tr("Cancel"), ButtonKind::Outlined, {}, m_editor);
    auto* save = makeButton(QStringLiteral("turnEditSend"), m_turn.isUser ? tr("Send again") : tr("Keep"),
                            ButtonKind::Outlined, {}, m_editor);
    setCompact(cancel);
    setCompact(save);
    row->addWidget(cancel);
    row->addWidget(save);
    column->addWidget(m_editText, 1);
    column->addLayout(row);
    connect(cancel, &QPushButton::clicked, this, &TurnView::endEdit);
    connect(save, &QPushButton::clicked, this, [this] {
        const QString text = m_editText->toPlainText();
        endEdit();
        Q_EMIT edited(m_turn.id, text);
    });
    m_editor->show();
    m_text->hide();
    showActions();
    Q_EMIT heightChanged();
    m_editText->setFocus();
    m_editText->moveCursor(QTextCursor::End);
}

void TurnView::endEdit()
{
    m_editor->hide();
    m_editor->deleteLater();
    m_editor = nullptr;
    m_editText = nullptr;
    m_text->show();
    showActions();
    Q_EMIT heightChanged();
}

int TurnView::layOut(int width)
{
    const int margin = m_turn.isUser ? space::kL : 0;
    const int above = m_turn.isUser ? space::kM : 0;
    const int left = kBodyLeft + margin;
    int textLeft = left;
    int y = above;
    int picturesBottom = 0;
    for (QWidget* picture : m_pictures) {
        const QSize size = picture->sizeHint();
        picture->setGeometry(textLeft, y + 1, size.width(), size.height());
        textLeft += size.width() + space::kS;
        picturesBottom = y + 1 + size.height();
    }
    if (!m_pictures.isEmpty())
        textLeft += space::kS;
    // Beside pictures while there is room, else below them.
    if (textLeft > width / 2) {
        textLeft = left;
        y = picturesBottom + space::kS;
    }
    const int room = std::max(width - textLeft - margin, 1);
    if (m_editor) {
        const int height =
            std::clamp(static_cast<int>(m_editText->document()->lineCount()) * 22 + 24, 72, 240) + 40;
        m_editor->setGeometry(textLeft, y, room, height);
        y += height;
    } else {
        // The text's width first: its height follows from it.
        m_text->setGeometry(textLeft, y, room, std::max(m_text->contentHeight(), 1));
        const bool isEmpty = m_turn.text.isEmpty();
        const int height =
            isEmpty ? (m_turn.isUser && !m_pictures.isEmpty() ? 0 : 22) : m_text->contentHeight();
        m_text->resize(room, std::max(height, 1));
        y += height;
    }
    if (m_captions) {
        const int height = m_captions->heightForWidth(room) > 0 ? m_captions->heightForWidth(room)
                                                                : m_captions->sizeHint().height();
        m_captions->setGeometry(textLeft, y + space::kXs, room, height);
        y += space::kXs + height;
    }
    y = std::max(y, picturesBottom) + above;
    m_box = m_turn.isUser ? QRect(kBodyLeft, 0, width - kBodyLeft, y) : QRect();
    if (m_problem->isVisibleTo(this)) {
        const int height = std::max(m_problem->heightForWidth(width - kBodyLeft), 16);
        m_problem->setGeometry(kBodyLeft, y + space::kXs, width - kBodyLeft, height);
        y += space::kXs + height;
    }
    if (m_turn.isUser) {
        // Over the corner of the box: a row below would part the question from its answer.
        if (m_actions) {
            const int wide = m_actions->sizeHint().width();
            m_actions->setGeometry(width - wide - space::kXs, space::kXs, wide, kActionHeight);
            m_actions->raise();
        }
        return y;
    }
    // Room for the actions is kept, so that nothing jumps when one points at a turn.
    const int rowTop = y + space::kXs;
    if (m_actions)
        m_actions->setGeometry(kBodyLeft - 6, rowTop, width - kBodyLeft + 6, kActionHeight);
    m_activity->move(kBodyLeft, rowTop + 6);
    m_activity->adjustSize();
    m_activityFigures->adjustSize();
    m_activityFigures->move(m_activity->geometry().right() + 1 + space::kS, rowTop + 6);
    return rowTop + kActionHeight;
}

void TurnView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF marker(0, m_turn.isUser ? 10 : 0, kMarker, kMarker);
    painter.setPen(Qt::NoPen);
    painter.setBrush(Theme::color(m_turn.isUser ? Role::Pressed : Role::Selected));
    painter.drawRoundedRect(marker, radius::kControl, radius::kControl);
    if (m_turn.isUser) {
        QFont font = Theme::font(TextStyle::CaptionStrong);
        font.setWeight(QFont::DemiBold);
        painter.setFont(font);
        painter.setPen(Theme::color(Role::Text2));
        painter.drawText(marker, Qt::AlignCenter, m_isPlain ? tr("In") : tr("You"));
        painter.setPen(Theme::color(Role::Border));
        painter.setBrush(Theme::color(Role::Surface));
        painter.drawRoundedRect(QRectF(m_box).adjusted(0.5, 0.5, -0.5, -0.5), radius::kCard, radius::kCard);
    } else
        painter.drawPixmap(QPointF(4, 4),
                           Icons::pixmap(QStringLiteral("facet"), Role::AccentText, 16, devicePixelRatioF()));
}

void TurnView::enterEvent(QEnterEvent*)
{
    m_isPointedAt = true;
    const bool isNew = !m_actions;
    showActions();
    if (isNew)
        Q_EMIT heightChanged();
}

void TurnView::leaveEvent(QEvent*)
{
    m_isPointedAt = false;
    showActions();
}

bool TurnView::eventFilter(QObject* object, QEvent* event)
{
    if (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut)
        QMetaObject::invokeMethod(this, &TurnView::showActions, Qt::QueuedConnection);
    // Esc and Ctrl+Return are the editor's while it is open, not the page's.
    if (object == m_editText && event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Escape || key == Qt::Key_Return || key == Qt::Key_Enter) {
            event->accept();
            return true;
        }
    }
    if (object == m_editText && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Escape) {
            endEdit();
            return true;
        }
        if ((key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) &&
            (key->modifiers() & Qt::ControlModifier)) {
            const QString text = m_editText->toPlainText();
            endEdit();
            Q_EMIT edited(m_turn.id, text);
            return true;
        }
    }
    return QWidget::eventFilter(object, event);
}

}  // namespace facet::ui
