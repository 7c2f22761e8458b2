#include "ui/finetune/job_form.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/run/run_folder.h"
#include "ui/background.h"
#include "ui/finetune/job_rules.h"

#include <QFileInfo>
#include <QThread>

#include <algorithm>
#include <utility>

namespace facet::ui {

using nlohmann::json;

namespace {

constexpr int kDraftDelayMs = 500;

/// The job's own, not the recipe's.
bool isOwn(const std::string& key)
{
    return key == "name" || key == "dir" || key == "recipe";
}

core::Result<void> writeText(const std::filesystem::path& path, const std::string& text)
{
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    return core::writeFileAtomically(path, text);
}

}  // namespace

QString shellWord(const QString& word)
{
    static const QString safe = QStringLiteral("/._-+=:,@%");
    const bool isPlain = !word.isEmpty() && std::all_of(word.begin(), word.end(), [](QChar c) {
        return (c.unicode() < 128 && c.isLetterOrNumber()) || safe.contains(c);
    });
    if (isPlain)
        return word;
    QString quoted = word;
    quoted.replace(QLatin1Char('\''), QStringLiteral("'\\''"));
    return QLatin1Char('\'') + quoted + QLatin1Char('\'');
}

JobForm::JobForm(Parts parts, QObject* parent) : QObject(parent), m_parts(std::move(parts))
{
    m_devices = {{"cpu", tr("CPU, %1 cores").arg(QThread::idealThreadCount()).toStdString(),
                  static_cast<double>(core::availableMemory()), true}};
    m_draftDelay.setSingleShot(true);
    m_draftDelay.setInterval(kDraftDelayMs);
    connect(&m_draftDelay, &QTimer::timeout, this, &JobForm::writeDraft);
    readDraft();
    if (m_document == JobDocument()) {
        m_document.said["recipe"] = "gemma3_4b_lora";
        readRecipe();
        if (m_recipe)
            m_document.said["name"] = freeRunName(m_parts.home, textOf(m_recipe->settings["name"]));
        else
            m_document.said.clear();
    }
    readRecipe();
    ask();
}

JobForm::~JobForm()
{
    if (m_draftDelay.isActive())
        writeDraft();
}

json JobForm::baseValue(const std::string& key) const
{
    if (m_recipe && !isOwn(key))
        if (const auto found = m_recipe->settings.find(key); found != m_recipe->settings.end())
            return found->second;
    return jobRule(key).absent;
}

json JobForm::value(const std::string& key) const
{
    const auto found = m_document.said.find(key);
    return found != m_document.said.end() ? found->second : baseValue(key);
}

QString JobForm::text(const std::string& key) const
{
    const auto typed = m_document.typed.find(key);
    return QString::fromStdString(typed != m_document.typed.end() ? typed->second : textOf(value(key)));
}

bool JobForm::differs(const std::string& key) const
{
    if (isOwn(key))
        return false;
    if (m_document.typed.contains(key))
        return true;
    const auto found = m_document.said.find(key);
    return found != m_document.said.end() && found->second != baseValue(key);
}

QString JobForm::problem(const std::string& key) const
{
    const auto found = m_verdict.problems.find(key);
    return found == m_verdict.problems.end() ? QString() : QString::fromStdString(found->second);
}

QString JobForm::warning(const std::string& key) const
{
    const auto found = m_verdict.warnings.find(key);
    return found == m_verdict.warnings.end() ? QString() : QString::fromStdString(found->second);
}

void JobForm::setText(const std::string& key, const QString& typed)
{
    if (typed == text(key))
        return;
    JobDocument document = m_document;
    const core::Result<json> value = valueOf(key, typed.toStdString());
    if (value) {
        put(document, key, *value);
    } else {
        document.typed[key] = typed.toStdString();
    }
    take(std::move(document), key);
}

void JobForm::set(const std::string& key, const json& value)
{
    JobDocument document = m_document;
    put(document, key, value);
    take(std::move(document), key);
}

void JobForm::apply(const jobs::Settings& changes)
{
    JobDocument document = m_document;
    for (const auto& [key, value] : changes)
        put(document, key, value);
    take(std::move(document), "");
}

void JobForm::put(JobDocument& document, const std::string& key, const json& value) const
{
    document.typed.erase(key);
    if (value == baseValue(key) && !isOwn(key))
        document.said.erase(key);
    else
        document.said[key] = value;
}

void JobForm::reset(const std::vector<std::string>& keys)
{
    JobDocument document = m_document;
    for (const std::string& key : keys) {
        document.typed.erase(key);
        document.said.erase(key);
    }
    take(std::move(document), "");
}

void JobForm::resetAll()
{
    JobDocument document = anew();
    for (const auto& [key, value] : m_document.said)
        if (isOwn(key))
            document.said[key] = value;
    take(std::move(document), "");
}

std::vector<std::string> JobForm::changedKeys() const
{
    std::vector<std::string> keys;
    for (const std::string& key : jobs::jobKeys())
        if (differs(key))
            keys.push_back(key);
    return keys;
}

void JobForm::undo()
{
    if (canUndo())
        show(m_history.undo(m_document));
}

void JobForm::redo()
{
    if (canRedo())
        show(m_history.redo(m_document));
}

void JobForm::take(JobDocument document, const std::string& what)
{
    if (document == m_document)
        return;
    m_history.add(m_document, what);
    show(std::move(document));
}

void JobForm::show(JobDocument document)
{
    m_document = std::move(document);
    readRecipe();
    ++m_round;
    m_draftDelay.start();
    Q_EMIT changed();
    ask();
}

void JobForm::readRecipe()
{
    const QString name = recipe();
    if (m_recipe && QString::fromStdString(m_recipe->name) == name)
        return;
    m_recipe.reset();
    if (name.isEmpty())
        return;
    if (core::Result<jobs::Recipe> read = jobs::readRecipe(m_parts.recipes, name.toStdString()))
        m_recipe = *std::move(read);
}

void JobForm::ask()
{
    if (m_isJudging)
        return;  // asks again when it is done
    m_isJudging = true;
    JudgedPlace place = {m_parts.home, m_parts.recipes, m_parts.builtIns, device()};
    if (!profile().empty())
        place.clusterGpus = m_clusterGpus;
    runInBackground(
        this, [document = m_document, place] { return judge(document, place); },
        [this, round = m_round](const JobVerdict& verdict) {
            m_isJudging = false;
            m_verdict = verdict;
            m_judgedRound = round;
            Q_EMIT judged();
            if (round != m_round)
                ask();
        });
}

QList<JobForm::RecipeName> JobForm::recipes() const
{
    QList<RecipeName> list;
    const core::Result<std::vector<std::string>> names = jobs::recipeNames(m_parts.recipes);
    if (!names)
        return list;
    for (const std::string& name : *names)
        if (const core::Result<jobs::Recipe> recipe = jobs::readRecipe(m_parts.recipes, name))
            list.append({QString::fromStdString(recipe->name), QString::fromStdString(recipe->title)});
    return list;
}

QString JobForm::recipe() const
{
    const auto found = m_document.said.find("recipe");
    return found == m_document.said.end() || !found->second.is_string()
               ? QString()
               : QString::fromStdString(found->second.get<std::string>());
}

void JobForm::startFromRecipe(const QString& name)
{
    JobDocument document = anew();
    if (!name.isEmpty()) {
        document.said["recipe"] = name.toStdString();
        if (const core::Result<jobs::Recipe> read = jobs::readRecipe(m_parts.recipes, name.toStdString())) {
            const auto title = read->settings.find("name");
            if (title != read->settings.end())
                document.said["name"] = freeRunName(m_parts.home, textOf(title->second));
        }
    }
    take(std::move(document), "");
}

core::Result<void> JobForm::open(const QString& path)
{
    QString file = path;
    const bool isRun = QFileInfo(path).isDir();
    if (isRun)
        file += QStringLiteral("/job.json");
    core::Result<jobs::Settings> settings = jobs::readJobFile(file.toStdString());
    if (!settings)
        return settings.error();
    const bool isOfRun = isRun || core::RunFolder{QFileInfo(file).path().toStdString()}.exists();
    if (isOfRun) {
        // Its job again, as a run of its own.
        settings->erase("dir");
        const auto name = settings->find("name");
        if (name != settings->end() && name->second.is_string())
            name->second = freeRunName(m_parts.home, name->second.get<std::string>());
    }
    JobDocument document = documentFrom(*settings);
    document.place = m_document.place;
    // A resolved job names every key: what is the recipe's stays the recipe's.
    const auto recipeName = document.said.find("recipe");
    if (recipeName != document.said.end() && recipeName->second.is_string()) {
        const core::Result<jobs::Recipe> read =
            jobs::readRecipe(m_parts.recipes, recipeName->second.get<std::string>());
        if (read)
            recipeName->second = read->name;
        for (auto at = document.said.begin(); read && at != document.said.end();) {
            const auto base = read->settings.find(at->first);
            const json& value = base != read->settings.end() ? base->second : jobRule(at->first).absent;
            at = !isOwn(at->first) && value == at->second ? document.said.erase(at) : std::next(at);
        }
    } else {
        std::erase_if(document.said, [](const auto& each) {
            return !isOwn(each.first) && each.second == jobRule(each.first).absent;
        });
    }
    m_file = isOfRun ? QString() : file;
    take(std::move(document), "");
    return {};
}

core::Result<void> JobForm::save(const QString& path)
{
    const core::Result<void> written = writeText(path.toStdString(), jobText(m_document).text);
    if (written)
        m_file = path;
    return written;
}

JobDocument JobForm::anew() const
{
    JobDocument document;
    document.place = m_document.place;
    return document;
}

void JobForm::setGpus(const std::vector<TrainDevice>& gpus)
{
    std::vector<TrainDevice> devices = gpus;
    devices.push_back(m_devices.back());
    if (devices == m_devices && m_areGpusKnown)
        return;
    m_areGpusKnown = true;
    m_devices = std::move(devices);
    ++m_round;
    Q_EMIT changed();
    ask();
}

std::vector<std::string> JobForm::chosenDevices() const
{
    const std::vector<std::string>& chosen = m_document.place.devices;
    return chosen.empty() ? std::vector<std::string>{m_devices.front().id} : chosen;
}

void JobForm::chooseDevices(const std::vector<std::string>& devices)
{
    JobDocument document = m_document;
    document.place.devices = devices;
    take(std::move(document), "");
}

void JobForm::chooseProfile(const std::string& name)
{
    JobDocument document = m_document;
    document.place.profile = name;
    take(std::move(document), "");
}

void JobForm::setClusterGpus(int64_t number)
{
    if (std::exchange(m_clusterGpus, number) != number && !profile().empty())
        judgeAgain();
}

TrainDevice JobForm::device() const
{
    if (!profile().empty())
        return {"", tr("a GPU of %1").arg(QString::fromStdString(profile())).toStdString(), 0, false};
    TrainDevice least = m_devices.back();
    bool isFirst = true;
    const std::vector<std::string> chosen = chosenDevices();
    for (const TrainDevice& device : m_devices)
        if (std::ranges::find(chosen, device.id) != chosen.end() &&
            (std::exchange(isFirst, false) || device.memoryBytes < least.memoryBytes))
            least = device;
    return least;
}

void JobForm::judgeAgain()
{
    ++m_round;
    ask();
}

QString JobForm::commandLine() const
{
    const QString file = m_file.isEmpty() ? QStringLiteral("%1.json").arg(text("name")) : m_file;
    if (!profile().empty())
        return QStringLiteral("facet-engine slurm %1 --profile %2")
            .arg(shellWord(file), shellWord(QString::fromStdString(profile())));
    const std::vector<std::string> devices = chosenDevices();
    QStringList ids;
    for (const std::string& device : devices)
        ids << QString::fromStdString(device);
    return (devices.size() == 1 ? QStringLiteral("facet-engine train %1 --device %2")
                                : QStringLiteral("facet-engine queue add %1 --device %2"))
        .arg(shellWord(file), ids.join(QLatin1Char(',')));
}

void JobForm::readDraft()
{
    const core::Result<json> file = core::readJsonObject(draftFile());
    if (!file) {
        if (file.error().code == core::ErrorCode::NotFound)
            return;
        // What cannot be read is not written over.
        std::error_code error;
        std::filesystem::path aside = draftFile();
        std::filesystem::rename(draftFile(), aside.replace_extension("damaged.json"), error);
        m_draftProblem =
            QString::fromStdString(file.error().message + "; it was put aside as " + aside.string());
        return;
    }
    core::Result<JobDocument> document = documentFromDraft(*file);
    if (document)
        m_document = *std::move(document);
    else
        m_draftProblem = QString::fromStdString(document.error().message);
}

void JobForm::writeDraft()
{
    m_draftDelay.stop();
    const core::Result<void> written = writeText(draftFile(), draftJson(m_document).dump(2) + "\n");
    m_draftProblem = written ? QString() : QString::fromStdString(written.error().message);
    if (written)
        m_draftSavedAt = QDateTime::currentDateTime();
    Q_EMIT draftSaved();
}

}  // namespace facet::ui
