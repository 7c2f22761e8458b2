// The list of runs and a run's numbers, without a screen.

#include "ui/runs/run_list.h"
#include "core/run/event_log.h"
#include "core/run/observed_run.h"
#include "ui/runs/growing_curve.h"
#include "ui/runs/metric_table.h"
#include "ui/runs/run_data.h"
#include "ui/runs/run_words.h"

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QPersistentModelIndex>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace facet;

namespace {

core::ObservedRun made(const char* name, core::RunCondition condition)
{
    core::ObservedRun run;
    run.folder = {std::filesystem::path("/runs") / name};
    run.name = name;
    run.condition = condition;
    run.step = 480;
    run.numSteps = 1000;
    return run;
}

}  // namespace

class RunListTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void rowsFollowTheRunsAndIndexesStayWithTheirs()
    {
        using enum core::RunCondition;
        ui::RunList list({});
        const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
        const QSignalSpy ended(&list, &ui::RunList::ended);
        list.take({made("a", Running), made("b", Done), made("c", Done)});
        const QPersistentModelIndex a = list.index(0), c = list.index(2);
        list.take({made("d", Starting), made("c", Done), made("a", Lost)});
        QCOMPARE(list.rowCount(), 3);
        QCOMPARE(a.row(), 2);
        QCOMPARE(c.row(), 1);
        QCOMPARE(c.data().toString(), QStringLiteral("c"));
        QCOMPARE(ended.count(), 1);
        QCOMPARE(ended[0][0].toString(), QStringLiteral("/runs/a"));
        QCOMPARE(ui::words::secondLine(list.run(2)), QStringLiteral("lost at step 480 of 1,000"));
        QVERIFY(a.data(Qt::AccessibleTextRole).toString().contains(QStringLiteral("lost at step 480")));
        QCOMPARE(list.numUnderWay(), 1);
        // A run that is as it was is not painted again.
        const QSignalSpy changed(&list, &ui::RunList::dataChanged);
        list.take({made("d", Starting), made("c", Done), made("a", Lost)});
        QCOMPARE(changed.count(), 0);
        list.take({made("d", Running), made("c", Done), made("a", Lost)});
        QCOMPARE(changed.count(), 1);
        QCOMPARE(changed[0][0].toModelIndex().row(), 0);
        list.take({});
        QVERIFY(!a.isValid());
    }

    void aPointIsKnownHalfASecondAfterItWasWritten()
    {
        const QTemporaryDir place;
        const std::filesystem::path events = (place.path() + QStringLiteral("/events.jsonl")).toStdString();
        auto log = core::EventLog::open(events);
        QVERIFY(log);
        ui::RunData data(events);
        QTRY_VERIFY(data.isRead());
        ui::MetricTable table;
        const QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
        table.show({{QStringLiteral("a"), &data.history()}}, "loss");
        connect(&data, &ui::RunData::changed, &table, &ui::MetricTable::refresh);
        core::MetricEvent metric;
        qint64 best = 1'000'000;
        for (metric.step = 1; metric.step <= 5; ++metric.step) {
            metric.loss = 0.1 + 1.0 / double(metric.step);
            QElapsedTimer timer;
            timer.start();
            QVERIFY(log->append({1000 + 2.0 * double(metric.step), metric}));
            QTRY_COMPARE(table.rowCount(), int(metric.step));
            best = std::min(best, timer.elapsed());
        }
        QVERIFY2(best < 500, qPrintable(QString::number(best)));
        QCOMPARE(table.index(0, 0).data().toString(), QStringLiteral("1"));
        ui::GrowingCurve curve("loss", ui::AxisKind::Time);
        curve.follow(data.history().metrics, data.history().metrics);
        QCOMPARE(curve.x()->back(), 8.0);
        const QList<QByteArray> lines = table.toCsv().split('\n');
        QVERIFY(lines[0].startsWith("step,time,tokens,targets,loss"));
        QCOMPARE(lines[2].split(',')[4].toDouble(), 0.1 + 1.0 / 2);

        QVERIFY(log->append({1020, core::ResumeEvent{2}}));
        QTRY_COMPARE(table.rowCount(), 2);
    }

    void severalRunsAreReadSideBySide()
    {
        const auto historyOf = [](std::vector<int64_t> steps, double loss) {
            core::RunHistory history;
            history.metrics.steps = steps;
            history.metrics.times.assign(steps.size(), 0);
            history.metrics.columns = {{"lr", std::vector<double>(steps.size(), 1e-4)},
                                       {"loss", std::vector<double>(steps.size(), loss)}};
            return history;
        };
        core::RunHistory a = historyOf({1, 2, 4}, 2), b = historyOf({2, 3}, 3);
        ui::MetricTable table;
        const QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
        table.show({{QStringLiteral("a, first"), &a}, {QStringLiteral("b"), &b}}, "loss");
        QCOMPARE(table.toCsv(), QByteArray("step,\"a, first\",b\r\n1,2,\r\n2,2,3\r\n3,,3\r\n4,2,\r\n"));
        QCOMPARE(table.index(2, 1).data().toString(), QString());
        b.metrics.steps.push_back(5);
        b.metrics.times.push_back(0);
        for (core::StepTable::Column& column : b.metrics.columns)
            column.values.push_back(7);
        table.refresh();
        QCOMPARE(table.rowCount(), 5);
        QCOMPARE(table.index(4, 2).data().toString(), QStringLiteral("7"));

        // Of one, what was validated stands at its step.
        a.validation.steps = {2};
        a.validation.times = {0};
        a.validation.columns = {{"loss", {0.5}}};
        table.show({{QStringLiteral("a"), &a}}, "loss");
        QCOMPARE(table.headerData(3, Qt::Horizontal, Qt::DisplayRole).toString(),
                 QStringLiteral("validation_loss"));
        QVERIFY2(table.toCsv().startsWith(
                     "step,time,lr,loss,validation_loss\r\n1,0,1e-04,2,\r\n2,0,1e-04,2,0.5\r\n"),
                 table.toCsv().constData());
    }

    void timesAndNumbersReadAsPeopleWriteThem()
    {
        QCOMPARE(ui::words::duration(40), QStringLiteral("40 s"));
        QCOMPARE(ui::words::duration(9 * 60 + 30), QStringLiteral("9 min"));
        QCOMPARE(ui::words::duration(3780), QStringLiteral("1 h 03 min"));
        QCOMPARE(ui::words::number(0.48261), QStringLiteral("0.4826"));
        QCOMPARE(ui::words::number(1e-5), QStringLiteral("1.00e-05"));
        QCOMPARE(ui::words::number(5320.4), QStringLiteral("5,320"));
    }
};

QTEST_GUILESS_MAIN(RunListTest)
#include "run_list_test.moc"
