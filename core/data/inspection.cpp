#include "core/data/inspection.h"

#include "core/base/json.h"
#include "core/base/sha256.h"
#include "core/data/loss_mask.h"
#include "core/data/tar_shard.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace facet::core {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShown = 5;           // problems
constexpr int64_t kPart = 2048;        // samples that a thread takes at once
constexpr size_t kMostFolders = 1000;  // of pictures, to be looked at again later

bool isFile(const std::string& source)
{
    return source.find("://") == std::string::npos && !source.starts_with("data:") &&
           !source.starts_with("tar:");
}

/// Neighbours among the samples.
struct Part {
    Inspection counts;
    std::vector<int64_t> lengths;
    std::set<std::string> folders;
    std::optional<Error> error;  ///< where bad samples are not skipped: the first of them

    void problem(const std::string& text)
    {
        if (counts.problems.size() < kShown)
            counts.problems.push_back(text);
    }
};

class Inspector {
public:
    Inspector(const SampleSource& samples, const SampleText* text, const InspectionOptions& options,
              const Progress& progress)
        : m_samples(samples),
          m_text(text),
          m_options(options),
          m_progress(progress),
          m_parts(static_cast<size_t>((samples.numSamples() + kPart - 1) / kPart))
    {
    }

    Result<Inspection> inspect()
    {
        const ReadInOrder reading(m_samples);
        const size_t numThreads =
            std::min<size_t>(std::max(1U, std::thread::hardware_concurrency()), m_parts.size());
        std::vector<std::jthread> others;
        for (size_t i = 1; i < numThreads; ++i)
            others.emplace_back([this] { takeParts(); });
        takeParts();
        others.clear();
        if (m_isCancelled)
            return Error{ErrorCode::Cancelled, "reading the rows was cancelled"};
        return sum();
    }

private:
    void takeParts()
    {
        while (!m_isCancelled) {
            const size_t number = m_next++;
            if (number >= m_parts.size() || number > m_firstWrong)
                return;
            const int64_t first = static_cast<int64_t>(number) * kPart;
            const int64_t end = std::min(first + kPart, m_samples.numSamples());
            Part& part = m_parts[number];
            for (int64_t i = first; i < end && !part.error; ++i)
                inspectSample(i, part);
            const std::lock_guard lock(m_mutex);
            if (part.error)
                m_firstWrong = std::min(m_firstWrong.load(), number);
            m_done += end - first;
            if (m_progress && !m_progress(m_done, m_samples.numSamples()))
                m_isCancelled = true;
        }
    }

    void inspectSample(int64_t index, Part& part) const
    {
        const Result<DataSample> sample = m_samples.sample(index);
        Result<TokenizedSample> tokens = TokenizedSample();
        if (sample && m_text)
            tokens = tokenizeSample(*sample, m_text->tokenizer, m_text->chatTemplate, m_text->config,
                                    {m_options.everything});
        Result<void> read = !sample   ? Result<void>(sample.error())
                            : !tokens ? Result<void>(tokens.error().during(m_samples.placeOf(index)))
                                      : decodePictures(*sample, index);
        if (!read && !m_options.skipBad) {
            part.error = read.error();
            return;
        }
        if (!read) {
            ++part.counts.bad;
            part.problem(read.error().message);
            return;
        }
        ++part.counts.good;
        lookForPictures(*sample, index, part);
        if (!m_text)
            return;
        part.lengths.push_back(std::ssize(tokens->ids));
        if (m_options.sequenceLength > 0 && !truncate(*tokens, m_options.sequenceLength))
            ++part.counts.useless;
        part.counts.tokens += std::ssize(tokens->ids);
        part.counts.inLoss += tokens->numInLoss();
    }

    Result<void> decodePictures(const DataSample& sample, int64_t index) const
    {
        if (!m_options.pictures)
            return {};
        for (const std::string& source : sample.pictureSources()) {
            const Result<Image> image = readPicture(source);
            if (!image)
                return image.error().during(m_samples.placeOf(index));
        }
        return {};
    }

    void lookForPictures(const DataSample& sample, int64_t index, Part& part) const
    {
        for (const std::string& source : sample.pictureSources()) {
            ++part.counts.pictures;
            if (!isFile(source))
                continue;
            if (part.folders.size() <= kMostFolders)
                part.folders.insert(fs::path(source).parent_path().string());
            std::error_code ignored;
            if (fs::exists(source, ignored))
                continue;
            ++part.counts.missingPictures;
            part.problem(m_samples.placeOf(index) + ": the picture " + source +
                         " does not exist; check the path, or give --image-root");
        }
    }

    Result<Inspection> sum() const
    {
        Part all;
        all.counts.format = m_samples.format();
        for (const Part& part : m_parts) {
            if (part.error)
                return *part.error;
            for (int64_t Inspection::*count :
                 {&Inspection::good, &Inspection::bad, &Inspection::pictures, &Inspection::missingPictures,
                  &Inspection::tokens, &Inspection::inLoss, &Inspection::useless})
                all.counts.*count += part.counts.*count;
            all.lengths.insert(all.lengths.end(), part.lengths.begin(), part.lengths.end());
            all.folders.insert(part.folders.begin(), part.folders.end());
            for (const std::string& problem : part.counts.problems)
                all.problem(problem);
        }
        for (const std::string& folder : all.folders)
            all.counts.pictureFolders[folder];
        if (all.lengths.empty())
            return all.counts;
        const auto middle = all.lengths.begin() + std::ssize(all.lengths) / 2;
        std::ranges::nth_element(all.lengths, middle);
        all.counts.median = *middle;
        const auto [least, most] = std::ranges::minmax(all.lengths);
        all.counts.shortest = least;
        all.counts.longest = most;
        return all.counts;
    }

