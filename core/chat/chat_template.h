#pragma once

#include "core/base/result.h"
#include "core/chat/message.h"

#include <filesystem>
#include <string>
#include <vector>

namespace facet::core {

/// A stretch of a rendered prompt: words of the template, words of a message, or the place of a picture.
struct PromptPart {
    enum class Kind {
        Template,  ///< control pieces in it count
        Text,      ///< from a message: control pieces in it are plain text
        Image,     ///< `text` is the ImagePart's source
    };
    Kind kind = Kind::Text;
    std::string text;
};

/// How a model wants its conversations written.
class ChatTemplate {
public:
    enum class Kind {
        None,     ///< a base model: it completes text
        Gemma3,   ///< one of the known Gemma 3 templates, rendered natively
        Unknown,  ///< something else; difference() says where it departs from Gemma 3's
    };

    /// Reads chat_template.jinja, chat_template.json or tokenizer_config.json of a model folder, in this order.
    static Result<ChatTemplate> open(const std::filesystem::path& modelFolder);

    Kind kind() const;
    const std::string& source() const;  ///< the Jinja text; "" if there is none
    std::string difference() const;     ///< for Unknown: a short unified diff against the nearest known template

    /// The prompt, with its one <bos>.
    ///
    /// Errors  InvalidInput: roles that do not alternate, an unknown role, no message, no template (Kind::None).
    ///         For Kind::Unknown the Gemma 3 rendering is given only if `evenIfUnknown`.
    Result<std::vector<PromptPart>> render(const std::vector<Message>& messages, bool addGenerationPrompt,
                                           bool evenIfUnknown = false) const;

private:
    Kind m_kind = Kind::None;
    std::string m_source;
};

}  // namespace facet::core
