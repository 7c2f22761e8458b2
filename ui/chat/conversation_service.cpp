#include "ui/chat/conversation_service.h"

namespace facet::ui {

ConversationService::ConversationService(const std::filesystem::path& home, QObject* parent)
    : QObject(parent), m_attachments(home / "attachments"), m_writer(home / "conversations.db")
{
}

}  // namespace facet::ui
