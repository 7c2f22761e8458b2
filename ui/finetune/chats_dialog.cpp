#include "ui/finetune/chats_dialog.h"

#include "ui/background.h"
#include "ui/chat/conversation_service.h"
#include "ui/models/words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QListWidget>
#include <QLocale>

namespace facet::ui {

using core::Result;

namespace {

/// Reads the conversations with these ids.
Result<std::vector<core::Conversation>> load(core::ConversationStore& store, const std::vector<int64_t>& ids)
{
    std::vector<core::Conversation> conversations;
    for (const int64_t id : ids) {
        Result<core::Conversation> conversation = store.load(id);
        if (!conversation)
            return conversation.error();
        conversations.push_back(*std::move(conversation));
    }
    return conversations;
}

/// Writes into a file that is not there yet: "chats.jsonl", "chats-2.jsonl", ...
Result<std::pair<QString, core::TrainingRows>> writeRows(const std::vector<core::Conversation>& conversations,
                                                         const core::Attachments& attachments,
                                                         const std::filesystem::path& folder)
{
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    std::filesystem::path file = folder / "chats.jsonl";
    for (int i = 2; std::filesystem::exists(file, problem); ++i)
        file = folder / ("chats-" + std::to_string(i) + ".jsonl");
    const Result<core::TrainingRows> rows = core::writeTrainingRows(conversations, attachments, file);
    if (!rows)
        return rows.error();
    return std::pair(QString::fromStdString(file.string()), *rows);
}

}  // namespace

ChatsDialog::ChatsDialog(ConversationService& service, const QString& folder, QWidget* parent)
    : QDialog(parent), m_service(service), m_folder(folder)
{
    setObjectName(QStringLiteral("chatsDialog"));
    setWindowTitle(tr("Use chats as training data"));
    setMinimumSize(480, 440);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXl, space::kXl, space::kXl, space::kL);
    column->setSpacing(space::kM);
    column->addWidget(new Label(tr("Which chats teach the model?"), TextStyle::Section));
    auto* note =
        new Label(tr("Of each chat the branch that is shown becomes one row, with its system prompt and "
                     "pictures, up to its last whole answer."),
                  TextStyle::Small, Role::Text2);
    note->setWordWrap(true);
    column->addWidget(note);
    m_chats = new QListWidget;
    m_chats->setObjectName(QStringLiteral("chatsToUse"));
    m_chats->setAccessibleName(tr("Chats"));
    m_chats->setUniformItemSizes(true);
    connect(m_chats, &QListWidget::itemChanged, this, &ChatsDialog::refresh);
    column->addWidget(m_chats, 1);
    m_note = new Label(TextStyle::Small, Role::Text2);
    m_note->setObjectName(QStringLiteral("chatsCount"));
    column->addWidget(m_note);
    m_problem = new Label(TextStyle::Small, Role::Danger);
    m_problem->setObjectName(QStringLiteral("chatsProblem"));
    m_problem->setWordWrap(true);
    m_problem->hide();
    column->addWidget(m_problem);
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kS);
    m_all = makeButton(QStringLiteral("allChats"), tr("Select all"), ButtonKind::Flat);
    connect(m_all, &QPushButton::clicked, this, [this] {
        for (int i = 0; i < m_chats->count(); ++i)
            m_chats->item(i)->setCheckState(Qt::Checked);
    });
    QPushButton* cancel = makeButton(QStringLiteral("cancelChats"), tr("Cancel"));
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    m_use = makeButton(QStringLiteral("useSelectedChats"), tr("Use them"), ButtonKind::Primary);
    m_use->setDefault(true);
    connect(m_use, &QPushButton::clicked, this, &ChatsDialog::write);
    row->addWidget(m_all);
    row->addStretch();
    row->addWidget(cancel);
    row->addWidget(m_use);
    column->addLayout(row);
    list();
    refresh();
}

void ChatsDialog::list()
{
    m_service.ask<std::vector<core::ConversationSummary>>(
        this, core::Durability::Process, [](core::ConversationStore& store) { return store.list(); },
        [this](const Result<std::vector<core::ConversationSummary>>& chats) {
            if (!chats) {
                say(QString::fromStdString(chats.error().message));
                return;
            }
            for (const core::ConversationSummary& chat : *chats) {
                const QString day = QLocale().toString(
                    QDateTime::fromMSecsSinceEpoch(chat.updatedAtMs).date(), QLocale::ShortFormat);
                const QString title =
                    chat.title.empty() ? tr("Untitled") : QString::fromStdString(chat.title);
                auto* item = new QListWidgetItem(
                    QStringLiteral("%1   %2%3")
                        .arg(title, day, chat.hasPictures ? tr(", with pictures") : QString()),
                    m_chats);
                item->setFlags(Qt::ItemIsUserCheckable | Qt::ItemIsEnabled | Qt::ItemIsSelectable);
                item->setData(Qt::UserRole, QVariant::fromValue<qint64>(chat.id));
                item->setCheckState(Qt::Unchecked);
            }
            m_chats->setCurrentRow(0);
            refresh();
        });
}

void ChatsDialog::refresh()
{
    int count = 0;
    for (int i = 0; i < m_chats->count(); ++i)
        count += m_chats->item(i)->checkState() == Qt::Checked ? 1 : 0;
    m_note->setText(m_chats->count() == 0
                        ? tr("There are no chats yet")
                        : tr("%1 of %2 chats selected; Space selects")
                              .arg(words::integer(count), words::integer(m_chats->count())));
    m_all->setEnabled(m_chats->count() > count);
    m_use->setEnabled(count > 0 && !m_isWriting);
}

void ChatsDialog::say(const QString& problem)
{
    m_isWriting = false;
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    refresh();
}

void ChatsDialog::write()
{
    std::vector<int64_t> ids;
    for (int i = 0; i < m_chats->count(); ++i)
        if (m_chats->item(i)->checkState() == Qt::Checked)
            ids.push_back(m_chats->item(i)->data(Qt::UserRole).toLongLong());
    m_isWriting = true;
    refresh();
    m_service.ask<std::vector<core::Conversation>>(
        this, core::Durability::Process, [ids](core::ConversationStore& store) { return load(store, ids); },
        [this](const Result<std::vector<core::Conversation>>& conversations) {
            if (!conversations) {
                say(QString::fromStdString(conversations.error().message));
                return;
            }
            runInBackground(
                this,
                [chats = *conversations, attachments = m_service.attachments(),
                 folder = std::filesystem::path(m_folder.toStdString())] {
                    return writeRows(chats, attachments, folder);
                },
                [this](const Result<std::pair<QString, core::TrainingRows>>& file) {
                    if (!file) {
                        say(QString::fromStdString(file.error().message));
                        return;
                    }
                    Q_EMIT written(file->first, file->second);
                    accept();
                });
        });
}

}  // namespace facet::ui
