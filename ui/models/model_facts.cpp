#include "ui/models/model_facts.h"

#include "core/chat/chat_template.h"
#include "core/models/model_summary.h"

#include <QCoreApplication>

#include <algorithm>

namespace facet::ui {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("ModelFacts", text);
}

QString dtypeName(const std::string& type)
{
    return type == "BF16"  ? QStringLiteral("bf16")
           : type == "F32" ? QStringLiteral("fp32")
           : type == "F16" ? QStringLiteral("fp16")
                           : QString::fromStdString(type);
}

void takeTemplate(const std::filesystem::path& folder, ModelFacts& facts)
{
    const core::Result<core::ChatTemplate> chat = core::ChatTemplate::open(folder);
    if (!chat) {
        facts.templateInWords = QString::fromStdString(chat.error().message);
        return;
    }
    switch (chat->kind()) {
        case core::ChatTemplate::Kind::None:
            facts.templateInWords = tr("none: a base model, for completion");
            break;
        case core::ChatTemplate::Kind::Gemma3:
            facts.templateInWords = tr("Gemma 3, system as prefix");
            facts.isInstruction = true;
            break;
        case core::ChatTemplate::Kind::Unknown:
            facts.templateInWords = tr("unknown, not Gemma 3's");
            facts.isInstruction = true;
            break;
    }
}

}  // namespace

ModelFacts inspectModel(const core::LibraryEntry& entry)
{
    ModelFacts facts;
    const core::Result<core::ModelFolder> folder = core::ModelFolder::open(entry.path, entry.textOnly);
    if (!folder) {
        facts.problem = QString::fromStdString(folder.error().message);
        return facts;
    }
    const core::ModelSummary summary = core::summarize(*folder);
    for (const core::ModelSummary::Part& part : summary.parts)
        facts.parts.append({QString::fromStdString(part.name), part.numParameters});
    facts.parameters = summary.numParameters;
    facts.bytes = static_cast<qint64>(summary.totalBytes);
    facts.files = static_cast<int>(summary.files.size());
    facts.licence = QString::fromStdString(summary.licence);
    const auto most =
        std::ranges::max_element(summary.parametersByType, {}, [](const auto& item) { return item.second; });
    if (most != summary.parametersByType.end())
        facts.dtype = dtypeName(most->first);
    if (folder->path.parent_path().filename() == "snapshots")
        facts.revision = QString::fromStdString(folder->path.filename().string());

    const core::gemma3::TextConfig& text = folder->config.text;
    facts.hasVision = folder->config.vision.has_value();
    facts.tensors = static_cast<int>(folder->tensors.size());
    facts.accounting = QString::fromStdString(folder->accounting.inWords());
    facts.layers = static_cast<int>(text.numLayers);
    facts.globalLayers = static_cast<int>(std::ranges::count(text.layers, core::gemma3::LayerKind::Global));
    facts.window = static_cast<int>(text.slidingWindow);
    facts.hidden = static_cast<int>(text.hiddenSize);
    facts.feedForward = static_cast<int>(text.intermediateSize);
    facts.heads = static_cast<int>(text.numHeads);
    facts.keyHeads = static_cast<int>(text.numKvHeads);
    facts.headWidth = static_cast<int>(text.headDim);
    facts.context = static_cast<int>(text.maxPositions);
    if (folder->config.vision) {
        facts.imageSize = static_cast<int>(folder->config.vision->imageSize);
        facts.tokensPerImage = static_cast<int>(folder->config.tokensPerImage);
    }
    takeTemplate(folder->path, facts);
    return facts;
}

}  // namespace facet::ui
