// facet: the studio's window. Reads the command line; app/studio/ makes the parts and joins them.

#include "app/studio/application.h"
#include "app/studio/demo_session.h"
#include "app/studio/size_session.h"
#include "app/studio/start_measure.h"
#include "app/studio/stream_session.h"
#include "app/studio/studio.h"
#include "core/models/library.h"
#include "ui/window/single_instance.h"

#include <QCommandLineParser>

#include <cstdio>

int main(int argc, char** argv)
{
    using namespace facet;

    app::Application application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("facet"));
    QApplication::setApplicationDisplayName(QStringLiteral("Facet"));
    QApplication::setApplicationVersion(QStringLiteral(FACET_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("facet"));

    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("A studio for Gemma 3: chat with it about pictures, and keep its models."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption model(QStringLiteral("model"),
                                   QStringLiteral("Choose and load this model of the library at the start."),
                                   QStringLiteral("name"));
    const QCommandLineOption engine(
        QStringLiteral("engine"),
        QStringLiteral("The facet-engine to start; by default the one beside this program."),
        QStringLiteral("program"));
    QCommandLineOption demo(
        QStringLiteral("demo-session"),
        QStringLiteral("Ask the demo's first question, and leave pictures of the window in a folder."),
        QStringLiteral("folder"));
    QCommandLineOption measure(QStringLiteral("measure-start"),
                               QStringLiteral("Print what the start took, and end."),
                               QStringLiteral("nanoseconds"));
    QCommandLineOption stream(QStringLiteral("stream-session"),
                              QStringLiteral("Ask again and again, and print what is shown."),
                              QStringLiteral("seconds"));
    QCommandLineOption size(QStringLiteral("size-session"),
                            QStringLiteral("Open what is large, print what it took, and end."),
                            QStringLiteral("part"));
    size.setFlags(QCommandLineOption::HiddenFromHelp);
    stream.setFlags(QCommandLineOption::HiddenFromHelp);
    demo.setFlags(QCommandLineOption::HiddenFromHelp);
    measure.setFlags(QCommandLineOption::HiddenFromHelp);
    parser.addOptions({model, engine, demo, measure, stream, size});
    parser.process(application);

    const core::LibraryPlace place = core::libraryPlace();
    ui::SingleInstance instance(QString::fromStdString(place.folder.string()));
    if (!parser.isSet(measure) && !instance.claim()) {
        std::fputs("facet: it runs already, and was brought to the front\n", stderr);
        return 0;
    }

    app::Studio studio({.model = parser.value(model), .engineProgram = parser.value(engine)});
    QObject::connect(&instance, &ui::SingleInstance::calledAgain, &studio.window(),
                     &ui::MainWindow::bringForward);
    app::StartMeasure startMeasure(studio.window());
    if (parser.isSet(measure))
        startMeasure.begin(parser.value(measure).toLongLong());
    studio.show();
    if (parser.isSet(size))
        return app::SizeSession(application, studio).run(parser.value(size));

    app::DemoSession session(studio, parser.value(demo));
    if (parser.isSet(demo))
        session.begin();
    app::StreamSession streamSession(application, studio);
    if (parser.isSet(stream))
        streamSession.begin(std::chrono::seconds(parser.value(stream).toInt()));
    return QApplication::exec();
}