    const SampleSource& m_samples;
    const SampleText* m_text;
    const InspectionOptions& m_options;
    const Progress& m_progress;
    std::vector<Part> m_parts;
    std::atomic<size_t> m_next = 0;
    std::atomic<size_t> m_firstWrong = SIZE_MAX;  // part, where bad samples are not skipped
    std::atomic<bool> m_isCancelled = false;
    std::mutex m_mutex;
    int64_t m_done = 0;  // under m_mutex
};

/// "name size time" of a file, or of all files in a folder that `isWanted`.
Result<std::string> namesOf(const fs::path& path, bool (*isWanted)(const fs::path&))
{
    std::vector<fs::path> files = {path};
    std::error_code problem;
    if (fs::is_directory(path, problem)) {
        files.clear();
        for (fs::recursive_directory_iterator at(path, problem), end; !problem && at != end;
             at.increment(problem))
            if (isWanted(at->path()) && fs::is_regular_file(at->path()))
                files.push_back(at->path());
        if (problem)
            return Error{ErrorCode::Io, "cannot read " + path.string() + ": " + problem.message()};
        std::ranges::sort(files);
    }
    std::string names;
    for (const fs::path& file : files) {
        const Result<std::string> name = nameInCache(file);
        if (!name)
            return name.error();
        names += *name + "\n";
    }
    return names;
}

fs::path placeFor(const std::string& key)
{
    return dataCacheFolder() / (key + ".inspection.json");
}

constexpr std::pair<const char*, int64_t Inspection::*> kCounts[] = {
    {"good", &Inspection::good},         {"bad", &Inspection::bad},
    {"pictures", &Inspection::pictures}, {"missing_pictures", &Inspection::missingPictures},
    {"tokens", &Inspection::tokens},     {"in_loss", &Inspection::inLoss},
    {"useless", &Inspection::useless},   {"shortest", &Inspection::shortest},
    {"median", &Inspection::median},     {"longest", &Inspection::longest}};

std::string timeOf(const fs::path& folder)
{
    std::error_code problem;
    const fs::file_time_type time = fs::last_write_time(folder.empty() ? "." : folder, problem);
    return problem ? "none" : std::to_string(time.time_since_epoch().count());
}

}  // namespace

Result<Inspection> inspectSamples(const SampleSource& samples, const SampleText* text,
                                  const InspectionOptions& options, const Progress& progress)
{
    return Inspector(samples, text, options, progress).inspect();
}

Result<std::string> inspectionKey(const fs::path& source, const fs::path& model, const std::string& settings)
{
    const Result<std::string> read = namesOf(source, [](const fs::path&) { return true; });
    if (!read)
        return read;
    const Result<std::string> how = model.empty() ? std::string() : namesOf(model, [](const fs::path& file) {
        return file.extension() != ".safetensors" && file.extension() != ".bin";
    });
    if (!how)
        return how;
    const Result<std::string> program = nameInCache("/proc/self/exe");
    const std::string_view parts[] = {*read, "\n",    *how, "\n", program ? std::string_view(*program) : "",
                                      "\n",  settings};
    std::string key;
    for (const char byte : sha256(parts))
        for (const int half : {(byte >> 4) & 15, byte & 15})
            key += "0123456789abcdef"[half];
    return key;
}

std::optional<Inspection> keptInspection(const std::string& key)
{
    const Result<nlohmann::json> object = readJsonObject(placeFor(key));
    if (!object)
        return std::nullopt;
    Inspection inspection;
    try {
        object->at("format").get_to(inspection.format);
        for (const auto& [name, count] : kCounts)
            object->at(name).get_to(inspection.*count);
        object->at("problems").get_to(inspection.problems);
        object->at("picture_folders").get_to(inspection.pictureFolders);
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;  // damaged
    }
    for (const auto& [folder, time] : inspection.pictureFolders)
        if (timeOf(folder) != time)
            return std::nullopt;
    return inspection;
}

void keepInspection(const std::string& key, const Inspection& inspection, fs::file_time_type began)
{
    if (inspection.pictureFolders.size() > kMostFolders)
        return;
    nlohmann::ordered_json object = {{"format", inspection.format}};
    for (const auto& [name, count] : kCounts)
        object[name] = inspection.*count;
    object["problems"] = inspection.problems;
    object["picture_folders"] = nlohmann::ordered_json::object();
    std::error_code ignored;
    for (const auto& [folder, none] : inspection.pictureFolders) {
        const std::string time = timeOf(folder);
        if (time != "none" && fs::last_write_time(folder.empty() ? "." : folder, ignored) >= began)
            return;
        object["picture_folders"][folder] = time;
    }
    fs::create_directories(dataCacheFolder(), ignored);
    const std::string text =
        object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    if (const Result<void> kept = writeFileAtomically(placeFor(key), text); !kept)
        return;  // it is read again
}

}  // namespace facet::core
