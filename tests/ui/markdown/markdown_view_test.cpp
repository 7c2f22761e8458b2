#include "ui/markdown/markdown_view.h"
#include "ui/markdown/code_block.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QElapsedTimer>
#include <QScrollArea>
#include <QTest>
#include <QToolButton>

#include <algorithm>

using namespace facet::ui;

class MarkdownViewTest : public QObject {
    Q_OBJECT

    static QString mixed(qsizetype size)
    {
        QString text;
        for (int i = 0; text.size() < size; ++i)
            text +=
                QStringLiteral(
                    "## Part %1\n\nSome *words* with **weight** and `code`, long enough to be broken into a "
                    "second line when the window is as wide as a column of text in a chat.\n\n- one\n- "
                    "two\n\n"
                    "```python\ndef f(x):\n    return x + %1  # add\n```\n\n| a | b |\n|---|--:|\n| x | %1 "
                    "|\n\n")
                    .arg(i);
        return text.left(size);
    }

private Q_SLOTS:
    void initTestCase() { Theme::install(*qApp, Theme::Scheme::Light); }

    void marksStandWhereTheWordsAre()
    {
        MarkdownView view(MarkdownView::Format::Markdown);
        view.resize(600, 400);
        view.show();
        view.setText(
            QStringLiteral("The vendor is **Kaffeehaus** Lind.\n\n```json\n{\n  \"total\": 14.0\n}\n```\n\n"
                           "| item | price |\n|---|--:|\n| cup | 4.90 |\n"),
            true);
        QTRY_VERIFY(view.isParsed() && view.isSettled());
        const QString shown = view.shownText();
        QCOMPARE(shown,
                 QStringLiteral(
                     "The vendor is Kaffeehaus Lind.\n{\n  \"total\": 14.0\n}\nitem\nprice\ncup\n4.90\n"));
        const QImage before = view.grab().toImage();
        const QRgb soft = Theme::color(Role::ChangedSoft).rgb();
        // Rows of the picture in which a ground of this colour lies.
        const auto isMarked = [soft](const QImage& image, int from, int to) {
            for (int y = from; y < std::min(to, image.height()); ++y)
                for (int x = 0; x < image.width(); ++x)
                    if (image.pixel(x, y) == soft)
                        return true;
            return false;
        };
        QVERIFY(!isMarked(before, 0, 400));
        QList<Span> marks;
        for (const char* word : {"Kaffeehaus Lind", "14.0", "4.90"})
            marks.append({static_cast<int>(shown.indexOf(QLatin1String(word))),
                          static_cast<int>(qstrlen(word)),
                          Marked,
                          {}});
        view.setMarks(marks);
        QTRY_VERIFY(view.isSettled());
        const auto* code = view.findChild<CodeBlock*>();
        QVERIFY(code);
        const QImage after = view.grab().toImage();
        QVERIFY(isMarked(after, 0, code->y()));
        QVERIFY(isMarked(after, code->y(), code->y() + code->height()));
        QVERIFY(isMarked(after, code->y() + code->height(), view.contentHeight()));
        view.setMarks({marks[1]});
        QTRY_VERIFY(view.isSettled());
        const QImage one = view.grab().toImage();
        QVERIFY(!isMarked(one, 0, code->y()));
        QVERIFY(isMarked(one, code->y(), code->y() + code->height()));
        view.append(QStringLiteral("more"));
        QVERIFY(!isMarked(view.grab().toImage(), 0, 400));
    }

    void aSliceNeverHandlesMoreThanItsShare_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("mixed") << mixed(128'000);
        QTest::newRow("one paragraph") << QStringLiteral("word ").repeated(25'600);
        QTest::newRow("one block of code")
            << QStringLiteral("```cpp\n") + QStringLiteral("int a = 1; // b\n").repeated(8'000);
        QTest::newRow("one table") << QStringLiteral("| a | b |\n|---|---|\n") +
                                          QStringLiteral("| 1 | 2 |\n").repeated(12'800);
    }

    // A slice's share of work, and one block more where it is not cut finer: a bound on work, since a bound
    // on time would fail on a busy machine. The processor time is printed.
    void aSliceNeverHandlesMoreThanItsShare()
    {
        QFETCH(const QString, text);
        QScrollArea area;
        area.resize(700, 600);
        auto* shown = new MarkdownView(MarkdownView::Format::Markdown);
        area.setWidget(shown);
        MarkdownView& view = *shown;
        view.resize(680, 100);
        area.show();
        connect(&view, &MarkdownView::heightChanged, &view,
                [&] { view.resize(680, std::max(view.contentHeight(), 100)); });
        QElapsedTimer clock;
        clock.start();
        view.setText(text, true);
        QTRY_VERIFY_WITH_TIMEOUT(view.isSettled(), 20'000);
        qInfo("settled after %lld ms, longest slice %.1f ms, largest %lld, %lld blocks",
              static_cast<long long>(clock.elapsed()), static_cast<double>(view.longestSliceNs()) / 1e6,
              static_cast<long long>(view.largestSlice()), static_cast<long long>(view.numBlocks()));
        QVERIFY(view.largestSlice() <= 3 * MarkdownView::kSliceCharacters);
        QVERIFY(view.contentHeight() > 1000);
    }

    void streamingGivesTheSameHeightAsTheWhole()
    {
        const QString text = mixed(6'000);
        MarkdownView atOnce(MarkdownView::Format::Markdown);
        MarkdownView streamed(MarkdownView::Format::Markdown);
        for (MarkdownView* view : {&atOnce, &streamed}) {
            view->resize(680, 4000);
            view->show();
        }
        atOnce.setText(text, true);
        for (qsizetype i = 0; i < text.size(); i += 11)
            streamed.append(text.mid(i, 11));
        streamed.finish();
        QTRY_VERIFY(atOnce.isSettled() && streamed.isSettled());
        QCOMPARE(streamed.contentHeight(), atOnce.contentHeight());
        QCOMPARE(streamed.numBlocks(), atOnce.numBlocks());
    }

    void codeIsCopiedByItsButton()
    {
        MarkdownView view(MarkdownView::Format::Markdown);
        view.resize(680, 400);
        view.show();
        view.setText(QStringLiteral("```sh\necho hi\nls\n```\n"), true);
        QTRY_VERIFY(view.isSettled());
        auto* copy = view.findChild<QToolButton*>(QStringLiteral("codeCopy"));
        QVERIFY(copy);
        QTest::mouseClick(copy, Qt::LeftButton);
        QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("echo hi\nls"));
    }

    void textIsSelectedOverParagraphs()
    {
        MarkdownView view(MarkdownView::Format::Markdown);
        view.resize(680, 400);
        view.show();
        view.setText(QStringLiteral("First one.\n\nSecond **one**.\n"), true);
        QTRY_VERIFY(view.isSettled());
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_A, Qt::ControlModifier);
        QTest::keyClick(&view, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("First one.\nSecond one."));
    }
};

QTEST_MAIN(MarkdownViewTest)
#include "markdown_view_test.moc"
