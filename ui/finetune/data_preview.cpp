#include "ui/finetune/data_preview.h"

#include "core/data/tar_shard.h"
#include "jobs/job_rows.h"
#include "ui/background.h"
#include "ui/models/words.h"

#include <QCoreApplication>
#include <QPointer>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kDelayMs = 150;
constexpr int kPieceMs = 200;
constexpr int kThumbnail = 64;

QString shownText(const DataSession& session, int64_t id)
{
    if (!session.tokenizer())
        return QStringLiteral("#%1").arg(id);
    QString text = QString::fromStdString(session.tokenizer()->decode(std::span(&id, 1), false));
    text.replace(QLatin1Char(' '), QChar(0x00B7)).replace(QLatin1Char('\n'), QChar(0x21B5));
    for (QChar& c : text)
        if (!c.isPrint() && !c.isSurrogate())
            c = QChar(0x00B7);
    return text;
}

QImage thumbnailOf(const std::string& source)
{
    const core::Result<std::string> bytes = core::readSource(source);
    if (!bytes)
        return {};
    return QImage::fromData(QByteArray::fromStdString(*bytes))
        .scaled(2 * kThumbnail, 2 * kThumbnail, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

std::shared_ptr<const DataPreview::Packs> planOf(const DataQuery& query, const DataSession& session,
                                                 const DataCounts& counts)
{
    const auto plan = std::make_shared<DataPreview::Packs>(
        DataPreview::Packs{packedRows(query, session, counts), {}, query.sequenceLength, 0});
    DataPreview::Packs& packs = *plan;
    int64_t tokens = 0;
    for (size_t i = 0; i < packs.sequences.size(); ++i)
        for (size_t k = 0; k < packs.sequences[i].size(); ++k) {
            tokens += packs.sequences[i][k].length;
            packs.places[packs.sequences[i][k].row] = {static_cast<qsizetype>(i), static_cast<qsizetype>(k)};
        }
    const auto room = static_cast<double>(std::max<int64_t>(1, std::ssize(packs.sequences) * packs.capacity));
    packs.fill = static_cast<double>(tokens) / room;
    return plan;
}

}  // namespace

DataPreview::PackPlace DataPreview::Packs::placeOf(int64_t row) const
{
    const auto found = places.find(row);
    return found == places.end() ? PackPlace() : found->second;
}

ShownRow showRow(const DataSession& session, int64_t row, int64_t sequenceLength)
{
    ShownRow shown;
    const core::Result<core::TokenizedSample> sample = session.tokens(row);
    if (!sample) {
        shown.problem = QString::fromStdString(sample.error().message);
        return shown;
    }
    core::TokenizedSample kept = *sample;
    if (sequenceLength > 0)
        core::truncate(kept, sequenceLength);
    const size_t end = kept.ids.size();
    auto picture = sample->pictures.begin();
    for (size_t i = 0; i < sample->ids.size(); ++i) {
        ShownToken token;
        token.isCut = i >= end;
        if (picture != sample->pictures.end() && static_cast<size_t>(picture->begin) == i) {
            token.mask = ShownToken::Mask::Picture;
            token.count = static_cast<int>(picture->end - picture->begin);
            token.text = QObject::tr("%1 image tokens").arg(words::integer(token.count));
            token.picture = thumbnailOf(picture->source);
            shown.numPicture += token.count;
            i = static_cast<size_t>(picture->end) - 1;
            ++picture;
        } else {
            token.mask = sample->inLoss[i] ? ShownToken::Mask::Loss : ShownToken::Mask::None;
            token.text = shownText(session, sample->ids[i]);
            shown.numInLoss += sample->inLoss[i] && !token.isCut ? 1 : 0;
        }
        shown.tokens.append(token);
    }
    shown.numTokens = static_cast<int>(sample->ids.size());
    return shown;
}

int RowProblems::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_problems.size());
}

QVariant RowProblems::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const RowProblem& problem = m_problems[static_cast<size_t>(index.row())];
    return tr("row %1: %2").arg(words::integer(problem.row + 1), QString::fromStdString(problem.sentence));
}

void RowProblems::show(const std::vector<RowProblem>& problems)
{
    if (problems.size() < m_problems.size()) {
        beginResetModel();
        m_problems = problems;
        endResetModel();
    } else if (problems.size() > m_problems.size()) {
        beginInsertRows({}, static_cast<int>(m_problems.size()), static_cast<int>(problems.size()) - 1);
        m_problems = problems;
        endInsertRows();
    }
}

DataPreview::DataPreview(QObject* parent) : QObject(parent)
{
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelayMs);
    connect(&m_delay, &QTimer::timeout, this, &DataPreview::open);
    m_sharesDelay.setSingleShot(true);
    m_sharesDelay.setInterval(kDelayMs);
    connect(&m_sharesDelay, &QTimer::timeout, this, &DataPreview::countShares);
}

DataPreview::~DataPreview()
{
    if (m_isCancelled)
        *m_isCancelled = true;
}

QString DataPreview::format() const
{
    return m_session ? QString::fromStdString(m_session->format()) : QString();
}

void DataPreview::setQuery(const DataQuery& query)
{
    const bool isSame = m_hasQuery && readTheSame(query, m_query);
    const bool isCutElsewhere = m_query.sequenceLength != query.sequenceLength ||
                                m_query.seed != query.seed || m_query.all != query.all;
    if (!m_hasQuery || m_query.all != query.all) {
        ++m_sharesRound;
        m_sharesDelay.start();
    }
    m_query = query;
    m_hasQuery = true;
    if (!isSame) {
        ++m_round;
        if (m_isCancelled)
            *m_isCancelled = true;
        m_isOpening = true;
        m_delay.start();
    } else if (isCutElsewhere && m_session) {
        readRow();
        planPacks();
        Q_EMIT changed();
    }
}

