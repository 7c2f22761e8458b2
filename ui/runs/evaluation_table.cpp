#include "ui/runs/evaluation_table.h"

#include "ui/models/words.h"
#include "ui/runs/run_words.h"

#include <QDateTime>
#include <QFileInfo>
#include <QLocale>

namespace facet::ui {

namespace {

using Measure = core::EvaluationReport::Measure;

/// "sums.jsonl, words.jsonl"
QString dataNames(const core::EvaluationReport& report)
{
    QStringList names;
    for (const QString& path : QString::fromStdString(report.data).split(QStringLiteral(", ")))
        names << QFileInfo(path).fileName();
    return names.join(QStringLiteral(", "));
}

QString rowsOf(const core::EvaluationReport& report)
{
    const QString data = report.isOwnData ? EvaluationTable::tr("the run's own, %1").arg(dataNames(report))
                                          : dataNames(report);
    return report.numLeftOut > 0
               ? EvaluationTable::tr("%1 of %2, %3 left out")
                     .arg(words::integer(report.numSamples), data, words::integer(report.numLeftOut))
               : EvaluationTable::tr("%1 of %2").arg(words::integer(report.numSamples), data);
}

QString exactOf(const Measure* measure, const core::EvaluationReport& report)
{
    return measure ? EvaluationTable::tr("%1 of %2, %3 %")
                         .arg(words::integer(measure->numExact), words::integer(report.numAnswers))
                         .arg(100 * measure->exactShare, 0, 'f', 1)
                   : QStringLiteral("–");
}

}  // namespace

void EvaluationTable::show(std::vector<StoredEvaluation> evaluations)
{
    beginResetModel();
    m_evaluations = std::move(evaluations);
    endResetModel();
}

const StoredEvaluation* EvaluationTable::at(int row) const
{
    return row >= 0 && row < rowCount() ? &m_evaluations[static_cast<size_t>(row)] : nullptr;
}

int EvaluationTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_evaluations.size());
}

int EvaluationTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : NumSections;
}

QVariant EvaluationTable::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const core::EvaluationReport& report = m_evaluations[static_cast<size_t>(index.row())].report;
    if (role == Qt::ToolTipRole)
        return index.column() == Rows ? QString::fromStdString(report.data) : QVariant();
    if (role != Qt::DisplayRole)
        return {};
    const Measure& last = report.measures.back();
    const Measure* base = report.measures.size() > 1 ? &report.measures.front() : nullptr;
    switch (index.column()) {
        case Checkpoint:
            return report.step > 0 ? tr("step %1").arg(words::integer(report.step))
                                   : QString::fromStdString(report.model);
        case Rows:
            return rowsOf(report);
        case BaseLoss:
            return base ? words::number(base->loss) : QStringLiteral("–");
        case Loss:
            return words::number(last.loss);
        case BaseExact:
            return exactOf(base, report);
        case Exact:
            return exactOf(&last, report);
        case When:
            return QLocale(QLocale::English)
                .toString(QDateTime::fromSecsSinceEpoch(static_cast<qint64>(report.time)),
                          QStringLiteral("d MMM HH:mm"));
        default:
            return {};
    }
}

QVariant EvaluationTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= NumSections)
        return {};
    const QStringList names = {tr("Checkpoint"),  tr("Rows"),  tr("Loss of base"), tr("Loss"),
                               tr("Exact, base"), tr("Exact"), tr("When")};
    return names[section];
}

void EvaluationSamples::show(core::EvaluationReport report)
{
    beginResetModel();
    m_report = std::move(report);
    endResetModel();
}

const core::EvaluationReport::Sample& EvaluationSamples::sample(int row) const
{
    const auto index = static_cast<size_t>(row);
    return index < m_report.worst.size() ? m_report.worst[index]
                                         : m_report.best[index - m_report.worst.size()];
}

int EvaluationSamples::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_report.worst.size() + m_report.best.size());
}

int EvaluationSamples::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : 2 + static_cast<int>(m_report.measures.size());
}

QString EvaluationSamples::text(const QModelIndex& index) const
{
    const core::EvaluationReport::Sample& sample = this->sample(index.row());
    const auto place = static_cast<size_t>(index.row());
    const size_t numWorst = m_report.worst.size();
    if (index.column() == 0)
        return (place < numWorst ? tr("worst %1").arg(place + 1) : tr("best %1").arg(place - numWorst + 1)) +
               QLatin1Char('\n') + QFileInfo(QString::fromStdString(sample.place)).fileName();
    if (index.column() == 1)
        return QString::fromStdString(sample.expected);
    const core::EvaluationReport::Sample::Answer& answer =
        sample.answers[static_cast<size_t>(index.column() - 2)];
    QString text = tr("loss %1").arg(words::number(answer.loss));
    if (answer.text)
        text += *answer.text == sample.expected ? tr(", exact")
                                                : QLatin1Char('\n') + QString::fromStdString(*answer.text);
    return text;
}

QVariant EvaluationSamples::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    constexpr int kMost = 300;  // characters, or one long answer hides all others
    const bool isAnswer = index.column() >= 2;
    const auto& answers = sample(index.row()).answers;
    switch (role) {
        case Qt::DisplayRole: {
            const QString whole = text(index);
            return whole.size() > kMost ? whole.left(kMost) + QStringLiteral("…") : whole;
        }
        case Qt::ToolTipRole:
            return index.column() == 0 ? QString::fromStdString(sample(index.row()).place) : text(index);
        case Qt::AccessibleTextRole:
            return text(index);
        case Qt::TextAlignmentRole:
            return static_cast<int>(Qt::AlignLeft | Qt::AlignTop);
        case IsExactRole:
            return isAnswer &&
                   answers[static_cast<size_t>(index.column() - 2)].text == sample(index.row()).expected;
        default:
            return {};
    }
}

QVariant EvaluationSamples::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= columnCount())
        return {};
    if (section < 2)
        return section == 0 ? tr("Row") : tr("Expected");
    const std::string& name = m_report.measures[static_cast<size_t>(section - 2)].name;
    return name == "base" ? tr("Base model") : name == "tuned" ? tr("Fine-tuned") : tr("Model");
}

}  // namespace facet::ui
