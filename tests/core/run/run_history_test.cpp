// Reading what a run told: what holds after a resume, and a million events in two seconds.

#include "core/run/run_history.h"
#include "core/run/event_log.h"
#include "core/run/metric_line.h"
#include "tests/support/check.h"

#include <QElapsedTimer>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace facet::core;

namespace {

MetricEvent metric(int64_t step, double loss)
{
    MetricEvent event;
    event.step = step;
    event.loss = loss;
    event.tokens = step * 512;
    event.gradNorm = 0.1234567890123;
    event.lr = 1e-4;
    event.tokensPerSecond = 5321.123456;
    event.mfu = 0.501234;
    return event;
}

}  // namespace

class RunHistoryTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_place;
    std::filesystem::path file(const char* name) const
    {
        return m_place.filePath(QLatin1String(name)).toStdString();
    }

private Q_SLOTS:
    void whatALineSaysIsWhatItWasMadeFrom()
    {
        MetricEvent event = metric(12, 1.25);
        event.gradNorm = std::nan("");
        const std::string text = lineOf({1764057600.25, event});
        NumberLine line;
        QVERIFY(readNumberLine(text, line));
        QCOMPARE(line.step, int64_t(12));
        QCOMPARE(line.time, 1764057600.25);
        double loss = 0, gradNorm = 0;
        for (const auto& [name, value] : line.members) {
            loss = name == "loss" ? value : loss;
            gradNorm = name == "grad_norm" ? value : gradNorm;
        }
        QCOMPARE(loss, 1.25);
        QVERIFY(std::isnan(gradNorm));
        for (const char* other :
             {"", "{", "[]", R"({"event": "metric"})", R"({"event": "metric", "step": "x"})",
              R"({"event": "metric", "step": 1, "loss": nan})", R"({"event": "metric", "step": 1} x)",
              R"({"event": "state", "step": 1})"})
            QVERIFY2(!readNumberLine(other, line), other);
    }

    void aGrowingFileIsReadOnceAndAResumeDropsLaterSteps()
    {
        const std::filesystem::path path = file("resume.jsonl");
        Result<EventLog> log = EventLog::open(path);
        QVERIFY2(log, reason(log));
        for (int64_t step = 1; step <= 30; ++step)
            QVERIFY(log->append({double(step), metric(step, 10.0 - double(step) / 10)}));
        QVERIFY(log->append({30, ValidationEvent{20, 3.5, 7}}));
        QVERIFY(log->append({30, CheckpointEvent{10, "checkpoints/step-00000010", "steps"}}));
        QVERIFY(log->append({30, CheckpointEvent{20, "checkpoints/step-00000020", "steps"}}));
        QVERIFY(log->append({30, WarningEvent{25, "a spike"}}));
        HistoryReader reader(path);
        Result<HistoryReader::News> news = reader.poll();
        QVERIFY2(news, reason(news));
        RunHistory history;
        history.append(std::move(news->history));
        QCOMPARE(history.metrics.size(), size_t(30));
        QCOMPARE(history.metrics.find("loss")->back(), 7.0);

        QVERIFY(log->append({40, ResumeEvent{10}}));
        QVERIFY(log->append({41, metric(11, 1)}));
        QVERIFY(log->append({42, ValidationEvent{11, 3.25, 7}}));
        {
            QFile half(QString::fromStdString(path.string()));
            QVERIFY(half.open(QIODevice::Append));
            half.write(R"({"event": "metric", "step": 12)");
        }
        news = reader.poll();
        QVERIFY(news);
        history.append(std::move(news->history));
        QCOMPARE(history.metrics.size(), size_t(11));
        QCOMPARE(history.metrics.steps.back(), int64_t(11));
        QCOMPARE(history.metrics.find("loss")->at(9), 9.0);
        QCOMPARE(history.metrics.find("loss")->at(10), 1.0);
        QCOMPARE(history.validation.steps, std::vector<int64_t>{11});
        QCOMPARE(history.checkpoints.size(), size_t(1));
        QCOMPARE(history.warnings.size(), size_t(1));
        QCOMPARE(history.resumes.size(), size_t(1));
        {
            QFile rest(QString::fromStdString(path.string()));
            QVERIFY(rest.open(QIODevice::Append));
            rest.write(", \"time\": 43, \"loss\": 0.5, \"mine\": 2}\nnonsense\n");
        }
        news = reader.poll();
        QVERIFY(news);
        history.append(std::move(news->history));
        QCOMPARE(history.metrics.steps.back(), int64_t(12));
        QVERIFY(std::isnan(history.metrics.find("mine")->at(10)));
        QCOMPARE(history.metrics.find("mine")->at(11), 2.0);
        QCOMPARE(history.numUnknown, int64_t(1));

        // The same as in one go.
        const Result<HistoryReader::News> whole = HistoryReader(path).poll();
        QVERIFY(whole);
        QCOMPARE(whole->history.metrics.steps, history.metrics.steps);
        QCOMPARE(*whole->history.metrics.find("loss"), *history.metrics.find("loss"));
        QCOMPARE(whole->history.checkpoints.size(), history.checkpoints.size());
    }

    void aFileThatBecameShorterIsReadAnew()
    {
        const std::filesystem::path path = file("short.jsonl");
        const auto write = [&](const QByteArray& text) {
            QFile out(QString::fromStdString(path.string()));
            QVERIFY(out.open(QIODevice::WriteOnly | QIODevice::Truncate));
            out.write(text);
        };
        write(
            "{\"event\": \"metric\", \"step\": 1, \"loss\": 2}\n{\"event\": \"metric\", \"step\": 2, "
            "\"loss\": 2}\n");
        HistoryReader reader(path);
        QCOMPARE(reader.poll()->history.metrics.size(), size_t(2));
        write("{\"event\": \"metric\", \"step\": 1, \"loss\": 3}\n");
        const Result<HistoryReader::News> news = reader.poll();
        QVERIFY(news && news->isAnew);
        QCOMPARE(news->history.metrics.size(), size_t(1));
    }

    void aMillionEventsAreReadInTwoSeconds()
    {
        const std::filesystem::path path = file("million.jsonl");
        {
            QFile out(QString::fromStdString(path.string()));
            QVERIFY(out.open(QIODevice::WriteOnly));
            for (int64_t step = 1; step <= 1'000'000; ++step)
                out.write(
                    (lineOf({1.7e9 + double(step) / 7, metric(step, 1 + 3 / double(step))}) + "\n").c_str());
        }
        QElapsedTimer timer;
        double best = 1e9;
        for (int i = 0; i < 3 && best > 2; ++i) {  // others may use this machine
            timer.start();
            const Result<HistoryReader::News> news = HistoryReader(path).poll();
            best = std::min(best, double(timer.nsecsElapsed()) / 1e9);
            QVERIFY(news);
            QCOMPARE(news->history.metrics.size(), size_t(1'000'000));
        }
        qInfo("a million events in %.2f s, %lld MB", best,
              QFile(QString::fromStdString(path.string())).size() >> 20);
        QVERIFY2(best <= 2, qPrintable(QString::number(best)));
    }
};

QTEST_GUILESS_MAIN(RunHistoryTest)
#include "run_history_test.moc"
