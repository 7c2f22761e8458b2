#pragma once

// A Chat page without a window around it: a home of its own, the fake engine, and the view model on both.

#include "tests/support/fake_engine.h"
#include "ui/chat/chat_view_model.h"

#include <QDir>
#include <QFile>
#include <QImage>
#include <QPainter>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

namespace facet::ui {

class ChatFixture {
public:
    explicit ChatFixture(int paceMs = 2, const QString& model = QStringLiteral("tiny"))
        : engine(QStringLiteral("good"), paceMs)
    {
        client.useProcess(engine);
        open(model);
    }

    /// As a start of the program: the store is opened anew.
    void open(const QString& model = QStringLiteral("tiny"))
    {
        viewModel.reset();
        service.reset();
        const std::filesystem::path folder = home.path().toStdString();
        service = std::make_unique<ConversationService>(folder);
        viewModel =
            std::make_unique<ChatViewModel>(*service, loaded, runs, core::Library(folder),
                                            std::vector<core::BuiltInModel>{{model.toStdString(), "/none"}});
        viewModel->start();
        QTRY_COMPARE(viewModel->model(), model);
    }

    void ask(const QString& text)
    {
        viewModel->send(text);
        QTRY_VERIFY(viewModel->isAnswering());
        QTRY_VERIFY_WITH_TIMEOUT(!viewModel->isAnswering(), 20'000);
    }

    const Turn& turn(int row) const { return viewModel->thread().turn(row); }
    int numTurns() const { return viewModel->thread().rowCount(); }

    /// A folder that looks like an adapter, in a run of its own; gives its path.
    QString makeAdapter(const QString& run, int step, const QByteArray& base = {}) const
    {
        const QString folder = home.filePath(
            QStringLiteral("runs/%1/checkpoints/step-%2").arg(run).arg(step, 8, 10, QLatin1Char('0')));
        QDir().mkpath(folder);
        write(folder + QStringLiteral("/adapter_model.safetensors"), "weights");
        write(folder + QStringLiteral("/adapter_config.json"),
              "{\"base_model_name_or_path\": \"" + base + "\"}");
        write(home.filePath(QStringLiteral("runs/%1/job.json").arg(run)),
              "{\"facet_job\": 1, \"name\": \"" + run.toUtf8() + "\", \"model\": \"tiny\"}");
        core::RunStatus status = core::RunStatus::ofThisProcess();
        status.state = core::RunState::Done;
        status.step = status.numSteps = step;
        const std::filesystem::path place = home.filePath(QStringLiteral("runs/") + run).toStdString();
        if (!core::writeStatus({place}, status))
            qFatal("cannot write a status");
        return folder;
    }

    static void write(const QString& path, const QByteArray& bytes)
    {
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("cannot write %s", qPrintable(path));
    }

    QString makePicture(const QString& name, QSize size = {640, 480}) const
    {
        QImage image(size, QImage::Format_RGB888);
        image.fill(QColor(120, 105, 87));
        QPainter painter(&image);
        painter.fillRect(QRect(size.width() / 4, 20, size.width() / 2, size.height() - 40),
                         QColor(244, 241, 234));
        for (int y = 60; y < size.height() - 60; y += 24)
            painter.fillRect(QRect(size.width() / 3, y, size.width() / 4, 8), QColor(85, 82, 77));
        painter.end();
        const QString path = home.filePath(name);
        image.save(path, "PNG");
        return path;
    }

    QTemporaryDir home;
    FakeEngine engine;
    EngineClient client;
    LoadedModels loaded{client};
    RunList runs{{std::filesystem::path(home.path().toStdString()) / "runs"}};
    std::unique_ptr<ConversationService> service;
    std::unique_ptr<ChatViewModel> viewModel;
};

}  // namespace facet::ui
