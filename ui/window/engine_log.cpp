#include "ui/window/engine_log.h"

#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace facet::ui {

void EngineLog::show(QWidget* parent, EngineClient& client)
{
    auto* dialog = new EngineLog(parent, client);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

EngineLog::EngineLog(QWidget* parent, EngineClient& client) : QDialog(parent)
{
    setObjectName(QStringLiteral("engineLog"));
    setWindowTitle(tr("Engine log"));
    resize(800, 480);
    auto* column = new QVBoxLayout(this);
    auto* text = new QPlainTextEdit;
    text->setObjectName(QStringLiteral("engineLogText"));
    text->setAccessibleName(tr("Engine log"));
    text->setReadOnly(true);
    text->setLineWrapMode(QPlainTextEdit::NoWrap);
    text->setFont(Theme::font(TextStyle::MonoSmall));
    text->setMaximumBlockCount(1000);
    column->addWidget(text);

    auto* row = new QHBoxLayout;
    row->addStretch();
    QPushButton* copy = makeButton(QStringLiteral("engineLogCopy"), tr("Copy all"), ButtonKind::Outlined,
                                   QStringLiteral("copy"));
    QPushButton* close = makeButton(QStringLiteral("engineLogClose"), tr("Close"), ButtonKind::Outlined);
    connect(copy, &QPushButton::clicked, text,
            [text] { QGuiApplication::clipboard()->setText(text->toPlainText()); });
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    row->addWidget(copy);
    row->addWidget(close);
    column->addLayout(row);

    EngineProcess* process = client.process();
    if (!process) {
        text->setPlainText(tr("The engine is not a process of this window; its log is where it runs."));
        return;
    }
    text->setPlainText(process->log().join(QLatin1Char('\n')));
    text->moveCursor(QTextCursor::End);
    connect(process, &EngineProcess::logLine, text, &QPlainTextEdit::appendPlainText);
}

}  // namespace facet::ui
