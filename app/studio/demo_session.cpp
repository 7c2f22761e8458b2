#include "app/studio/demo_session.h"

#include "ui/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QDropEvent>
#include <QEventLoop>
#include <QFile>
#include <QKeyEvent>
#include <QMimeData>
#include <QUrl>

#include <chrono>
#include <cstdio>

namespace facet::app {

namespace {

constexpr std::chrono::minutes kLongest(5);
constexpr QSize kWindow(1440, 900);

QString firstQuestion()
{
    QFile file(QString::fromStdString((resourcesFolder() / "demo-data/questions.txt").string()));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readLine()).trimmed() : QString();
}

void drop(QWidget* target, const QString& file)
{
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(file)});
    const QPoint middle = target->rect().center();
    QDragEnterEvent enter(middle, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(target, &enter);
    QDropEvent dropped(middle, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(target, &dropped);
}

void press(QWidget* target, int key, const QString& text)
{
    QKeyEvent down(QEvent::KeyPress, key, Qt::NoModifier, text);
    QCoreApplication::sendEvent(target, &down);
    QKeyEvent up(QEvent::KeyRelease, key, Qt::NoModifier, text);
    QCoreApplication::sendEvent(target, &up);
}

/// Until a page has what it reads from disk and engine.
void settle()
{
    QEventLoop loop;
    QTimer::singleShot(std::chrono::milliseconds(500), &loop, &QEventLoop::quit);
    loop.exec();
}

}  // namespace

DemoSession::DemoSession(Studio& studio, QString folder) : m_studio(studio), m_folder(std::move(folder))
{
    m_limit.setSingleShot(true);
    connect(&m_limit, &QTimer::timeout, this, [this] {
        fail(tr("no answer within 5 minutes; the engine says: %1").arg(m_studio.client().stateText()));
    });
}

void DemoSession::begin()
{
    QDir().mkpath(m_folder);
    m_studio.window().resize(kWindow);
    m_limit.start(kLongest);
    connect(&m_studio.loaded(), &ui::LoadedModels::becameReady, this, &DemoSession::attachAndAsk);
    connect(&m_studio.loaded(), &ui::LoadedModels::loadFailed, this,
            [this](const QString& model, const QString& sentence) {
                fail(model + QStringLiteral(": ") + sentence);
            });
    connect(&m_studio.chat(), &ui::ChatViewModel::problem, this, &DemoSession::fail);
    connect(&m_studio.chat().thread(), &ui::ThreadModel::textAppended, this, &DemoSession::follow);
    connect(&m_studio.chat(), &ui::ChatViewModel::answeringChanged, this, [this] {
        if (m_hasAsked && !m_studio.chat().isAnswering())
            QTimer::singleShot(200, this, &DemoSession::finish);  // once the last figures are laid out
    });
}

void DemoSession::attachAndAsk()
{
    if (m_hasAsked)
        return;
    auto* box = m_studio.window().findChild<QWidget*>(QStringLiteral("composerBox"));
    auto* text = m_studio.window().findChild<QWidget*>(QStringLiteral("chatComposer"));
    if (!box || !text) {
        fail(tr("the chat page has no composer"));
        return;
    }
    m_hasAsked = true;
    connect(&m_studio.chat().draft(), &ui::Draft::changed, this, [this, text] {
        if (m_studio.chat().draft().pictures().isEmpty() || m_studio.chat().isAnswering())
            return;
        m_studio.chat().draft().disconnect(this);
        const QString question = firstQuestion();
        for (const QChar letter : question)
            press(text, 0, QString(letter));
        save(QStringLiteral("asking"));
        press(text, Qt::Key_Return, QStringLiteral("\r"));
    });
    drop(box, QString::fromStdString((resourcesFolder() / "demo-data/picture.png").string()));
}

void DemoSession::follow()
{
    if (std::exchange(m_isStreamSaved, true))
        return;
    QTimer::singleShot(50, this, [this] { save(QStringLiteral("streaming")); });
}

void DemoSession::finish()
{
    const ui::ThreadModel& thread = m_studio.chat().thread();
    if (thread.rowCount() < 2) {
        fail(tr("the question was not asked"));
        return;
    }
    const ui::Turn answer = thread.turn(thread.rowCount() - 1);
    if (answer.state != core::MessageState::Complete || answer.text.isEmpty() || !answer.stats) {
        fail(answer.error.isEmpty() ? tr("the answer broke off") : answer.error);
        return;
    }
    const QString question = thread.turn(thread.rowCount() - 2).text;
    std::printf("> %s\n%s\n\n%d tokens, %.1f tok/s, first after %.0f ms\n", qPrintable(question),
                qPrintable(answer.text.trimmed()), answer.stats->completionTokens,
                answer.stats->decodeTokensPerSecond, 1e3 * answer.stats->timeToFirstTokenSeconds);

    const ui::Theme::Scheme scheme = ui::Theme::scheme();
    bool isSaved = true;
    for (const bool isDark : {false, true}) {
        ui::Theme::setScheme(isDark ? ui::Theme::Scheme::Dark : ui::Theme::Scheme::Light);
        for (const QString& page : m_studio.window().pageIds()) {
            m_studio.window().showPage(page);
            settle();
            isSaved = save(page + (isDark ? QStringLiteral("-dark") : QStringLiteral("-light"))) && isSaved;
        }
    }
    ui::Theme::setScheme(scheme);
    if (!isSaved) {
        fail(tr("cannot write pictures into %1").arg(m_folder));
        return;
    }
    std::printf("Pictures of this session: %s/*.png\n", qPrintable(QDir(m_folder).absolutePath()));
    std::fflush(stdout);
    QCoreApplication::exit(0);
}

void DemoSession::fail(const QString& sentence)
{
    std::fprintf(stderr, "facet: %s\n", qPrintable(sentence));
    QCoreApplication::exit(1);
}

bool DemoSession::save(const QString& name)
{
    return m_studio.window().grab().save(m_folder + QLatin1Char('/') + name + QStringLiteral(".png"));
}

}  // namespace facet::app
