// The GPUs of a run, from lines as a run writes them.

#include "ui/runs/gpu_view.h"
#include "ui/runs/plot.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace facet;
using namespace facet::ui;

class GpuViewTest final : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

    void write(int from, int to)
    {
        QFile file(m_folder.filePath("events.jsonl"));
        QVERIFY(file.open(QIODevice::Append));
        for (int i = from; i < to; ++i)
            for (const int gpu : {0, 3})
                file.write(QStringLiteral(R"({"event":"gpu","time":%1,"index":%2,"utilization":%3,)"
                                          R"("memory_bytes":%4,"watts":%5,"celsius":%6})"
                                          "\n")
                               .arg(1.7e9 + 2 * i, 0, 'f', 1)
                               .arg(gpu)
                               .arg(0.87 - 0.1 * (i % 3 == 1))
                               .arg(qint64{6'000'000'000} + i * qint64{10'000'000})
                               .arg(400 + 20 * std::sin(i / 5.0))
                               .arg(50 + i / 10)
                               .toUtf8());
    }

private Q_SLOTS:
    void figuresAreThoseOfTheLastSample()
    {
        Theme::install(*qApp, Theme::Scheme::Light);
        GpuView view;
        view.resize(1000, 420);
        core::HistoryReader reader(m_folder.filePath("events.jsonl").toStdString());
        core::RunHistory history;
        view.show(history);
        QCOMPARE(view.valueText(0, 0), QString());

        for (const auto& [from, to] : {std::pair{0, 60}, std::pair{60, 121}}) {
            write(from, to);
            core::Result<core::HistoryReader::News> news = reader.poll();
            QVERIFY(news);
            history.append(std::move(news->history));
            view.show(history);
        }
        for (const size_t gpu : {size_t{0}, size_t{1}}) {
            QCOMPARE(view.valueText(gpu, 0), "87 %");
            QCOMPARE(view.valueText(gpu, 1), "6.7 GiB");  // 7.2e9 bytes
            QCOMPARE(view.valueText(gpu, 2), "382 W");    // 400 + 20 sin(24)
            QCOMPARE(view.valueText(gpu, 3), "62 °C");
        }
        QVERIFY(view.findChild<Plot*>("gpu3.heat"));  // named as the run names it
        QCOMPARE(view.findChild<Plot*>("gpu3.heat")->accessibleName(), "Heat of GPU 3");
        for (const auto& [scheme, name] :
             {std::pair{Theme::Scheme::Light, "light"}, std::pair{Theme::Scheme::Dark, "dark"}}) {
            Theme::setScheme(scheme);
            QDir().mkpath(QStringLiteral(SCREENSHOTS));
            QVERIFY(view.grab().save(QStringLiteral(SCREENSHOTS "/gpus-%1.png").arg(QLatin1String(name))));
        }

        view.clear();
        QCOMPARE(view.valueText(0, 0), QString());
        view.show(history);
        QCOMPARE(view.valueText(1, 0), "87 %");
    }
};

QTEST_MAIN(GpuViewTest)
#include "gpu_view_test.moc"
