#include "core/conversations/conversation.h"

#include <algorithm>
#include <map>

namespace facet::core {

const char* nameOf(MessageState state)
{
    switch (state) {
        case MessageState::Complete:
            return "complete";
        case MessageState::Writing:
            return "writing";
        case MessageState::Stopped:
            return "stopped";
        case MessageState::Failed:
            return "failed";
        case MessageState::Interrupted:
            return "interrupted";
    }
    return "";
}

std::vector<const StoredMessage*> branchTo(const Conversation& conversation, int64_t leaf)
{
    std::map<int64_t, const StoredMessage*> byId;
    for (const StoredMessage& message : conversation.messages)
        byId[message.id] = &message;
    std::vector<const StoredMessage*> branch;
    // A parent is older than its child, so a damaged file cannot make this go round.
    for (auto at = byId.find(leaf); at != byId.end();) {
        branch.push_back(at->second);
        const int64_t parent = at->second->parent;
        at = parent < at->first ? byId.find(parent) : byId.end();
    }
    std::reverse(branch.begin(), branch.end());
    return branch;
}

int64_t newestLeafBelow(const Conversation& conversation, int64_t message)
{
    int64_t leaf = message;
    // By id, so each message comes after its parent; the last one that hangs below wins.
    std::vector<int64_t> below = {message};
    for (const StoredMessage& other : conversation.messages)
        if (std::find(below.begin(), below.end(), other.parent) != below.end() && other.id > message) {
            below.push_back(other.id);
            leaf = other.id;
        }
    return leaf;
}

}  // namespace facet::core
