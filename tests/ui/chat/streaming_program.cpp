// The chat without a window, for the kill test: `streaming_program HOME ENGINE-ADDRESS`. Asks for a long
// answer and prints what would be shown, when it is shown.

#include "ui/chat/chat_view_model.h"

#include <QGuiApplication>

#include <cstdio>

using namespace facet::ui;

int main(int argc, char** argv)
{
    QGuiApplication application(argc, argv);
    const std::filesystem::path home = argv[1];
    EngineClient client;
    LoadedModels loaded(client);
    client.useAddress({QUrl(QString::fromUtf8(argv[2])), "secret"});
    ConversationService service(home);
    ChatViewModel chat(service, loaded, facet::core::Library(home), {{"tiny", "/none"}});
    QObject::connect(&chat.thread(), &ThreadModel::textAppended, &chat, [](int, const QString& text) {
        std::fputs(text.toUtf8().constData(), stdout);
        std::fflush(stdout);
    });
    QObject::connect(&chat, &ChatViewModel::conversationChanged, &chat, [&chat] {
        if (!chat.isAnswering())
            chat.send(QStringLiteral("count 100000"));
    });
    chat.start();
    chat.setModel(QStringLiteral("tiny"));
    return QGuiApplication::exec();
}