void DataPreview::open()
{
    m_isCancelled = std::make_shared<std::atomic<bool>>(false);
    const core::Progress progress = [flag = m_isCancelled](int64_t, int64_t) { return !*flag; };
    runInBackground(
        this,
        [query = m_query, progress] {
            core::Result<std::shared_ptr<const DataSession>> session = DataSession::open(query, progress);
            // Opened, a packed file lies unpacked.
            return std::pair(std::move(session), columnsOf(query.source));
        },
        [this, round = m_round](const auto& opened) {
            if (round != m_round)
                return;
            const core::Result<std::shared_ptr<const DataSession>>& session = opened.first;
            m_columns = opened.second;
            m_isOpening = false;
            m_isIndexing = false;
            m_problem = session ? QString() : QString::fromStdString(session.error().message);
            m_row = 0;
            take(session ? *session : nullptr);
            if (m_session && !m_session->hasAllRows())
                index();
        });
}

/// Shows another session of the same query.
void DataPreview::take(std::shared_ptr<const DataSession> session)
{
    m_isCounting = false;
    ++m_countRound;
    ++m_rowRound;
    m_counts = {};
    m_packs.reset();
    m_problems.show({});
    m_session = std::move(session);
    m_shownRow = {};
    if (m_session && m_session->numRows() > 0) {
        readRow();
        count();
    }
    Q_EMIT changed();
    Q_EMIT rowChanged();
}

/// Builds the index while the first rows are shown.
void DataPreview::index()
{
    m_isIndexing = true;
    m_indexed = 0;
    const core::Progress progress = [flag = m_isCancelled, guard = QPointer(this), this, round = m_round](
                                        int64_t done, int64_t all) {
        const double share = all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 1;
        // Only posted: the object itself is looked at in its own thread.
        QMetaObject::invokeMethod(
            qApp,
            [guard, this, share, round] {
                if (!guard || round != m_round || !m_isIndexing)
                    return;
                m_indexed = share;
                Q_EMIT changed();
            },
            Qt::QueuedConnection);
        return !*flag;
    };
    runInBackground(
        this, [session = m_session, progress] { return session->withAllRows(progress); },
        [this, round = m_round](const core::Result<std::shared_ptr<const DataSession>>& session) {
            if (round != m_round)
                return;
            m_isIndexing = false;
            if (session) {
                take(*session);
                return;
            }
            if (session.error().code != core::ErrorCode::Cancelled)
                m_problem = QString::fromStdString(session.error().message);
            Q_EMIT changed();
        });
}

void DataPreview::stopIndexing()
{
    if (m_isIndexing && m_isCancelled)
        *m_isCancelled = true;
}

void DataPreview::count()
{
    m_isCounting = true;
    runInBackground(
        this,
        [session = m_session, row = m_counts.nextRow] {
            const auto news = std::make_shared<DataCounts>();
            news->nextRow = row;
            countRows(*session, *news, kPieceMs);
            return news;
        },
        [this, round = m_round, countRound = m_countRound](const std::shared_ptr<DataCounts>& news) {
            if (round != m_round || countRound != m_countRound)
                return;
            m_isCounting = false;
            m_counts.add(std::move(*news));
            m_problems.show(m_counts.problems);
            if (m_counts.nextRow < m_session->numRows())
                count();
            else
                planPacks();
            Q_EMIT changed();
        });
}

void DataPreview::countShares()
{
    runInBackground(
        this, [data = m_query.all] { return jobs::countRows(data); },
        [this, round = m_sharesRound](const core::Result<std::vector<jobs::RowCounts>>& counts) {
            if (round != m_sharesRound)
                return;
            m_shares.reset();
            m_validationProblem.clear();
            if (counts) {
                m_shares = Shares();
                for (const jobs::RowCounts& each : *counts) {
                    m_shares->trained += each.trained;
                    m_shares->heldOut += each.heldOut;
                }
            } else if (counts.error().message.starts_with("data.validation")) {
                m_validationProblem = QString::fromStdString(counts.error().message);
            }
            Q_EMIT changed();
        });
}

void DataPreview::planPacks()
{
    m_packs.reset();
    const int64_t capacity = m_query.sequenceLength;
    const bool isCounted = m_session && m_session->hasAllRows() && m_counts.nextRow == m_session->numRows();
    if (!isCounted || capacity <= 0 || m_counts.lengths.empty() || !m_counts.hasAllLengths())
        return;
    runInBackground(
        this,
        [query = m_query, session = m_session, counts = m_counts] { return planOf(query, *session, counts); },
        [this, round = m_round, planRound = ++m_planRound](const std::shared_ptr<const Packs>& packs) {
            if (round != m_round || planRound != m_planRound)
                return;
            m_packs = packs;
            Q_EMIT changed();
        });
}

void DataPreview::goTo(int64_t row)
{
    if (!m_session || m_session->numRows() == 0)
        return;
    m_row = std::clamp<int64_t>(row, 0, m_session->numRows() - 1);
    readRow();
}

void DataPreview::readRow()
{
    runInBackground(
        this,
        [session = m_session, row = m_row, length = m_query.sequenceLength] {
            return showRow(*session, row, length);
        },
        [this, round = ++m_rowRound](const ShownRow& shown) {
            if (round != m_rowRound)
                return;
            m_shownRow = shown;
            Q_EMIT rowChanged();
        });
}

}  // namespace facet::ui
