#include "core/conversations/training_rows.h"

#include "core/base/new_file.h"
#include "core/chat/message_json.h"
#include "core/conversations/conversation_json.h"

namespace facet::core {
namespace {

bool isWhole(const StoredMessage& answer)
{
    const bool isCut = answer.stats && answer.stats->finishReason == "length";
    return answer.state == MessageState::Complete && !answer.text.empty() && !isCut;
}

/// The branch that is shown, up to its last whole answer.
std::vector<const StoredMessage*> learntFrom(const Conversation& conversation)
{
    std::vector<const StoredMessage*> branch = branchTo(conversation, conversation.leaf);
    size_t end = 0;
    for (size_t i = 0; i < branch.size(); ++i) {
        if (branch[i]->role != "assistant")
            continue;
        if (!isWhole(*branch[i]))
            break;
        end = i + 1;
    }
    branch.resize(end);
    return branch;
}

Error cannotCopy(const Picture& picture, const std::filesystem::path& file, const std::error_code& problem)
{
    return {ErrorCode::Io, "the picture " + picture.name + " cannot be copied beside " + file.string() +
                               ": " + problem.message()};
}

}  // namespace

Result<TrainingRows> writeTrainingRows(std::span<const Conversation> conversations,
                                       const Attachments& attachments, const std::filesystem::path& file)
{
    Result<NewFile> out = NewFile::create(file);
    if (!out)
        return out.error();
    const std::string folder = file.stem().string() + "-pictures";
    TrainingRows written;
    for (const Conversation& conversation : conversations) {
        const std::vector<const StoredMessage*> branch = learntFrom(conversation);
        if (branch.empty() || conversation.settings.isCompletion) {
            ++written.numLeftOut;
            continue;
        }
        std::vector<Message> messages;
        if (!conversation.settings.systemPrompt.empty())
            messages.push_back({"system", {TextPart{conversation.settings.systemPrompt}}});
        for (const StoredMessage* each : branch) {
            // Pictures stand in front of the text, as in the chat.
            Message& message = messages.emplace_back(Message{each->role, {}});
            for (const Picture& picture : each->pictures) {
                std::error_code problem;
                std::filesystem::create_directories(file.parent_path() / folder, problem);
                std::filesystem::copy_file(attachments.pathOf(picture),
                                           file.parent_path() / folder / picture.file,
                                           std::filesystem::copy_options::overwrite_existing, problem);
                if (problem)
                    return cannotCopy(picture, file, problem);
                message.content.emplace_back(ImagePart{folder + "/" + picture.file});
                ++written.numPictures;
            }
            if (!each->text.empty() || each->pictures.empty())
                message.content.emplace_back(TextPart{each->text});
        }
        const nlohmann::json row = {{"messages", messagesToJson(messages)}};
        if (const Result<void> added = out->write(dump(row) + "\n"); !added)
            return added.error();
        ++written.numRows;
    }
    if (written.numRows == 0)
        return Error{ErrorCode::InvalidInput,
                     "none of the conversations has a whole answer: there is nothing to learn from them"};
    if (const Result<void> finished = out->finish(); !finished)
        return finished.error();
    return written;
}

}  // namespace facet::core
