#pragma once

// The one table of colours, sizes and type of the window, for light and dark. Nothing else in ui/ may hold a
// colour: a test looks for it.
//
// Contrast was checked for every pair that occurs: text at least 4.5:1, outlines and curves at least 3:1.

#include <QRgb>

#include <array>

namespace facet::ui {

/// What a colour is for.
enum class Role {
    Window,   ///< page ground
    Surface,  ///< cards, panes, headers, fields
    Sunken,   ///< rail, status bar, code, the track of segments
    Raised,   ///< menus, tooltips, toasts
    Hover,
    Pressed,  ///< also the empty track of bars
    Selected,
    Border,        ///< hairlines
    BorderStrong,  ///< outline of what one can edit or press
    Text,
    Text2,    ///< labels, second columns
    Text3,    ///< help, units, times
    TextOff,  ///< disabled only
    Accent,
    AccentHover,
    AccentPressed,
    OnAccent,
    AccentText,  ///< links, the selected rail item
    Focus,
    Success,
    SuccessSoft,
    Warning,
    WarningSoft,
    Danger,
    DangerSoft,
    DangerFill,
    OnDanger,
    Info,
    InfoSoft,
    Changed,
    ChangedSoft,
    MaskLoss,
    MaskNone,
    MaskPicture,
    MaskCut,
    CodeKey,
    CodeString,
    CodeNumber,
    CodeComment,
    Grid,
    Axis,
    Part1,  ///< of stacked bars, always with a legend in the same order
    Part2,
    Part3,
    Part4,
    Part5,
    Part6,
    Part7,
    Curve1,  ///< of plots: a run each; dash and end mark say it again
    Curve2,
    Curve3,
    Curve4,
    Curve5,
    Curve6,
    Curve7,
    Curve8,
    NumRoles,
};

struct ColorToken {
    Role role;
    QRgb light;  ///< 0xRRGGBB
    QRgb dark;
};

inline constexpr std::array<ColorToken, static_cast<size_t>(Role::NumRoles)> kColors = {{
    {Role::Window, 0xF3F4F6, 0x14171A},       {Role::Surface, 0xFFFFFF, 0x1C2024},
    {Role::Sunken, 0xECEEF1, 0x101316},       {Role::Raised, 0xFFFFFF, 0x262B30},
    {Role::Hover, 0xEEF0F2, 0x272C32},        {Role::Pressed, 0xE1E4E8, 0x31373E},
    {Role::Selected, 0xDCEEF0, 0x16373E},     {Role::Border, 0xD8DCE1, 0x30363D},
    {Role::BorderStrong, 0x858D96, 0x767F89}, {Role::Text, 0x191D21, 0xE8EBEE},
    {Role::Text2, 0x464E57, 0xB8BFC7},        {Role::Text3, 0x5B646E, 0x9AA3AC},
    {Role::TextOff, 0x9AA2AA, 0x636B74},      {Role::Accent, 0x0B6B7B, 0x55C2D0},
    {Role::AccentHover, 0x095866, 0x74D0DC},  {Role::AccentPressed, 0x074753, 0x3FA9B7},
    {Role::OnAccent, 0xFFFFFF, 0x05242A},     {Role::AccentText, 0x0A6272, 0x6CCBD8},
    {Role::Focus, 0x0B6B7B, 0x6CCBD8},        {Role::Success, 0x1F6B2B, 0x7FCB8B},
    {Role::SuccessSoft, 0xE0F1E2, 0x1B3421},  {Role::Warning, 0x7F5200, 0xE8B85A},
    {Role::WarningSoft, 0xFBF0D5, 0x3A2F14},  {Role::Danger, 0xB0241C, 0xF58E84},
    {Role::DangerSoft, 0xFBE5E3, 0x44211E},   {Role::DangerFill, 0xB0241C, 0xC9362C},
    {Role::OnDanger, 0xFFFFFF, 0xFFFFFF},     {Role::Info, 0x2357A8, 0x8DB4F7},
    {Role::InfoSoft, 0xE3ECFA, 0x1D2E4C},     {Role::Changed, 0x6B3FA0, 0xC3A2F0},
    {Role::ChangedSoft, 0xEFE8F8, 0x332747},  {Role::MaskLoss, 0xC5E6EA, 0x1B4E57},
    {Role::MaskNone, 0xECEEF1, 0x272C32},     {Role::MaskPicture, 0xE9E1F6, 0x3A2E52},
    {Role::MaskCut, 0xFBE5E3, 0x44211E},      {Role::CodeKey, 0x0A6272, 0x6CCBD8},
    {Role::CodeString, 0x1F6B2B, 0x7FCB8B},   {Role::CodeNumber, 0x7A3E9D, 0xC3A2F0},
    {Role::CodeComment, 0x5B646E, 0x9AA3AC},  {Role::Grid, 0xE6E9EC, 0x282E34},
    {Role::Axis, 0x858D96, 0x767F89},         {Role::Part1, 0x0B6B7B, 0x55C2D0},
    {Role::Part2, 0xD17905, 0xE58A3C},        {Role::Part3, 0x822676, 0xC06AA6},
    {Role::Part4, 0x3D97C7, 0x89C1F5},        {Role::Part5, 0x7FB3A0, 0x6FA592},
    {Role::Part6, 0xC9B458, 0xD2BC55},        {Role::Part7, 0x9AA2AA, 0x767F89},
    {Role::Curve1, 0x005EF5, 0x3D86FF},       {Role::Curve2, 0xD17905, 0xE0481A},
    {Role::Curve3, 0x024B24, 0x56FBA3},       {Role::Curve4, 0x822676, 0xB4507F},
    {Role::Curve5, 0x7A5400, 0xE6BB00},       {Role::Curve6, 0x3D97C7, 0x89C1F5},
    {Role::Curve7, 0x919191, 0xDFE5EC},       {Role::Curve8, 0x5B289F, 0x8B60C3},
}};

constexpr bool colorsAreInOrder()
{
    for (size_t i = 0; i < kColors.size(); ++i)
        if (kColors[i].role != static_cast<Role>(i))
            return false;
    return true;
}
static_assert(colorsAreInOrder());

/// Kinds of text. The size of each is scaled by Settings' text size.
enum class TextStyle {
    PageTitle,
    PaneTitle,
    Stat,
    StatLarge,
    Section,
    Chat,
    Body,
    BodyStrong,  ///< names
    Button,
    Small,
    SmallStrong,  ///< labels of fields
    Caption,
    CaptionStrong,  ///< table heads, chips
    Mono,           ///< every number that stands in a column, changes live or is compared
    MonoSmall,      ///< logs, scripts, tokens
    NumStyles,
};

struct TextToken {
    TextStyle style;
    int pixels;
    int weight;  ///< as in QFont::Weight
    bool isMono = false;
};

inline constexpr std::array<TextToken, static_cast<size_t>(TextStyle::NumStyles)> kTextStyles = {{
    {TextStyle::PageTitle, 18, 600},
    {TextStyle::PaneTitle, 16, 600},
    {TextStyle::Stat, 18, 600},
    {TextStyle::StatLarge, 20, 600},
    {TextStyle::Section, 14, 600},
    {TextStyle::Chat, 14, 400},
    {TextStyle::Body, 13, 400},
    {TextStyle::BodyStrong, 13, 600},
    {TextStyle::Button, 13, 500},
    {TextStyle::Small, 12, 400},
    {TextStyle::SmallStrong, 12, 500},
    {TextStyle::Caption, 11, 400},
    {TextStyle::CaptionStrong, 11, 500},
    {TextStyle::Mono, 12, 400, true},
    {TextStyle::MonoSmall, 11, 400, true},
}};

constexpr bool textStylesAreInOrder()
{
    for (size_t i = 0; i < kTextStyles.size(); ++i)
        if (kTextStyles[i].style != static_cast<TextStyle>(i))
            return false;
    return true;
}
static_assert(textStylesAreInOrder());

/// Logical pixels.
namespace space {
inline constexpr int kXs = 4, kS = 8, kM = 12, kL = 16, kXl = 24, kXxl = 32;
}
namespace radius {
inline constexpr int kBox = 3, kChip = 4, kControl = 6, kCard = 8, kDialog = 10;
}
namespace height {
inline constexpr int kControl = 32, kCompact = 28, kRowEditor = 24, kChip = 20, kTableRow = 28, kListRow = 52,
                     kDownloadRow = 62, kPageHeader = 56, kTabBar = 40, kCardHeader = 40, kStatusBar = 28;
}
namespace width {
inline constexpr int kRail = 72, kConversations = 256, kInspector = 304, kModelDetail = 400, kThread = 720,
                     kDialog = 480, kPalette = 560, kRuns = 344, kRunsNarrow = 264;
}

}  // namespace facet::ui
