#pragma once

// A Chat page without a window around it: a home of its own, the fake engine, and the view model on both.

#include "tests/support/fake_engine.h"
#include "ui/chat/chat_view_model.h"

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
            std::make_unique<ChatViewModel>(*service, loaded, core::Library(folder),
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
    std::unique_ptr<ConversationService> service;
    std::unique_ptr<ChatViewModel> viewModel;
};

}  // namespace facet::ui
