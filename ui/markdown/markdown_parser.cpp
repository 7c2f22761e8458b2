#include "ui/markdown/markdown_parser.h"

#include <QHash>

#include <md4c.h>

#include <optional>

namespace facet::ui {

namespace {

struct OpenList {
    bool isOrdered = false;
    int number = 1;
    char delimiter = '.';
};

/// Turns md4c's nested calls into a flat list.
class Flattener {
public:
    int enter(MD_BLOCKTYPE type, void* detail);
    int leave(MD_BLOCKTYPE type);
    int enter(MD_SPANTYPE type, void* detail);
    int leave(MD_SPANTYPE type);
    int text(MD_TEXTTYPE type, const char* bytes, MD_SIZE size);

    MarkdownParse result() && { return std::move(m_result); }

private:
    MarkdownBlock& open(MarkdownBlock::Kind kind);
    void close() { m_isOpen = false; }
    RichText& target();
    void add(const QString& text);

    MarkdownParse m_result;
    bool m_isOpen = false;  // whether the last block takes text
    QList<OpenList> m_lists;
    int m_quotes = 0;
    int m_heading = 0;
    std::optional<QString> m_marker;  // of an item whose first block has not come yet
    bool m_isInCell = false;
    QList<quint8> m_styles = {0};
    QList<QString> m_addresses = {QString()};
};

}  // namespace

static QString fromUtf8(const char* bytes, MD_SIZE size)
{
    return QString::fromUtf8(bytes, static_cast<qsizetype>(size));
}

/// "&amp;", "&#8230;", "&#x2026;". One that is not known stays as it is written.
static QString decodeEntity(const QString& entity)
{
    static const QHash<QString, QString> known = {
        {QStringLiteral("amp"), QStringLiteral("&")},    {QStringLiteral("lt"), QStringLiteral("<")},
        {QStringLiteral("gt"), QStringLiteral(">")},     {QStringLiteral("quot"), QStringLiteral("\"")},
        {QStringLiteral("apos"), QStringLiteral("'")},   {QStringLiteral("nbsp"), QString(QChar(0xA0))},
        {QStringLiteral("copy"), QStringLiteral("©")},   {QStringLiteral("reg"), QStringLiteral("®")},
        {QStringLiteral("hellip"), QStringLiteral("…")}, {QStringLiteral("ndash"), QStringLiteral("–")},
        {QStringLiteral("mdash"), QStringLiteral("—")},  {QStringLiteral("times"), QStringLiteral("×")},
        {QStringLiteral("deg"), QStringLiteral("°")},    {QStringLiteral("euro"), QStringLiteral("€")},
        {QStringLiteral("rarr"), QStringLiteral("→")},   {QStringLiteral("larr"), QStringLiteral("←")},
        {QStringLiteral("le"), QStringLiteral("≤")},     {QStringLiteral("ge"), QStringLiteral("≥")},
        {QStringLiteral("ne"), QStringLiteral("≠")},     {QStringLiteral("middot"), QStringLiteral("·")},
        {QStringLiteral("plusmn"), QStringLiteral("±")}, {QStringLiteral("micro"), QStringLiteral("µ")},
        {QStringLiteral("frac12"), QStringLiteral("½")}, {QStringLiteral("auml"), QStringLiteral("ä")},
        {QStringLiteral("ouml"), QStringLiteral("ö")},   {QStringLiteral("uuml"), QStringLiteral("ü")},
        {QStringLiteral("szlig"), QStringLiteral("ß")},  {QStringLiteral("eacute"), QStringLiteral("é")}};
    const QString name = entity.mid(1, entity.size() - 2);
    if (!name.startsWith(u'#'))
        return known.value(name, entity);
    const bool isHex = name.size() > 1 && name[1].toLower() == u'x';
    const char32_t code = name.mid(isHex ? 2 : 1).toUInt(nullptr, isHex ? 16 : 10);
    const bool isCharacter = code > 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    return isCharacter ? QString::fromUcs4(&code, 1) : QString(QChar::ReplacementCharacter);
}

MarkdownBlock& Flattener::open(MarkdownBlock::Kind kind)
{
    MarkdownBlock block;
    block.kind = kind;
    block.indent = static_cast<int>(m_lists.size());
    block.quote = m_quotes;
    block.heading = m_heading;
    if (m_marker)
        block.marker = *std::exchange(m_marker, std::nullopt);
    m_result.blocks.append(block);
    m_isOpen = true;
    return m_result.blocks.last();
}

/// Where text goes: the cell, the block, or a new block (in a tight list text has no paragraph around it).
RichText& Flattener::target()
{
    if (m_isInCell)
        return m_result.blocks.last().rows.last().last();
    if (!m_isOpen)
        open(MarkdownBlock::Kind::Text);
    return m_result.blocks.last().text;
}

void Flattener::add(const QString& text)
{
    RichText& rich = target();
    const quint8 styles = m_styles.last();
    const int start = static_cast<int>(rich.text.size());
    const int length = static_cast<int>(text.size());
    rich.text += text;
    if (styles == 0)
        return;
    if (!rich.spans.isEmpty()) {
        Span& last = rich.spans.last();
        if (last.start + last.length == start && last.styles == styles &&
            last.address == m_addresses.last()) {
            last.length += length;
            return;
        }
    }
    rich.spans.append({start, length, styles, m_addresses.last()});
}

int Flattener::enter(MD_BLOCKTYPE type, void* detail)
{
    switch (type) {
        case MD_BLOCK_QUOTE:
            close();
            ++m_quotes;
            break;
        case MD_BLOCK_UL:
            close();
            m_lists.append(OpenList{});
            break;
        case MD_BLOCK_OL: {
            close();
            const auto* list = static_cast<MD_BLOCK_OL_DETAIL*>(detail);
            m_lists.append(OpenList{true, static_cast<int>(list->start), list->mark_delimiter});
            break;
        }
        case MD_BLOCK_LI: {
            close();
            const auto* item = static_cast<MD_BLOCK_LI_DETAIL*>(detail);
            OpenList& list = m_lists.last();
            if (m_lists.size() == 1 && m_quotes == 0) {
                m_result.lastNumber = list.isOrdered ? list.number : 0;
                m_result.lastDelimiter = list.delimiter;
            }
            if (item->is_task)
                m_marker = item->task_mark == ' ' ? QStringLiteral("☐") : QStringLiteral("☑");
            else if (list.isOrdered)
                m_marker = QString::number(list.number) + QLatin1Char(list.delimiter);
            else
                m_marker = QStringLiteral("•");
            ++list.number;
            break;
        }
        case MD_BLOCK_HR:
            open(MarkdownBlock::Kind::Rule);
            close();
            break;
        case MD_BLOCK_H:
            m_heading = static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
            open(MarkdownBlock::Kind::Text);
            break;
        case MD_BLOCK_P:
            open(MarkdownBlock::Kind::Text);
            break;
        case MD_BLOCK_CODE: {
            const auto* code = static_cast<MD_BLOCK_CODE_DETAIL*>(detail);
            open(MarkdownBlock::Kind::Code).language = fromUtf8(code->lang.text, code->lang.size);
            break;
        }
        case MD_BLOCK_TABLE:
            open(MarkdownBlock::Kind::Table);
            break;
        case MD_BLOCK_TR:
            m_result.blocks.last().rows.append(QList<RichText>());
            break;
        case MD_BLOCK_TH:
        case MD_BLOCK_TD: {
            MarkdownBlock& table = m_result.blocks.last();
            const MD_ALIGN align = static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align;
            if (type == MD_BLOCK_TH)
                table.columns.append(align == MD_ALIGN_RIGHT    ? MarkdownBlock::Align::Right
                                     : align == MD_ALIGN_CENTER ? MarkdownBlock::Align::Center
                                                                : MarkdownBlock::Align::Left);
            table.rows.last().append(RichText());
            m_isInCell = true;
            break;
        }
        case MD_BLOCK_DOC:
        case MD_BLOCK_HTML:
        case MD_BLOCK_THEAD:
        case MD_BLOCK_TBODY:
            break;
    }
    return 0;
}

int Flattener::leave(MD_BLOCKTYPE type)
{
    switch (type) {
        case MD_BLOCK_QUOTE:
            --m_quotes;
            close();
            break;
        case MD_BLOCK_UL:
        case MD_BLOCK_OL:
            m_lists.removeLast();
            close();
            break;
        case MD_BLOCK_LI:
            if (m_marker)
                open(MarkdownBlock::Kind::Text);
            close();
            break;
        case MD_BLOCK_H:
            m_heading = 0;
            close();
            break;
        case MD_BLOCK_CODE: {
            QString& code = m_result.blocks.last().code;
            if (code.endsWith(u'\n'))
                code.chop(1);
            close();
            break;
        }
        case MD_BLOCK_TH:
        case MD_BLOCK_TD:
            m_isInCell = false;
            break;
        case MD_BLOCK_P:
        case MD_BLOCK_TABLE:
            close();
            break;
        default:
            break;
    }
    if (m_lists.isEmpty() && (type == MD_BLOCK_P || type == MD_BLOCK_H || type == MD_BLOCK_CODE ||
                              type == MD_BLOCK_TABLE || type == MD_BLOCK_HR || type == MD_BLOCK_UL))
        m_result.lastNumber = 0;
    return 0;
}

int Flattener::enter(MD_SPANTYPE type, void* detail)
{
    quint8 styles = m_styles.last();
    QString address = m_addresses.last();
    switch (type) {
        case MD_SPAN_EM:
            styles |= Italic;
            break;
        case MD_SPAN_STRONG:
            styles |= Bold;
            break;
        case MD_SPAN_CODE:
            styles |= InlineCode;
            break;
        case MD_SPAN_DEL:
            styles |= Strike;
            break;
        case MD_SPAN_A: {
            const MD_ATTRIBUTE& href = static_cast<MD_SPAN_A_DETAIL*>(detail)->href;
            styles |= Link;
            address = fromUtf8(href.text, href.size);
            break;
        }
        case MD_SPAN_IMG: {
            const MD_ATTRIBUTE& source = static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src;
            styles |= Link;
            address = fromUtf8(source.text, source.size);
            break;
        }
        default:
            break;
    }
    m_styles.append(styles);
    m_addresses.append(address);
    return 0;
}

int Flattener::leave(MD_SPANTYPE)
{
    m_styles.removeLast();
    m_addresses.removeLast();
    return 0;
}

int Flattener::text(MD_TEXTTYPE type, const char* bytes, MD_SIZE size)
{
    switch (type) {
        case MD_TEXT_NULLCHAR:
            add(QString(QChar::ReplacementCharacter));
            return 0;
        case MD_TEXT_BR:
        case MD_TEXT_SOFTBR:
            add(QString(QChar::LineSeparator));
            return 0;
        case MD_TEXT_ENTITY:
            add(decodeEntity(fromUtf8(bytes, size)));
            return 0;
        case MD_TEXT_HTML: {
            const QString tag = fromUtf8(bytes, size);
            const QString bare = tag.toLower().remove(u' ');
            add(bare == QStringLiteral("<br>") || bare == QStringLiteral("<br/>")
                    ? QString(QChar::LineSeparator)
                    : tag);
            return 0;
        }
        case MD_TEXT_CODE:
            if (m_isOpen && m_result.blocks.last().kind == MarkdownBlock::Kind::Code) {
                m_result.blocks.last().code += fromUtf8(bytes, size);
                return 0;
            }
            break;
        case MD_TEXT_NORMAL:
        case MD_TEXT_LATEXMATH:
            break;
    }
    add(fromUtf8(bytes, size));
    return 0;
}

MarkdownParse parseMarkdown(const QByteArray& utf8)
{
    MD_PARSER parser{};
    parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                   MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOHTMLBLOCKS;
    parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* to) {
        return static_cast<Flattener*>(to)->enter(type, detail);
    };
    parser.leave_block = [](MD_BLOCKTYPE type, void*, void* to) {
        return static_cast<Flattener*>(to)->leave(type);
    };
    parser.enter_span = [](MD_SPANTYPE type, void* detail, void* to) {
        return static_cast<Flattener*>(to)->enter(type, detail);
    };
    parser.leave_span = [](MD_SPANTYPE type, void*, void* to) {
        return static_cast<Flattener*>(to)->leave(type);
    };
    parser.text = [](MD_TEXTTYPE type, const MD_CHAR* bytes, MD_SIZE size, void* to) {
        return static_cast<Flattener*>(to)->text(type, bytes, size);
    };
    Flattener flattener;
    md_parse(utf8.constData(), static_cast<MD_SIZE>(utf8.size()), &parser, &flattener);
    return std::move(flattener).result();
}

}  // namespace facet::ui
