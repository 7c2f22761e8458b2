#pragma once

// Which words of a line of code have which colour. Table driven and small on purpose: what models write in
// chats.

#include <QList>
#include <QString>
#include <QStringView>

namespace facet::ui {

enum class CodeColour { Keyword, String, Number, Comment };

struct CodeToken {
    int start = 0;
    int length = 0;
    CodeColour colour = CodeColour::Keyword;

    bool operator==(const CodeToken&) const = default;
};

/// Whether code in `language` ("python", "cpp", ...) has colours.
bool hasCodeColours(const QString& language);

/// The coloured parts of one line. `state` is what the line before left (0 at the beginning) and is set for
/// the next: a comment or string that goes on.
QList<CodeToken> colourCode(const QString& language, QStringView line, int& state);

}  // namespace facet::ui
