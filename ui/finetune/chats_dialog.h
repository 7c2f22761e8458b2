#pragma once

// Conversations of the studio as training data: which ones, and into which file.

#include "core/conversations/training_rows.h"

#include <QDialog>

class QListWidget;
class QPushButton;

namespace facet::ui {

class ConversationService;
class Label;

class ChatsDialog final : public QDialog {
    Q_OBJECT

public:
    /// Proposes a new file in `folder`. `service` must outlive this object.
    ChatsDialog(ConversationService& service, const QString& folder, QWidget* parent = nullptr);

Q_SIGNALS:
    void written(const QString& path, const core::TrainingRows& rows);

private:
    void list();
    void refresh();
    void write();
    void say(const QString& problem);

    ConversationService& m_service;
    QString m_folder;
    QListWidget* m_chats;
    Label* m_note;
    Label* m_problem;
    QPushButton* m_all;
    QPushButton* m_use;
    bool m_isWriting = false;
};

}  // namespace facet::ui
