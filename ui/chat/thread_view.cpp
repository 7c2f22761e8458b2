#include "ui/chat/thread_view.h"

#include "ui/chat/chat_view_model.h"
#include "ui/chat/chat_words.h"
#include "ui/chat/turn_view.h"
#include "ui/markdown/markdown_view.h"
#include "ui/theme/theme.h"

#include <QScrollBar>

#include <algorithm>

namespace facet::ui {

static constexpr int kGap = space::kM;
static constexpr int kMakeAtOnce = 4;
static constexpr int kEndNear = 24;  // so many pixels from the end is still at the end

ThreadView::ThreadView(ChatViewModel& viewModel, QWidget* parent)
    : QScrollArea(parent), m_viewModel(viewModel)
{
    setObjectName(QStringLiteral("chatThread"));
    setAccessibleName(tr("Conversation"));
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::StrongFocus);
    m_content = new QWidget(this);
    m_content->setObjectName(QStringLiteral("chatTurns"));
    setWidget(m_content);
    m_more.setSingleShot(true);
    m_more.setInterval(1);
    m_place.setSingleShot(true);
    m_place.setInterval(0);
    connect(&m_more, &QTimer::timeout, this, &ThreadView::makeMore);
    connect(&m_place, &QTimer::timeout, this, &ThreadView::place);
    ThreadModel& model = viewModel.thread();
    connect(&model, &QAbstractItemModel::rowsInserted, this,
            [this](const QModelIndex&, int first, int last) { insertRows(first, last); });
    connect(&model, &QAbstractItemModel::rowsRemoved, this,
            [this](const QModelIndex&, int first, int last) { removeRows(first, last); });
    connect(&model, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex& index) {
        if (TurnView* turn = m_turns[static_cast<size_t>(index.row())])
            turn->setTurn(m_viewModel.thread().turn(index.row()));
    });
    connect(&model, &ThreadModel::textAppended, this, [this](int row, const QString& text) {
        if (TurnView* turn = m_turns[static_cast<size_t>(row)])
            turn->append(text);
    });
    connect(&viewModel, &ChatViewModel::activityChanged, this, &ThreadView::showActivity);
    connect(&viewModel, &ChatViewModel::answeringChanged, this, &ThreadView::showActivity);
    connect(&viewModel.meter(), &TokenMeter::changed, this, [this] {
        for (TurnView* turn : m_turns)
            if (turn)
                turn->setPictureTokens(m_viewModel.meter().count().perPicture);
    });
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, [this](int value) {
        if (!m_isPlacing)
            m_follows = value >= verticalScrollBar()->maximum() - kEndNear;
    });
    if (model.rowCount() > 0)
        insertRows(0, model.rowCount() - 1);
}

TurnView* ThreadView::lastTurn(bool isUser) const
{
    for (auto turn = m_turns.rbegin(); turn != m_turns.rend(); ++turn)
        if (*turn && (*turn)->turn().isUser == isUser)
            return *turn;
    return nullptr;
}

bool ThreadView::isSettled() const
{
    return !m_place.isActive() && std::all_of(m_turns.begin(), m_turns.end(), [](TurnView* turn) {
        return turn && turn->text().isSettled();
    });
}

void ThreadView::scrollToEnd()
{
    m_follows = true;
    verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void ThreadView::insertRows(int first, int last)
{
    if (m_turns.empty())
        m_follows = true;
    m_turns.insert(m_turns.begin() + first, static_cast<size_t>(last - first + 1), nullptr);
    // What the user just sent is wanted in sight.
    if (first > 0)
        m_follows = true;
    makeMore();
}

void ThreadView::removeRows(int first, int last)
{
    for (int row = first; row <= last; ++row)
        if (TurnView* turn = m_turns[static_cast<size_t>(row)]) {
            turn->hide();
            turn->deleteLater();
        }
    m_turns.erase(m_turns.begin() + first, m_turns.begin() + last + 1);
    showLast();
    placeSoon();
}

/// A few turns, from the end: there the user looks first.
void ThreadView::makeMore()
{
    int made = 0;
    for (int row = static_cast<int>(m_turns.size()) - 1; row >= 0 && made < kMakeAtOnce; --row)
        if (!m_turns[static_cast<size_t>(row)]) {
            m_turns[static_cast<size_t>(row)] = make(row);
            ++made;
        }
    if (made > 0) {
        showLast();
        showActivity();
        place();
    }
    if (std::find(m_turns.begin(), m_turns.end(), nullptr) != m_turns.end())
        m_more.start();
}

TurnView* ThreadView::make(int row)
{
    auto* turn = new TurnView(m_viewModel.thread().turn(row), m_viewModel.isCompletion(),
                              m_viewModel.pictures(), m_content);
    turn->setPictureTokens(m_viewModel.meter().count().perPicture);
    connect(turn, &TurnView::heightChanged, this, &ThreadView::placeSoon);
    connect(turn, &TurnView::regenerate, &m_viewModel, &ChatViewModel::regenerate);
    connect(turn, &TurnView::edited, &m_viewModel, &ChatViewModel::edit);
    connect(turn, &TurnView::versionWanted, &m_viewModel, &ChatViewModel::showVersion);
    connect(turn, &TurnView::branchWanted, &m_viewModel, &ChatViewModel::branchFrom);
    connect(turn, &TurnView::pictureWanted, this, &ThreadView::pictureWanted);
    connect(turn, &TurnView::linkActivated, this, &ThreadView::linkActivated);
    connect(turn, &TurnView::copied, this, &ThreadView::copied);
    return turn;
}

void ThreadView::placeSoon()
{
    if (!m_isPlacing)
        m_place.start();
}

void ThreadView::place()
{
    m_isPlacing = true;
    m_place.stop();
    // Of the whole width, the scroll bar's included: the composer below stands in the same column.
    const int room = viewport()->width();
    const int column = std::min(width::kThread, std::max(this->width() - 2 * space::kXl, 200));
    const int left = (this->width() - column) / 2;
    int y = space::kL;
    for (TurnView* turn : m_turns) {
        if (!turn)
            continue;
        // The width has to be there before the height can be known.
        if (turn->width() != column)
            turn->resize(column, std::max(turn->height(), 1));
        const int height = turn->layOut(column);
        turn->setGeometry(left, y, column, height);
        turn->show();
        y += height + kGap;
    }
    m_content->resize(room, std::max(y + space::kS, viewport()->height()));
    m_isPlacing = false;
    if (m_follows)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void ThreadView::resizeEvent(QResizeEvent* event)
{
    QScrollArea::resizeEvent(event);
    place();
}

void ThreadView::showActivity()
{
    for (TurnView* turn : m_turns) {
        if (!turn)
            continue;
        turn->setBusy(m_viewModel.isAnswering());
        turn->setActivity(m_viewModel.activity(turn->id()), figuresOf(m_viewModel.runningStats(turn->id())));
    }
}

void ThreadView::showLast()
{
    for (size_t i = 0; i < m_turns.size(); ++i)
        if (m_turns[i])
            m_turns[i]->setLast(i + 1 == m_turns.size());
}

}  // namespace facet::ui
