#include "ui/chat/comparison_view.h"

#include "ui/background.h"
#include "ui/chat/adapter_picker.h"
#include "ui/chat/chat_words.h"
#include "ui/chat/thumbnail.h"
#include "ui/chat/word_diff.h"
#include "ui/markdown/markdown_view.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"

#include <QAction>
#include <QEvent>
#include <QMenu>
#include <QPainter>
#include <QResizeEvent>
#include <QVBoxLayout>

namespace facet::ui {

static constexpr int kLeastColumn = 300;  // narrower, and the columns stand below each other
static constexpr int kLongestChip = 170;
static constexpr int kThumbnail = 64;

static QString letterOf(int side)
{
    return side == 0 ? QStringLiteral("A") : QStringLiteral("B");
}

static QString describe(const Answerer& answerer)
{
    const QString adapters = wordsOf(answerer.adapters);
    return adapters.isEmpty() ? AnswerColumn::tr("%1 as it is").arg(shownName(answerer.model))
                              : AnswerColumn::tr("%1 with %2").arg(shownName(answerer.model), adapters);
}

AnswerColumn::AnswerColumn(ChatViewModel& viewModel, int side, QWidget* parent)
    : QWidget(parent),
      m_viewModel(viewModel),
      m_side(side),
      m_model(new Label(TextStyle::BodyStrong)),
      m_adapters(new Chip(QString())),
      m_scroll(new QScrollArea),
      m_text(new MarkdownView(MarkdownView::Format::Markdown)),
      m_figures(new Label(TextStyle::Small, Role::Text3)),
      m_problem(new Label(TextStyle::Small, Role::Danger))
{
    const QString letter = letterOf(side);
    setObjectName(QStringLiteral("side") + letter);
    setAccessibleName(tr("Side %1").arg(letter));
    setProperty("pane", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(side == 0 ? 0 : 1, 1, 0, 1);
    column->setSpacing(0);
    auto* head = new QHBoxLayout;
    head->setContentsMargins(space::kL, space::kXs, space::kS, space::kXs);
    head->setSpacing(space::kM);
    m_model->setObjectName(QStringLiteral("sideModel") + letter);
    m_model->setElided(Qt::ElideMiddle);
    m_adapters->setObjectName(QStringLiteral("sideAdapters") + letter);
    m_choose = makeIconButton(QStringLiteral("sideChoose") + letter, QStringLiteral("updown"),
                              tr("Who answers on side %1").arg(letter));
    auto* menu = new QMenu(m_choose);
    menu->setObjectName(QStringLiteral("sideMenu") + letter);
    m_choose->setMenu(menu);
    m_choose->setPopupMode(QToolButton::InstantPopup);
    head->addWidget(new Label(letter, TextStyle::BodyStrong, Role::AccentText));
    head->addWidget(m_model);
    head->addWidget(m_adapters);
    head->addStretch(1);
    head->addWidget(m_choose);
    m_text->setObjectName(QStringLiteral("sideText") + letter);
    m_text->setAccessibleName(tr("Answer %1").arg(letter));
    m_scroll->setObjectName(QStringLiteral("sideScroll") + letter);
    m_scroll->setAccessibleName(tr("Answer %1").arg(letter));
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* room = new QWidget;
    m_text->setParent(room);
    m_scroll->setWidget(room);
    m_scroll->viewport()->installEventFilter(this);
    m_problem->setObjectName(QStringLiteral("sideProblem") + letter);
    m_problem->setWordWrap(true);
    m_problem->hide();
    m_figures->setObjectName(QStringLiteral("sideFigures") + letter);
    m_figures->setWordWrap(true);
    m_keep = makeButton(QStringLiteral("sideKeep") + letter, QString());
    setCompact(m_keep);
    auto* foot = new QHBoxLayout;
    foot->setContentsMargins(space::kL, space::kS, space::kL, space::kS);
    foot->addWidget(m_figures, 1);
    foot->addWidget(m_keep);
    auto* problemRow = new QHBoxLayout;
    problemRow->setContentsMargins(space::kL, 0, space::kL, 0);
    problemRow->addWidget(m_problem);
    column->addLayout(head);
    column->addSpacing(space::kM);
    column->addWidget(m_scroll, 1);
    column->addLayout(problemRow);
    column->addLayout(foot);
    connect(menu, &QMenu::aboutToShow, this, &AnswerColumn::fillMenu);
    connect(m_text, &MarkdownView::heightChanged, this, &AnswerColumn::placeText);
    connect(m_text, &MarkdownView::linkActivated, this, &AnswerColumn::linkActivated);
    connect(m_keep, &QPushButton::clicked, this, [this] { m_viewModel.keep(m_side); });
    connect(&viewModel, &ChatViewModel::textAppended, this, [this](qint64 message, const QString& text) {
        if (message == m_answer)
            m_text->append(text);
    });
    showSide();
}

void AnswerColumn::setAnswer(qint64 message)
{
    const std::optional<Turn> turn = m_viewModel.turn(message);
    const bool isWritten = !turn || turn->state != core::MessageState::Writing;
    const QString text = turn ? turn->text : QString();
    if (message != m_answer || m_text->text() != text)
        m_text->setText(text, isWritten);
    else if (isWritten)
        m_text->finish();
    m_answer = message;
    showSide();
    showState();
}

/// Who answered what is shown, else who will answer.
void AnswerColumn::showSide()
{
    const std::optional<Turn> turn = m_viewModel.turn(m_answer);
    const Answerer answerer = turn ? Answerer{turn->model, turn->adapters} : m_viewModel.side(m_side);
    m_model->setText(shownName(answerer.model));
    const QString adapters = wordsOf(answerer.adapters);
    m_adapters->setTone(adapters.isEmpty() ? ChipTone::Plain : ChipTone::Accent);
    m_adapters->setIcon(adapters.isEmpty() ? QString() : QStringLiteral("adapter"));
    m_adapters->setText(adapters.isEmpty()
                            ? tr("as it is")
                            : m_adapters->fontMetrics().elidedText(adapters, Qt::ElideMiddle, kLongestChip));
    m_adapters->setToolTip(adapters);
    m_adapters->setAccessibleName(adapters.isEmpty() ? tr("without adapters") : tr("with %1").arg(adapters));
}

void AnswerColumn::showState()
{
    const std::optional<Turn> turn = m_viewModel.turn(m_answer);
    const QString activity = m_viewModel.activity(m_answer);
    QString figures;
    if (!activity.isEmpty())
        figures =
            QStringList{activity, figuresOf(m_viewModel.runningStats(m_answer))}.join(QStringLiteral("  "));
    else if (turn && turn->stats)
        figures = figuresOf(*turn->stats);
    m_figures->setText(figures.trimmed());
    m_text->setCaret(!activity.isEmpty());
    const bool hasFailed = turn && turn->state == core::MessageState::Failed;
    const bool isCut = turn && (turn->state == core::MessageState::Stopped ||
                                turn->state == core::MessageState::Interrupted);
    m_problem->setText(hasFailed ? turn->error : isCut ? tr("Stopped") : QString());
    m_problem->setRole(hasFailed ? Role::Danger : Role::Text3);
    m_problem->setVisible(hasFailed || isCut);
    const bool isKept = turn && m_viewModel.keptSide() == m_side;
    m_keep->setVisible(turn.has_value());
    m_keep->setEnabled(!isKept);
    m_keep->setText(isKept        ? tr("The chat goes on with this")
                    : m_side == 0 ? tr("Keep left")
                                  : tr("Keep right"));
}

void AnswerColumn::fillMenu()
{
    QMenu* menu = m_choose->menu();
    menu->clear();
    const QString model = m_viewModel.model();
    const Answerer now = m_viewModel.side(m_side);
    const auto add = [&](const char* name, const QString& text, const Answerer& answerer) {
        QAction* action =
            menu->addAction(text, this, [this, answerer] { m_viewModel.setSide(m_side, answerer); });
        action->setObjectName(QLatin1String(name));
        action->setCheckable(true);
        action->setChecked(answerer == now);
    };
    const std::vector<core::UsedAdapter>& picked = m_viewModel.settings().adapters;
    add("sideBase", tr("%1 as it is").arg(shownName(model)), {model, {}});
    for (const core::UsedAdapter& adapter : picked)
        add("sideAdapter", tr("with %1").arg(wordsOf({adapter})), {model, {adapter}});
    if (picked.size() > 1)
        add("sideAll", tr("with all picked adapters"), {model, picked});
    menu->addSeparator();
    menu->addAction(tr("Another adapter or checkpoint…"), this, &AnswerColumn::chooseOther)
        ->setObjectName(QStringLiteral("sideOther"));
}

void AnswerColumn::chooseOther()
{
    auto* picker = new AdapterPicker(m_viewModel.adapterOffers(), AdapterPicker::For::Side, this);
    connect(picker, &AdapterPicker::picked, this,
            [this](const QString& path, const QString& name, bool isModel) {
                const Answerer whole = {path, {}};
                const Answerer adapted = {m_viewModel.model(), {{path.toStdString(), name.toStdString(), 1}}};
                m_viewModel.setSide(m_side, isModel ? whole : adapted);
            });
    picker->open();
}

/// The width first: the height follows from it.
void AnswerColumn::placeText()
{
    const int width = std::max(m_scroll->viewport()->width() - 2 * space::kL, 1);
    m_text->move(space::kL, 0);
    if (m_text->width() != width)
        m_text->resize(width, std::max(m_text->height(), 1));
    m_text->resize(width, std::max(m_text->contentHeight(), 1));
    m_scroll->widget()->resize(m_scroll->viewport()->width(),
                               std::max(m_text->height() + space::kM, m_scroll->viewport()->height()));
}

bool AnswerColumn::eventFilter(QObject* object, QEvent* event)
{
    if (event->type() == QEvent::Resize)
        placeText();
    return QWidget::eventFilter(object, event);
}

void AnswerColumn::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const int headBottom = m_scroll->y() - space::kM;
    painter.fillRect(0, 0, width(), headBottom, Theme::color(Role::Surface));
    painter.fillRect(0, 0, width(), 1, Theme::color(Role::Border));
    painter.fillRect(0, headBottom - 1, width(), 1, Theme::color(Role::Border));
    if (m_side == 1)
        painter.fillRect(0, 0, 1, height(), Theme::color(Role::Border));
}

ComparisonView::ComparisonView(ChatViewModel& viewModel, QWidget* parent)
    : QWidget(parent),
      m_viewModel(viewModel),
      m_question(new Label(TextStyle::Chat)),
      m_settings(new Label(TextStyle::Small, Role::Text3)),
      m_mark(makeSwitch(QStringLiteral("comparisonMark"), tr("Mark differences"))),
      m_difference(new Label(TextStyle::Small, Role::Changed)),
      m_pictures(new QBoxLayout(QBoxLayout::LeftToRight)),
      m_both(new QBoxLayout(QBoxLayout::LeftToRight)),
      m_columns{new AnswerColumn(viewModel, 0), new AnswerColumn(viewModel, 1)}
{
    setObjectName(QStringLiteral("chatComparison"));
    setAccessibleName(tr("Two answers side by side"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* head = new QHBoxLayout;
    head->setContentsMargins(space::kL, space::kL, space::kL, space::kL);
    head->setSpacing(space::kL);
    m_pictures->setSpacing(space::kS);
    auto* words = new QVBoxLayout;
    words->setSpacing(space::kXs);
    m_question->setObjectName(QStringLiteral("comparisonQuestion"));
    m_question->setElided(Qt::ElideRight);
    m_settings->setObjectName(QStringLiteral("comparisonSettings"));
    m_settings->setWordWrap(true);
    words->addWidget(m_question);
    words->addWidget(m_settings);
    m_difference->setObjectName(QStringLiteral("comparisonDifference"));
    m_difference->hide();
    words->addWidget(m_difference);
    head->addLayout(m_pictures);
    head->addLayout(words, 1);
    head->addWidget(m_mark, 0, Qt::AlignTop);
    column->addLayout(head);
    m_both->setSpacing(0);
    for (AnswerColumn* answer : m_columns) {
        m_both->addWidget(answer, 1);
        connect(answer, &AnswerColumn::linkActivated, this, &ComparisonView::linkActivated);
    }
    column->addLayout(m_both, 1);
    for (AnswerColumn* answer : m_columns)
        connect(&answer->text(), &MarkdownView::parsed, this, &ComparisonView::compareWords);
    connect(m_mark, &QCheckBox::toggled, this, &ComparisonView::compareWords);
    auto* mark = new QAction(tr("A/B: mark the words that differ"), this);
    mark->setObjectName(QStringLiteral("actionMarkDifferences"));
    connect(mark, &QAction::triggered, m_mark, &QCheckBox::click);
    addAction(mark);
    connect(&viewModel, &ChatViewModel::comparisonChanged, this, &ComparisonView::showPair);
    connect(&viewModel, &ChatViewModel::conversationChanged, this, &ComparisonView::showPair);
    connect(&viewModel, &ChatViewModel::activityChanged, this, &ComparisonView::showStates);
    showPair();
}

void ComparisonView::showPair()
{
    m_pair = m_viewModel.pair();
    const std::optional<Turn> question = m_viewModel.turn(m_pair.question);
    m_question->setText(question ? question->text.simplified() : tr("Ask below: both sides answer"));
    showPictures(question ? question->pictures : QList<core::Picture>());
    const Answerer left = m_viewModel.side(0), right = m_viewModel.side(1);
    if (const std::optional<Turn> answer = m_viewModel.turn(m_pair.answers[0]); answer && answer->sampling)
        m_settings->setText(tr("Same prompt, same pictures, seed %1, temperature %2 on both sides.")
                                .arg(answer->sampling->seed.value_or(0))
                                .arg(answer->sampling->temperature, 0, 'f', 2));
    else if (left == right)
        m_settings->setText(
            tr("Both sides are the same now: choose another adapter or checkpoint on one of them."));
    else
        m_settings->setText(
            tr("Both get the same prompt, the same pictures and the same seed, drawn once if none is set."));
    // What is shown has its author above it; who is asked next may be somebody else by now.
    QStringList next;
    for (int side = 0; side < 2; ++side) {
        const std::optional<Turn> answer = m_viewModel.turn(m_pair.answers[static_cast<size_t>(side)]);
        const Answerer asked = m_viewModel.side(side);
        if (answer && (answer->model != asked.model || answer->adapters != asked.adapters))
            next << tr("%1 is %2").arg(letterOf(side), describe(asked));
    }
    if (!next.isEmpty())
        m_settings->setText(m_settings->text() + QLatin1Char(' ') +
                            tr("From the next question on %1.").arg(next.join(tr(", "))));
    for (size_t side = 0; side < 2; ++side)
        m_columns[side]->setAnswer(m_pair.answers[side]);
    compareWords();
}

/// Marks what differs once both answers are whole; while they are written all of it would flicker.
void ComparisonView::compareWords()
{
    MarkdownView& left = m_columns[0]->text();
    MarkdownView& right = m_columns[1]->text();
    const bool areWhole = m_pair.question != 0 && left.isParsed() && right.isParsed();
    m_mark->setEnabled(areWhole);
    m_mark->setToolTip(areWhole ? QString() : tr("When both answers are there"));
    if (!areWhole || !m_mark->isChecked()) {
        left.setMarks({});
        right.setMarks({});
        m_difference->hide();
        return;
    }
    runInBackground(
        this, [a = left.shownText(), b = right.shownText()] { return diffWords(a, b); },
        [this, &left, &right, a = left.shownText(), b = right.shownText()](const WordDiff& diff) {
            if (!m_mark->isChecked() || a != left.shownText() || b != right.shownText())
                return;
            const auto marksOf = [](const QList<TextSpan>& stretches) {
                QList<Span> marks;
                for (const TextSpan& stretch : stretches)
                    marks.append(
                        {static_cast<int>(stretch.begin), static_cast<int>(stretch.length), Marked, {}});
                return marks;
            };
            left.setMarks(marksOf(diff.left));
            right.setMarks(marksOf(diff.right));
            m_difference->setText(diff.numLeft + diff.numRight == 0
                                      ? tr("Both answers have the same words.")
                                      : tr("What differs is marked: %1 words and signs in A, %2 in B.")
                                            .arg(diff.numLeft)
                                            .arg(diff.numRight));
            m_difference->show();
        });
}

void ComparisonView::showPictures(const QList<core::Picture>& pictures)
{
    if (pictures == m_shownPictures)
        return;
    m_shownPictures = pictures;
    while (QLayoutItem* item = m_pictures->takeAt(0)) {
        item->widget()->deleteLater();
        delete item;
    }
    for (const core::Picture& picture : pictures) {
        auto* thumbnail = new Thumbnail(picture, kThumbnail, m_viewModel.pictures(), this);
        connect(thumbnail, &Thumbnail::clicked, this, [this, picture] { Q_EMIT pictureWanted(picture); });
        m_pictures->addWidget(thumbnail);
    }
}

void ComparisonView::showStates()
{
    for (AnswerColumn* column : m_columns)
        column->showState();
}

void ComparisonView::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_both->setDirection(width() < 2 * kLeastColumn ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
}

}  // namespace facet::ui
