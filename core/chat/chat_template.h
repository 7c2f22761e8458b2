#pragma once

// How a model wants its conversations written. Gemma 3's templates are known and rendered here in C++, word
// for word as transformers' apply_chat_template does; another template is recognised as such, never run.

#include "core/base/result.h"
#include "core/chat/message.h"

#include <filesystem>
#include <string>
#include <string_view>
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

class ChatTemplate {
public:
    enum class Kind {
        None,     ///< a base model: it completes text
        Gemma3,   ///< one of the known Gemma 3 templates, rendered natively
        Unknown,  ///< something else; difference() says where it departs from Gemma 3's
    };

    /// Reads chat_template.jinja, chat_template.json or tokenizer_config.json of a model folder, in this
    /// order; of a GGUF file, the one in its metadata. Of several named templates it is the one called
    /// "default".
    ///
    /// Errors  InvalidInput if one of them is malformed or has no default, Io. No template is no error.
    static Result<ChatTemplate> open(const std::filesystem::path& modelFolder);

    /// Recognises a template by its text; "" is none.
    static ChatTemplate fromSource(std::string source);

    Kind kind() const { return m_kind; }
    const std::string& source() const { return m_source; }  ///< the Jinja text; "" if there is none

    /// For Unknown: what it has and Gemma 3's has not ("+", its own words), and what of Gemma 3's it lacks
    /// ("-", a description: the text itself is Google's and not part of Facet). "" for the other kinds.
    std::string difference() const;

    /// The prompt, with its one <bos>.
    ///
    /// The system message, if it is first, is put in front of the first turn, and as in transformers only its
    /// first part counts. Texts are trimmed part by part of what Python calls white space.
    ///
    /// Errors  InvalidInput: roles that do not alternate, an unknown role, no message but the system's, no
    ///         template (Kind::None). For Kind::Unknown the Gemma 3 rendering is given only if
    ///         `evenIfUnknown`.
    Result<std::vector<PromptPart>> render(const std::vector<Message>& messages, bool addGenerationPrompt,
                                           bool evenIfUnknown = false) const;

private:
    Kind m_kind = Kind::None;
    std::string m_source;
    std::string m_systemSeparator = "\n\n";  ///< one newline in the first files that Google published
};

/// What render() makes of a message's text: trimmed of what Python calls white space.
std::string renderedText(std::string_view text);

/// The parts as one string, <start_of_image> for each picture: what apply_chat_template(tokenize=False)
/// gives.
std::string asText(const std::vector<PromptPart>& parts);

}  // namespace facet::core
