// What blocks come out is what the CommonMark specification and GitHub's extensions say of these examples;
// that a text which comes in pieces gives the same as the whole at once is checked against md4c's one run
// over it.

#include "ui/markdown/markdown_document.h"
#include "ui/markdown/code_colours.h"

#include <QTest>

using namespace facet::ui;
using Kind = MarkdownBlock::Kind;

static QList<MarkdownBlock> whole(const QString& text)
{
    MarkdownDocument document;
    document.append(text);
    document.finish();
    return document.blocks();
}

class MarkdownDocumentTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void blocksAreTold()
    {
        const QList<MarkdownBlock> blocks =
            whole(QStringLiteral("# Title\n\nA *b* **c** `d` ~~e~~ [f](http://g).\n\n- one\n  - two\n- [x] "
                                 "done\n\n> said\n\n***\n\n```cpp\nint a;\n\nint b;\n```\n"));
        QCOMPARE(blocks.size(), 8);
        QCOMPARE(blocks[0].heading, 1);
        QCOMPARE(blocks[1].text.text, QStringLiteral("A b c d e f."));
        QCOMPARE(blocks[1].text.spans, (QList<Span>{{2, 1, Italic, {}},
                                                    {4, 1, Bold, {}},
                                                    {6, 1, InlineCode, {}},
                                                    {8, 1, Strike, {}},
                                                    {10, 1, Link, QStringLiteral("http://g")}}));
        QCOMPARE(blocks[2].marker, QStringLiteral("•"));
        QCOMPARE(blocks[2].indent, 1);
        QCOMPARE(blocks[3].indent, 2);
        QCOMPARE(blocks[4].marker, QStringLiteral("☑"));
        QCOMPARE(blocks[5].quote, 1);
        QCOMPARE(blocks[6].kind, Kind::Rule);
        QCOMPARE(blocks[7].kind, Kind::Code);
        QCOMPARE(blocks[7].language, QStringLiteral("cpp"));
        QCOMPARE(blocks[7].code, QStringLiteral("int a;\n\nint b;"));
    }

    void tablesHaveColumnsAndCells()
    {
        const QList<MarkdownBlock> blocks =
            whole(QStringLiteral("| a | b |\n|:-:|--:|\n| 1 | **2** |\n| 3 | 4 |\n"));
        QCOMPARE(blocks.size(), 1);
        QCOMPARE(blocks[0].columns,
                 (QList<MarkdownBlock::Align>{MarkdownBlock::Align::Center, MarkdownBlock::Align::Right}));
        QCOMPARE(blocks[0].rows.size(), 3);
        QCOMPARE(blocks[0].rows[1][1].text, QStringLiteral("2"));
        QCOMPARE(blocks[0].rows[1][1].spans.size(), 1);
    }

    void htmlAndEntitiesAndBreaksAreText()
    {
        const QList<MarkdownBlock> blocks = whole(QStringLiteral("<b>x</b> &amp; &#65;<br>y\nz"));
        QCOMPARE(blocks[0].text.text, QStringLiteral("<b>x</b> & A\u2028y\u2028z"));
    }

    // CommonMark, example 302: numbers count on from the first, whatever is written.
    void orderedListsCountOnOverBlankLines()
    {
        const QList<MarkdownBlock> blocks = whole(QStringLiteral("3. a\n\n3. b\n3. c\n\nText\n\n1. d\n"));
        QStringList markers;
        for (const MarkdownBlock& block : blocks)
            markers.append(block.marker);
        QCOMPARE(markers, (QStringList{QStringLiteral("3."), QStringLiteral("4."), QStringLiteral("5."),
                                       QString(), QStringLiteral("1.")}));
    }

    void piecesGiveWhatTheWholeGives_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("mixed") << QStringLiteral(
            "Intro line\nsecond\n\n## Head\nBody **bold\nover** lines\n\n1. one\n\n   more of one\n\n   "
            "```py\n   x = 1\n\n   y\n   ```\n"
            "2. two\n   - deep\n\n```\na\n\n# no head\n```\nafter\n\n| a |\n|---|\n| 1 |\n\n> q\n> r\n\nend");
        QTest::newRow("unclosed fence") << QStringLiteral("a\n\n```js\nlet x = `y`;\n``\nmore");
        QTest::newRow("setext") << QStringLiteral("Title\n=====\n\nSub\n---\n\ntext\n***\n");
        QTest::newRow("tildes") << QStringLiteral("~~~\n```\n~~~\nx\n");
        QTest::newRow("umlauts") << QStringLiteral("größer *als* 10 €\n\n😀 ok\n");
        QTest::newRow("blank first") << QStringLiteral("\n\n- a\n- b\n\n\n- c\n");
    }

    void piecesGiveWhatTheWholeGives()
    {
        QFETCH(const QString, text);
        const QList<MarkdownBlock> expected = parseMarkdown(text.toUtf8()).blocks;
        for (const int step : {1, 2, 3, 7, 1000}) {
            MarkdownDocument document;
            for (int i = 0; i < text.size();) {
                int count = std::min<int>(step, static_cast<int>(text.size()) - i);
                if (i + count < text.size() && text[i + count].isLowSurrogate())
                    ++count;
                document.append(QStringView(text).sliced(i, count));
                i += count;
            }
            document.finish();
            QCOMPARE(document.blocks().size(), expected.size());
            for (int i = 0; i < expected.size(); ++i) {
                QCOMPARE(document.blocks()[i].text.text, expected[i].text.text);
                QCOMPARE(document.blocks()[i].code, expected[i].code);
                QCOMPARE(document.blocks()[i].marker, expected[i].marker);
                QVERIFY(document.blocks()[i] == expected[i]);
            }
        }
    }

    void whatIsFinishedIsNeverParsedAgain()
    {
        MarkdownDocument document;
        const QString paragraph = QStringLiteral("A paragraph with **some** words in it.\n\n");
        qsizetype given = 0;
        for (int i = 0; i < 3000; ++i) {
            document.append(paragraph);
            given += paragraph.size();
        }
        // Each is parsed while open, when closed, and with the line that follows.
        QVERIFY2(document.parsedBytes() <= 3 * given, qPrintable(QString::number(document.parsedBytes())));
        QCOMPARE(document.blocks().size(), 3000);
        document.takeFirstChanged();
        document.append(QStringLiteral("Next"));
        QVERIFY(document.takeFirstChanged() >= 2999);
    }

    void aBlockWithoutAnEndIsCutSoThatAnUpdateStaysSmall_data()
    {
        QTest::addColumn<QString>("unit");
        QTest::newRow("words") << QStringLiteral("word ");
        QTest::newRow("no space") << QStringLiteral("wordword");
        QTest::newRow("lines") << QStringLiteral("some words on a line\n");
        QTest::newRow("items") << QStringLiteral("- some words in an item\n");
        QTest::newRow("nested") << QStringLiteral("  - some words in an item\n");
        QTest::newRow("table") << QStringLiteral("| a | b |\n");
        QTest::newRow("code") << QStringLiteral("    x = 1\n");
    }

    void aBlockWithoutAnEndIsCutSoThatAnUpdateStaysSmall()
    {
        QFETCH(const QString, unit);
        MarkdownDocument document;
        if (unit.startsWith(u'|'))
            document.append(QStringLiteral("| h | i |\n|---|---|\n"));
        qsizetype largest = 0;
        QString text;
        while (text.size() < 128'000) {
            const qsizetype before = document.parsedBytes();
            document.append(unit);
            text += unit;
            largest = std::max(largest, document.parsedBytes() - before);
        }
        document.finish();
        QVERIFY2(largest <= 6 * MarkdownDocument::kLongPieceBytes, qPrintable(QString::number(largest)));
        qsizetype characters = 0;
        qsizetype rows = 0;
        for (const MarkdownBlock& block : document.blocks()) {
            characters += block.text.text.size() + block.code.size();
            rows += block.rows.size();
            QVERIFY(block.text.text.size() <= 3 * MarkdownDocument::kLongPieceBytes);
        }
        if (unit.startsWith(u'|'))
            QCOMPARE(rows, text.size() / unit.size() + 1);
        else
            QVERIFY(characters > 128'000 / 2);
    }

    void codeIsColouredByLanguage()
    {
        int state = 0;
        QCOMPARE(colourCode(QStringLiteral("json"), u"  \"a\": 14.70, \"b\"", state),
                 (QList<CodeToken>{
                     {2, 3, CodeColour::Keyword}, {7, 5, CodeColour::Number}, {14, 3, CodeColour::String}}));
        QCOMPARE(colourCode(QStringLiteral("cpp"), u"int a; /* b", state),
                 (QList<CodeToken>{{0, 3, CodeColour::Keyword}, {7, 4, CodeColour::Comment}}));
        QCOMPARE(state, 1);
        QCOMPARE(colourCode(QStringLiteral("cpp"), u"c */ return", state),
                 (QList<CodeToken>{{0, 4, CodeColour::Comment}, {5, 6, CodeColour::Keyword}}));
        QCOMPARE(state, 0);
        QVERIFY(!hasCodeColours(QStringLiteral("klingon")));
    }
};

QTEST_GUILESS_MAIN(MarkdownDocumentTest)
#include "markdown_document_test.moc"
