// ChatViewModel: model, settings, presets, meter, export.

#include "core/base/file.h"
#include "core/conversations/conversation_export.h"
#include "ui/background.h"
#include "ui/chat/chat_view_model.h"

#include <QDir>
#include <QFileInfo>
#include <QRegularExpression>

#include <algorithm>
#include <filesystem>

namespace facet::ui {

using core::ConversationStore;
using core::Durability;
using core::Result;

/// "bf16" for "bfloat16", as people say.
static QString shortType(const QString& weights)
{
    if (weights == QStringLiteral("bfloat16"))
        return QStringLiteral("bf16");
    if (weights == QStringLiteral("float32"))
        return QStringLiteral("fp32");
    return weights;
}

QString shownName(const QString& model)
{
    if (!model.startsWith(u'/'))
        return model;
    static const QRegularExpression kCheckpoint(QStringLiteral("/([^/]+)/checkpoints/step-0*([0-9]+)/?$"));
    const QRegularExpressionMatch match = kCheckpoint.match(model);
    return match.hasMatch() ? ChatViewModel::tr("%1, step %2").arg(match.captured(1), match.captured(2))
                            : QDir(model).dirName();
}

void ChatViewModel::refreshModels()
{
    m_models.refresh();
    runInBackground(
        this, [library = m_library] { return library.list(); },
        [this](const Result<std::vector<core::LibraryEntry>>& entries) {
            if (!entries)
                report(entries.error());
            m_names.clear();
            if (entries)
                for (const core::LibraryEntry& entry : *entries)
                    m_names.append(QString::fromStdString(entry.name));
            for (const core::BuiltInModel& model : m_builtIns)
                if (const QString name = QString::fromStdString(model.name); !m_names.contains(name))
                    m_names.append(name);
            if (m_conversation.settings.model.empty() && !m_names.isEmpty()) {
                m_conversation.settings.model = m_names.first().toStdString();
                Q_EMIT conversationChanged();
            }
            takeModels();
        });
}

void ChatViewModel::takeModels()
{
    QList<ModelChoice> choices;
    const auto choiceOf = [](const QString& name, const EngineModel* model) {
        ModelChoice choice{name, {}, false};
        if (!model)
            return choice;
        choice.isReady = model->state == EngineModel::State::Ready;
        if (choice.isReady)
            choice.detail = shortType(model->weights);
        else if (model->state == EngineModel::State::Loading)
            choice.detail = tr("%1 %").arg(static_cast<int>(model->progress * 100));
        else
            choice.detail = tr("cannot be loaded");
        return choice;
    };
    // Names are of this machine's library: an engine elsewhere has only what it has loaded.
    if (m_client.isLocal())
        for (const QString& name : m_names)
            choices.append(choiceOf(name, m_models.find(name)));
    // A checkpoint is chosen by its folder.
    if (const QString name = model(); name.startsWith(u'/'))
        choices.append(choiceOf(name, m_models.find(name)));
    for (const EngineModel& model : m_models.models()) {
        const bool isListed = std::any_of(choices.begin(), choices.end(), [&](const ModelChoice& choice) {
            return m_models.find(choice.name) == &model;
        });
        if (!isListed)
            choices.append(choiceOf(model.id, &model));
    }
    if (choices == m_choices)
        return;
    m_choices = choices;
    Q_EMIT modelsChanged();
}

/// Which adapters go with the model depends on where it lies.
void ChatViewModel::followAdapters()
{
    const EngineModel* loaded = m_models.find(model());
    m_adapterOffers.setModel(model(), loaded ? loaded->path : QString());
}

/// A base model opens in completion mode; only what the engine says of it can tell.
void ChatViewModel::followModel()
{
    const EngineModel* loaded = m_models.find(model());
    if (!loaded || loaded->state != EngineModel::State::Ready ||
        loaded->isCompletionOnly == m_conversation.settings.isCompletion || !m_conversation.messages.empty())
        return;
    m_conversation.settings.isCompletion = loaded->isCompletionOnly;
    m_saveSettings.start();
    Q_EMIT settingsChanged();
}

void ChatViewModel::setModel(const QString& name)
{
    if (name != model()) {
        m_conversation.settings.model = name.toStdString();
        m_saveSettings.start();
        takeModels();
        Q_EMIT conversationChanged();
        Q_EMIT comparisonChanged();
    }
    // Chosen is meant to be used: it loads while the user types.
    m_models.ensureReady(name, this, [this](const Result<EngineModel>& loaded) {
        if (!loaded)
            report(loaded.error());
        followModel();
        updateMeter();
    });
}

void ChatViewModel::setSystemPrompt(const QString& text)
{
    if (text == QString::fromStdString(m_conversation.settings.systemPrompt))
        return;
    m_conversation.settings.systemPrompt = text.toStdString();
    m_saveSettings.start();
    updateMeter();
    Q_EMIT settingsChanged();
}

void ChatViewModel::setSampling(const core::Sampling& sampling)
{
    if (sampling == m_conversation.settings.sampling)
        return;
    m_conversation.settings.sampling = sampling;
    m_saveSettings.start();
    updateMeter();
    Q_EMIT settingsChanged();
}

void ChatViewModel::saveSettings()
{
    m_saveSettings.stop();
    if (m_conversation.id == 0)
        return;
    m_service.ask<bool>(
        this, Durability::Process,
        [id = m_conversation.id,
         settings = m_conversation.settings](ConversationStore& store) -> Result<bool> {
            if (Result<void> done = store.setSettings(id, settings); !done)
                return done.error();
            return true;
        },
        [this](const Result<bool>& done) {
            if (!done)
                report(done.error());
        });
}

core::Preset ChatViewModel::currentPreset() const
{
    for (const core::Preset& preset : m_presets)
        if (QString::fromStdString(preset.name) == m_presetName)
            return preset;
    return {defaultPresetName().toStdString(), {}, {}};
}

int ChatViewModel::numChanged() const
{
    const core::Preset preset = currentPreset();
    const core::Sampling& ours = m_conversation.settings.sampling;
    const core::Sampling& theirs = preset.sampling;
    return (m_conversation.settings.systemPrompt != preset.systemPrompt) +
           (ours.temperature != theirs.temperature) + (ours.topP != theirs.topP) +
           (ours.topK != theirs.topK) + (ours.minP != theirs.minP) +
           (ours.repetitionPenalty != theirs.repetitionPenalty) + (ours.maxTokens != theirs.maxTokens) +
           (ours.seed != theirs.seed) + (ours.panAndScan != theirs.panAndScan);
}

void ChatViewModel::readPresets()
{
    m_service.ask<std::vector<core::Preset>>(
        this, Durability::Process, [](ConversationStore& store) { return store.presets(); },
        [this](const Result<std::vector<core::Preset>>& presets) {
            if (!presets) {
                report(presets.error());
                return;
            }
            m_presets = *presets;
            Q_EMIT presetsChanged();
            Q_EMIT settingsChanged();
        });
}

void ChatViewModel::choosePreset(const QString& name)
{
    m_presetName = name;
    const core::Preset preset = currentPreset();
    m_conversation.settings.systemPrompt = preset.systemPrompt;
    m_conversation.settings.sampling = preset.sampling;
    m_saveSettings.start();
    updateMeter();
    Q_EMIT settingsChanged();
}

void ChatViewModel::savePreset(const QString& name)
{
    const QString trimmed = name.simplified();
    if (trimmed.isEmpty() || trimmed == defaultPresetName()) {
        Q_EMIT problem(
            tr("\"%1\" stays as it is: choose another name for these settings.").arg(defaultPresetName()));
        return;
    }
    core::Preset preset{trimmed.toStdString(), m_conversation.settings.systemPrompt,
                        m_conversation.settings.sampling};
    m_service.ask<bool>(
        this, Durability::Power,
        [preset](ConversationStore& store) -> Result<bool> {
            if (Result<void> done = store.savePreset(preset); !done)
                return done.error();
            return true;
        },
        [this, trimmed](const Result<bool>& done) {
            if (!done) {
                report(done.error());
                return;
            }
            m_presetName = trimmed;
            readPresets();
        });
}

void ChatViewModel::removePreset(const QString& name)
{
    m_service.ask<bool>(
        this, Durability::Power,
        [name = name.toStdString()](ConversationStore& store) -> Result<bool> {
            if (Result<void> done = store.removePreset(name); !done)
                return done.error();
            return true;
        },
        [this](const Result<bool>& done) {
            if (!done)
                report(done.error());
            m_presetName = defaultPresetName();
            readPresets();
        });
}

void ChatViewModel::setDraftText(const QString& text)
{
    m_draftText = text;
    updateMeter();
}

void ChatViewModel::updateMeter()
{
    TokenMeter::Subject subject;
    subject.history = requestFor(m_conversation, m_conversation.leaf);
    const EngineModel* loaded = m_models.find(model());
    subject.history.model = loaded && loaded->state == EngineModel::State::Ready ? loaded->id : QString();
    subject.draft = {QStringLiteral("user"), m_draftText, {}};
    for (const core::Picture& picture : m_draft.pictures())
        subject.draft.pictures.append(
            QString::fromStdString(m_service.attachments().pathOf(picture).string()));
    subject.systemPrompt = QString::fromStdString(m_conversation.settings.systemPrompt);
    m_meter.setSubject(std::move(subject));
}

/// Writes a conversation and copies its pictures to a folder beside it.
static Result<QString> writeExport(const core::Conversation& conversation,
                                   const core::Attachments& attachments, const QString& path,
                                   ExportFormat format)
{
    const std::filesystem::path file = path.toStdString();
    const std::string folder = file.stem().string() + "-pictures";
    for (const core::StoredMessage& message : conversation.messages)
        for (const core::Picture& picture : message.pictures) {
            std::error_code error;
            std::filesystem::create_directories(file.parent_path() / folder, error);
            std::filesystem::copy_file(attachments.pathOf(picture),
                                       file.parent_path() / folder / picture.file,
                                       std::filesystem::copy_options::overwrite_existing, error);
            if (error)
                return core::Error{core::ErrorCode::Io, "The picture " + picture.name +
                                                            " cannot be copied beside " + file.string() +
                                                            ": " + error.message()};
        }
    const core::PictureLink link = [&folder](const core::Picture& picture) {
        return folder + "/" + picture.file;
    };
    const std::string text = format == ExportFormat::Markdown ? core::exportMarkdown(conversation, link)
                                                              : core::exportJson(conversation, link);
    if (Result<void> written = core::writeFileAtomically(file, text); !written)
        return written.error();
    return path;
}

void ChatViewModel::exportTo(const QString& path, ExportFormat format)
{
    runInBackground(
        this,
        [conversation = m_conversation, attachments = m_service.attachments(), path, format] {
            return writeExport(conversation, attachments, path, format);
        },
        [this](const Result<QString>& written) {
            if (written)
                Q_EMIT exported(*written);
            else
                report(written.error());
        });
}

}  // namespace facet::ui
