// The look has one place: colours only in tokens.h, one style sheet, icons that exist, text that can be read.

#include "ui/theme/theme.h"
#include "ui/runs/plot.h"
#include "ui/theme/icons.h"

#include <QApplication>
#include <QDirIterator>
#include <QPainter>
#include <QRegularExpression>
#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

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

    using Vector = std::array<double, 3>;
    using Matrix = std::array<Vector, 3>;

    static Vector times(const Matrix& matrix, const Vector& vector)
    {
        Vector result{};
        for (size_t i = 0; i < 3; ++i)
            for (size_t k = 0; k < 3; ++k)
                result[i] += matrix[i][k] * vector[k];
        return result;
    }

    /// CIE L*a*b* (D65) of what an eye makes of a colour, by `sight` on linear RGB.
    static Vector lab(const QColor& color, const Matrix& sight)
    {
        const auto linear = [](double value) {
            return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
        };
        Vector seen = times(sight, {linear(color.redF()), linear(color.greenF()), linear(color.blueF())});
        for (double& value : seen)
            value = std::clamp(value, 0.0, 1.0);
        constexpr Matrix kToXyz = {{{0.4124564, 0.3575761, 0.1804375},
                                    {0.2126729, 0.7151522, 0.0721750},
                                    {0.0193339, 0.1191920, 0.9503041}}};
        const Vector xyz = times(kToXyz, seen);
        const auto f = [](double value) {
            return value > 216.0 / 24389 ? std::cbrt(value) : (24389.0 / 27 * value + 16) / 116;
        };
        const double x = f(xyz[0] / 0.95047), y = f(xyz[1]), z = f(xyz[2] / 1.08883);
        return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
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

    void colourBlindPeopleTellTheCurvesApart()
    {
        // Machado, Oliveira and Fernandes 2009, table 1, severity 1.0.
        const std::map<std::string, Matrix> sights = {{"all colours", {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}},
                                                      {"no red cones",
                                                       {{{0.152286, 1.052583, -0.204868},
                                                         {0.114503, 0.786281, 0.099216},
                                                         {-0.003882, -0.048116, 1.051998}}}},
                                                      {"no green cones",
                                                       {{{0.367322, 0.860646, -0.227968},
                                                         {0.280085, 0.672501, 0.047413},
                                                         {-0.011820, 0.042940, 0.968881}}}},
                                                      {"no blue cones",
                                                       {{{1.255528, -0.076749, -0.178779},
                                                         {-0.078411, 0.930809, 0.147602},
                                                         {0.004733, 0.691367, 0.303900}}}}};
        constexpr double kApart = 17;  // CIE76; 2.3 can just be seen, side by side
        for (const bool isDark : {false, true}) {
            Theme::setScheme(isDark ? Theme::Scheme::Dark : Theme::Scheme::Light);
            for (const auto& [name, sight] : sights)
                for (int one = 0; one < 8; ++one)
                    for (int other = 0; other < one; ++other) {
                        const Vector a = lab(Theme::color(curveRole(one)), sight),
                                     b = lab(Theme::color(curveRole(other)), sight);
                        const double apart = std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
                        QVERIFY2(apart >= kApart,
                                 qPrintable(QStringLiteral("curves %1 and %2, %3, %4: %5")
                                                .arg(one + 1)
                                                .arg(other + 1)
                                                .arg(isDark ? "dark" : "light", QString::fromStdString(name))
                                                .arg(apart)));
                        // A dash or a mark at the end says it again.
                        QVERIFY(curveEndMark(one) != curveEndMark(other));
                    }
        }
        Theme::setScheme(Theme::Scheme::Light);
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
