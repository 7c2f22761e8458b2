#include "ui/markdown/code_colours.h"

#include <QHash>
#include <QSet>

namespace facet::ui {

namespace {

struct Language {
    QSet<QString> keywords;
    QString lineComment;
    QString blockBegin;
    QString blockEnd;
    QString longQuote;  // python's """, go's and javascript's `
    bool hasSingleQuotes = true;
    bool isCaseBlind = false;
    bool hasKeys = false;  // a name before a colon is a key: json, yaml
};

}  // namespace

static QSet<QString> words(const char* list)
{
    const QStringList split = QString::fromLatin1(list).split(u' ');
    return {split.begin(), split.end()};
}

static const QHash<QString, Language>& languages()
{
    static const QHash<QString, Language> all = [] {
        const QString slashes = QStringLiteral("//");
        const QString hash = QStringLiteral("#");
        const QString begin = QStringLiteral("/*");
        const QString end = QStringLiteral("*/");
        const QString back = QStringLiteral("`");
        QHash<QString, Language> table;
        const auto add = [&](const char* names, const Language& language) {
            for (const QString& name : words(names))
                table.insert(name, language);
        };
        add("python py python3", {words("and as assert async await break class continue def del elif else "
                                        "except finally for from global if "
                                        "import in is lambda nonlocal not or pass raise return try while "
                                        "with yield True False None self match case"),
                                  hash,
                                  {},
                                  {},
                                  QStringLiteral("\"\"\"")});
        add("c cpp c++ cxx h hpp cuda", {words("alignas auto bool break case catch char class const "
                                               "constexpr continue default delete do double else "
                                               "enum explicit extern false float for friend if inline int "
                                               "long namespace new noexcept nullptr operator "
                                               "private protected public return short signed sizeof static "
                                               "struct switch template this throw true try "
                                               "typedef typename union unsigned using virtual void volatile "
                                               "while size_t override final include define "
                                               "__global__ __device__ __shared__ __host__"),
                                         slashes,
                                         begin,
                                         end,
                                         {}});
        add("javascript js typescript ts jsx tsx",
            {words("async await break case catch class const continue default delete do else export extends "
                   "false finally "
                   "for from function if import in instanceof interface let new null of return static super "
                   "switch this "
                   "throw true try type typeof undefined var void while yield"),
             slashes, begin, end, back});
        add("java kotlin csharp cs", {words("abstract bool boolean break byte case catch char class const "
                                            "continue default do double else enum extends "
                                            "false final finally float for fun if implements import in int "
                                            "interface long namespace new null override "
                                            "package private protected public return static string super "
                                            "switch this throw throws true try using val "
                                            "var void when while"),
                                      slashes,
                                      begin,
                                      end,
                                      {}});
        add("rust rs", {words("as async await break const continue crate dyn else enum extern false fn for "
                              "if impl in let loop match mod "
                              "move mut pub ref return self Self static struct super trait true type unsafe "
                              "use where while"),
                        slashes,
                        begin,
                        end,
                        {},
                        false});
        add("go golang",
            {words("break case chan const continue default defer else fallthrough for func go goto if import "
                   "interface map "
                   "package range return select struct switch type var nil true false string int error"),
             slashes, begin, end, back});
        add("bash sh shell zsh console", {words("if then else elif fi for in do done while until case esac "
                                                "function return local export readonly set "
                                                "unset echo cd exit source trap shift eval exec sudo"),
                                          hash,
                                          {},
                                          {},
                                          {}});
        add("sql", {words("select from where and or not null insert into values update set delete create "
                          "table index view drop alter "
                          "add primary key foreign references join left right inner outer on group by order "
                          "having limit offset as "
                          "distinct union all case when then else end in is like between exists with"),
                    QStringLiteral("--"),
                    begin,
                    end,
                    {},
                    true,
                    true});
        add("json jsonc json5", {words("true false null"), slashes, begin, end, {}, false, false, true});
        add("yaml yml toml ini",
            {words("true false null yes no on off"), hash, {}, {}, {}, true, false, true});
        add("cmake makefile make dockerfile",
            {words("if else elseif endif foreach endforeach function endfunction set option include project "
                   "FROM RUN COPY CMD "
                   "ENV WORKDIR ADD EXPOSE ENTRYPOINT ARG"),
             hash,
             {},
             {},
             {}});
        return table;
    }();
    return all;
}

bool hasCodeColours(const QString& language)
{
    return languages().contains(language.toLower());
}

static bool isWordStart(QChar c)
{
    return c.isLetter() || c == u'_';
}

static bool isWord(QChar c)
{
    return c.isLetterOrNumber() || c == u'_';
}

/// Behind the closing quote of the string that begins at `at`, or the end of the line.
static qsizetype endOfString(QStringView line, qsizetype at)
{
    const QChar quote = line[at];
    for (qsizetype i = at + 1; i < line.size(); ++i) {
        if (line[i] == u'\\')
            ++i;
        else if (line[i] == quote)
            return i + 1;
    }
    return line.size();
}

static constexpr int kInComment = 1;
static constexpr int kInString = 2;

QList<CodeToken> colourCode(const QString& name, QStringView line, int& state)
{
    const auto found = languages().constFind(name.toLower());
    if (found == languages().constEnd())
        return {};
    const Language& language = *found;
    QList<CodeToken> tokens;
    const auto add = [&](qsizetype start, qsizetype end, CodeColour colour) {
        tokens.append({static_cast<int>(start), static_cast<int>(end - start), colour});
    };
    /// From `from` on to the end of what went on from an earlier line or began at `start`.
    const auto takeLong = [&](qsizetype start, qsizetype from, const QString& closing, int kind) {
        const qsizetype at = line.indexOf(closing, from);
        const qsizetype end = at < 0 ? line.size() : at + closing.size();
        state = at < 0 ? kind : 0;
        add(start, end, kind == kInComment ? CodeColour::Comment : CodeColour::String);
        return end;
    };
    qsizetype i = 0;
    if (state == kInComment)
        i = takeLong(0, 0, language.blockEnd, kInComment);
    else if (state == kInString)
        i = takeLong(0, 0, language.longQuote, kInString);
    while (i < line.size()) {
        const QStringView rest = line.sliced(i);
        const QChar c = line[i];
        if (!language.lineComment.isEmpty() && rest.startsWith(language.lineComment) &&
            (language.lineComment != u"#" || i == 0 || line[i - 1].isSpace())) {
            add(i, line.size(), CodeColour::Comment);
            break;
        }
        if (!language.blockBegin.isEmpty() && rest.startsWith(language.blockBegin))
            i = takeLong(i, i + language.blockBegin.size(), language.blockEnd, kInComment);
        else if (!language.longQuote.isEmpty() && rest.startsWith(language.longQuote))
            i = takeLong(i, i + language.longQuote.size(), language.longQuote, kInString);
        else if (c == u'"' || (c == u'\'' && language.hasSingleQuotes)) {
            const qsizetype end = endOfString(line, i);
            qsizetype next = end;
            while (next < line.size() && line[next] == u' ')
                ++next;
            const bool isKey = language.hasKeys && next < line.size() && line[next] == u':';
            add(i, end, isKey ? CodeColour::Keyword : CodeColour::String);
            i = end;
        } else if (c.isDigit()) {
            qsizetype end = i + 1;
            while (end < line.size() && (isWord(line[end]) || line[end] == u'.'))
                ++end;
            add(i, end, CodeColour::Number);
            i = end;
        } else if (isWordStart(c)) {
            qsizetype end = i + 1;
            while (end < line.size() && (isWord(line[end]) || (language.hasKeys && line[end] == u'-')))
                ++end;
            const QString word = line.sliced(i, end - i).toString();
            const bool isKey =
                language.hasKeys && end < line.size() && (line[end] == u':' || line[end] == u'=');
            if (isKey || language.keywords.contains(language.isCaseBlind ? word.toLower() : word))
                add(i, end, CodeColour::Keyword);
            i = end;
        } else
            ++i;
    }
    return tokens;
}

}  // namespace facet::ui
