// The look has one place: colours only in tokens.h, one style sheet, icons that exist, text that can be read.

#include "ui/theme/theme.h"
#include "ui/theme/icons.h"

#include <QApplication>
#include <QDirIterator>
#include <QPainter>
#include <QRegularExpression>
#include <QTest>

#include <cmath>

using namespace facet::ui;

class ThemeTest final : public QObject {
    Q_OBJECT

    static QMap<QString, QString> sources()
    {
        QMap<QString, QString> found;
        QDirIterator files(QStringLiteral(SOURCE_DIR "/ui"), {QStringLiteral("*.h"), QStringLiteral("*.cpp")},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            if (file.open(QIODevice::ReadOnly))
                found.insert(file.fileName(), QString::fromUtf8(file.readAll()));
        }
        return found;
    }

    /// WCAG 2.1, relative luminance.
    static double luminance(const QColor& color)
    {
        const auto linear = [](double value) {
            return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
        };
        return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
               0.0722 * linear(color.blueF());
    }

    static double contrast(Role left, Role right)
    {
        const double one = luminance(Theme::color(left)) + 0.05,
                     other = luminance(Theme::color(right)) + 0.05;
        return std::max(one, other) / std::min(one, other);
    }

private Q_SLOTS:
    void initTestCase() { Theme::install(*qApp, Theme::Scheme::Light); }

    void coloursAreInOneFile()
    {
        static const QRegularExpression color(
            QStringLiteral("\"#[0-9A-Fa-f]{6}\"|QColor\\(\\d|Qt::(white|black|red|gray)"));
        const auto files = sources();
        QVERIFY(files.size() > 40);
        for (auto file = files.begin(); file != files.end(); ++file)
            QVERIFY2(!color.match(file.value()).hasMatch(), qPrintable(file.key()));
    }

    void oneSheetIsSetInOnePlace()
    {
        const auto files = sources();
        for (auto file = files.begin(); file != files.end(); ++file)
            QCOMPARE(static_cast<int>(file.value().count(QStringLiteral("setStyleSheet("))),
                     file.key().endsWith(QStringLiteral("theme/theme.cpp")) ? 1 : 0);
    }

    void everyIconThatIsNamedExistsAndShows()
    {
        static const QRegularExpression name(QStringLiteral(
            "(?:Icons::get|Icons::pixmap|drawIcon\\(\\w+,)\\s*\\(?(?:QStringLiteral\\()?\"([a-z]+)\""));
        int found = 0;
        for (const QString& text : sources())
            for (auto matches = name.globalMatch(text); matches.hasNext(); ++found) {
                const QString icon = matches.next().captured(1);
                QVERIFY2(Icons::exists(icon), qPrintable(icon));
            }
        QVERIFY(found > 5);
        const QImage image = Icons::pixmap(QStringLiteral("chat"), Role::Danger, 20, 2).toImage();
        QCOMPARE(image.size(), QSize(40, 40));
        bool hasColor = false;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                hasColor = hasColor || image.pixelColor(x, y) == Theme::color(Role::Danger);
        QVERIFY(hasColor);
    }

    void textCanBeReadOnEachGround_data()
    {
        QTest::addColumn<bool>("isDark");
        QTest::newRow("light") << false;
        QTest::newRow("dark") << true;
    }

    void textCanBeReadOnEachGround()
    {
        QFETCH(const bool, isDark);
        Theme::setScheme(isDark ? Theme::Scheme::Dark : Theme::Scheme::Light);
        for (const Role text : {Role::Text, Role::Text2, Role::Text3, Role::AccentText})
            for (const Role ground :
                 {Role::Window, Role::Surface, Role::Sunken, Role::Raised, Role::Hover, Role::Selected})
                QVERIFY2(contrast(text, ground) >= 4.5, qPrintable(QString::number(contrast(text, ground))));
        QVERIFY(contrast(Role::OnAccent, Role::Accent) >= 4.5);
        QVERIFY(contrast(Role::Danger, Role::Surface) >= 4.5);
        for (const Role line : {Role::BorderStrong, Role::Focus})
            for (const Role ground : {Role::Window, Role::Surface})
                QVERIFY(contrast(line, ground) >= 3);
        QCOMPARE(QApplication::palette().color(QPalette::Base), Theme::color(Role::Surface));
    }

    void textSizeStaysWithinItsBounds()
    {
        Theme::setTextPercent(1000);
        QCOMPARE(Theme::textPercent(), 150);
        Theme::setTextPercent(0);
        QCOMPARE(Theme::textPercent(), 90);
        Theme::setTextPercent(100);
    }
};

QTEST_MAIN(ThemeTest)
#include "theme_test.moc"
