#include "core/data/energon_writer.h"

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/chat/message_json.h"
#include "core/data/energon_index.h"
#include "core/data/shuffle.h"
#include "core/data/tar_writer.h"
#include "core/image/image_header.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>

namespace facet::core {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kMarker = "<image>";

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

enum class Kind { Captioning, Vqa, Text, Interleaved, Chat };

const char* nameOf(Kind kind)
{
    switch (kind) {
        case Kind::Captioning:
            return "CaptioningSample";
        case Kind::Vqa:
            return "VQASample";
        case Kind::Text:
            return "TextSample";
        case Kind::Interleaved:
            return "InterleavedSample";
        case Kind::Chat:
            return "CrudeWebdataset";
    }
    return "";
}

const std::string* textOf(const ContentPart& part)
{
    const auto* text = std::get_if<TextPart>(&part);
    return text ? &text->text : nullptr;
}

/// A question with one picture, whose place a marker can keep, and no empty or doubled texts.
bool isQuestion(const std::vector<ContentPart>& content)
{
    const auto isPicture = [](const ContentPart& part) { return !textOf(part); };
    if (std::ranges::count_if(content, isPicture) != 1 || content.size() > 3)
        return false;
    if (content.size() == 3 && !isPicture(content[1]))
        return false;
    return std::ranges::none_of(content, [](const ContentPart& part) {
        const std::string* text = textOf(part);
        return text && (text->empty() || text->find(kMarker) != std::string::npos);
    });
}

Kind kindOf(const DataSample& sample)
{
    if (sample.isDocument())
        return sample.document.size() == 1 && textOf(sample.document.front()) ? Kind::Text
                                                                              : Kind::Interleaved;
    const std::vector<Message>& turns = sample.messages;
    const bool isPair = turns.size() == 2 && turns[0].role == "user" && turns[1].role == "assistant" &&
                        turns[1].content.size() == 1 && textOf(turns[1].content.front());
    if (!isPair || !isQuestion(turns[0].content))
        return Kind::Chat;
    return turns[0].content.size() == 1 ? Kind::Captioning : Kind::Vqa;
}

/// What fits both; none for a document and a conversation.
std::optional<Kind> joined(Kind a, Kind b)
{
    const auto isDocument = [](Kind kind) { return kind == Kind::Text || kind == Kind::Interleaved; };
    if (isDocument(a) != isDocument(b))
        return std::nullopt;
    return std::max(a, b);
}

/// What a first look at all samples finds.
struct Survey {
    Kind kind = Kind::Captioning;
    std::vector<int64_t> good;
    std::set<std::string> extensions;  ///< of the pictures
};

struct PicturePart {
    std::string name;  ///< "png", "0.png"
    std::string bytes;
};

Result<std::vector<PicturePart>> picturesOf(const DataSample& sample, bool areNumbered)
{
    std::vector<PicturePart> parts;
    for (const std::string& source : sample.pictureSources()) {
        Result<std::string> bytes = readSource(source);
        if (!bytes)
            return bytes.error();
        const Result<ImageInfo> info = probeImage(std::as_bytes(std::span(*bytes)));
        if (!info)
            return info.error().during(source);
        std::string extension(info->format == ImageFormat::Jpeg ? "jpg" : formatName(info->format));
        std::ranges::transform(extension, extension.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
        const std::string number = areNumbered ? std::to_string(parts.size()) + "." : "";
        parts.push_back({number + extension, *std::move(bytes)});
    }
    return parts;
}

/// The text of a question, with a marker where its picture stands.
std::string marked(const std::vector<ContentPart>& content)
{
    std::string text;
    for (const ContentPart& part : content)
        text += textOf(part) ? *textOf(part) : std::string(kMarker);
    return text;
}

/// The part that says what the sample is, by name and content.
std::pair<std::string, std::string> wordsOf(DataSample sample, Kind kind,
                                            const std::vector<PicturePart>& pictures)
{
    const auto asJson = [](const nlohmann::json& json) {
        return std::pair(std::string("json"), json.dump());
    };
    if (kind == Kind::Text)
        return {"txt", *textOf(sample.document.front())};
    if (kind == Kind::Captioning)
        return {"txt", *textOf(sample.messages[1].content.front())};
    if (kind == Kind::Vqa)
        return asJson({{"context", marked(sample.messages[0].content)},
                       {"answers", {*textOf(sample.messages[1].content.front())}}});
    size_t next = 0;
    if (kind == Kind::Interleaved) {
        nlohmann::json sequence = nlohmann::json::array();
        for (const ContentPart& part : sample.document)
            sequence.push_back(textOf(part) ? *textOf(part) : pictures[next++].name);
        return asJson(sequence);
    }
    for (Message& message : sample.messages)
        for (ContentPart& part : message.content)
            if (!textOf(part))
                part = ImagePart{pictures[next++].name};
    return asJson({{"messages", messagesToJson(sample.messages)}});
}

std::string datasetYaml(const Survey& survey)
{
    if (survey.kind == Kind::Chat)
        return "__module__: megatron.energon\n__class__: CrudeWebdataset\n";
    std::string pictures;
    for (const std::string& extension : survey.extensions)
        pictures += (pictures.empty() ? "" : ",") + extension;
    std::string yaml =
        "sample_type:\n  __module__: megatron.energon\n  __class__: " + std::string(nameOf(survey.kind)) +
        "\nfield_map:\n";
    switch (survey.kind) {
        case Kind::Captioning:
            return yaml + "  image: " + pictures + "\n  caption: txt\n";
        case Kind::Vqa:
            return yaml + "  image: " + pictures + "\n  context: json[context]\n  answers: json[answers]\n";
        case Kind::Text:
            return yaml + "  text: txt\n";
        default:
            return yaml + "  sequence: json\n";
    }
}

/// Writes a folder under another name and gives it its own at the end.
class FolderWriter {
public:
    FolderWriter(const SampleSource& source, std::filesystem::path folder, const PrepareOptions& options,
                 const Progress& progress)
        : m_source(source),
          m_folder(std::move(folder)),
          m_partial(m_folder.string() + "." + std::to_string(::getpid()) + ".partial"),
          m_options(options),
          m_progress(progress)
    {
    }
    ~FolderWriter()
    {
        std::error_code ignored;
        std::filesystem::remove_all(m_partial, ignored);
    }
    FolderWriter(const FolderWriter&) = delete;
    FolderWriter& operator=(const FolderWriter&) = delete;

    Result<PreparedFolder> run()
    {
        if (const Result<void> can = checkSettings(); !can)
            return can.error();
        const ReadInOrder reading(m_source);
        if (const Result<void> looked = lookAtAll(); !looked)
            return looked.error();
        std::error_code problem;
        std::filesystem::create_directories(m_partial / "shards", problem);
        std::filesystem::create_directories(m_partial / ".nv-meta", problem);
        if (problem)
            return Error{ErrorCode::Io, "cannot make " + m_partial.string() + ": " + problem.message()};
        std::string splitYaml = "split_parts:\n";
        const std::vector<size_t> splitOf = assigned();
        for (size_t split = 0; split < m_options.splits.size(); ++split) {
            const Result<std::string> names = writeSplit(split, splitOf);
            if (!names)
                return names.error();
            splitYaml += "  " + m_options.splits[split].first + ":\n  - " + *names + "\n";
        }
        const std::filesystem::path meta = m_partial / ".nv-meta";
        if (const Result<void> done = writeFileAtomically(meta / "split.yaml", splitYaml + "exclude: []\n");
            !done)
            return done.error();
        if (const Result<void> done = writeFileAtomically(meta / "dataset.yaml", datasetYaml(m_survey));
            !done)
            return done.error();
        if (const Result<void> done = writeEnergonIndex(m_partial, m_shards); !done)
            return done.error();
        std::filesystem::rename(m_partial, m_folder, problem);
        if (problem)
            return Error{ErrorCode::Io, "cannot make " + m_folder.string() + ": " + problem.message()};
        m_result.sampleType = nameOf(m_survey.kind);
        m_result.numShards = std::ssize(m_shards);
        return std::move(m_result);
    }

private:
    Result<void> checkSettings() const
    {
        std::error_code ignored;
        if (std::filesystem::exists(m_folder, ignored))
            return refused(m_folder.string() + " exists already; name another folder, or move it away");
        if (m_options.splits.empty() || m_options.shardBytes == 0)
            return refused("there is no split to write, or its tar files have no size");
        std::set<std::string> names;
        for (const auto& [name, share] : m_options.splits) {
            constexpr const char* kAllowed =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
            if (name.empty() || name.size() > 40 || name.find_first_not_of(kAllowed) != std::string::npos)
                return refused("a split is called " + inQuotes(name) +
                               "; letters, digits, \"_\" and \"-\" make a name");
            if (!names.insert(name).second)
                return refused("the split " + inQuotes(name) + " is named twice");
            if (!(share > 0) || !std::isfinite(share))
                return refused("the split " + inQuotes(name) + " has no share; write " + name + "=0.1, say");
        }
        return {};
    }

    /// An error, or, where bad samples are skipped, a note of it.
    Result<void> bad(const std::string& message)
    {
        constexpr size_t kNoted = 5;
        if (!m_options.skipBad)
            return refused(message);
        if (++m_result.numSkipped <= static_cast<int64_t>(kNoted))
            m_result.problems.push_back(message);
        return {};
    }

    Result<void> step()
    {
        const int64_t all = 2 * m_source.numSamples();
        if (++m_done % 64 == 0 && m_progress && !m_progress(m_done, all))
            return Error{ErrorCode::Cancelled, "preparing " + m_folder.string() + " was cancelled"};
        return {};
    }

    Result<void> lookAtAll()
    {
        std::optional<Kind> kind;
        for (int64_t i = 0; i < m_source.numSamples(); ++i) {
            if (Result<void> going = step(); !going)
                return going;
            const Result<DataSample> sample = m_source.sample(i);
            if (!sample) {
                if (Result<void> goesOn = bad(sample.error().message); !goesOn)
                    return goesOn;
                continue;
            }
            const Kind each = kindOf(*sample);
            const std::optional<Kind> both = kind ? joined(*kind, each) : each;
            if (!both)
                return refused(m_source.placeOf(i) +
                               ": documents and conversations are mixed; put them into two files");
            kind = both;
            m_survey.good.push_back(i);
        }
        if (!kind)
            return refused("there are no samples to write");
        m_survey.kind = *kind;
        return {};
    }

    /// The split of each good sample: exact shares, drawn by the seed.
    std::vector<size_t> assigned() const
    {
        const uint64_t count = m_survey.good.size();
        double sum = 0;
        for (const auto& [name, share] : m_options.splits)
            sum += share;
        const Permutation order(count, m_options.seed);
        std::vector<size_t> splitOf(count);
        for (uint64_t i = 0; i < count; ++i) {
            const double place = (static_cast<double>(order.at(i)) + 0.5) / static_cast<double>(count);
            double behind = 0;
            for (size_t split = 0; split < m_options.splits.size(); ++split) {
                splitOf[i] = split;
                behind += m_options.splits[split].second / sum;
                if (place < behind)
                    break;
            }
        }
        return splitOf;
    }

    /// Gives the names of its tar files, with a brace range.
    Result<std::string> writeSplit(size_t split, const std::vector<size_t>& splitOf)
    {
        const std::string& name = m_options.splits[split].first;
        const auto shardName = [&](const std::string& number) {
            return "shards/" + name + "_" + number + ".tar";
        };
        const auto padded = [](int64_t number) {
            char text[24];
            std::snprintf(text, sizeof text, "%06lld", static_cast<long long>(number));
            return std::string(text);
        };
        std::optional<TarWriter> shard;
        int64_t numShards = 0;
        int64_t numSamples = 0;
        const auto finish = [&]() -> Result<void> {
            if (!shard)
                return {};
            const Result<void> done = shard->finish();
            m_result.numBytes += shard->size();
            shard.reset();
            return done;
        };
        for (size_t i = 0; i < splitOf.size(); ++i) {
            if (splitOf[i] != split)
                continue;
            if (Result<void> going = step(); !going)
                return going.error();
            const int64_t index = m_survey.good[i];
            const Result<std::vector<std::pair<std::string, std::string>>> members = membersOf(index);
            if (!members) {
                if (const Result<void> goesOn = bad(members.error().message); !goesOn)
                    return goesOn.error();
                continue;
            }
            if (!shard) {
                m_shards.push_back(shardName(padded(numShards++)));
                Result<TarWriter> created = TarWriter::create(m_partial / m_shards.back());
                if (!created)
                    return created.error();
                shard.emplace(*std::move(created));
            }
            for (const auto& [member, content] : *members)
                if (const Result<void> added = shard->add(member, content); !added)
                    return added.error();
            ++numSamples;
            if (shard->size() >= m_options.shardBytes)
                if (const Result<void> done = finish(); !done)
                    return done.error();
        }
        if (const Result<void> done = finish(); !done)
            return done.error();
        if (numSamples == 0)
            return refused("the split " + inQuotes(name) + " would have none of the " +
                           std::to_string(splitOf.size()) + " samples; give it a larger share");
        m_result.samplesOf.emplace_back(name, numSamples);
        return numShards == 1 ? shardName(padded(0))
                              : "'" + shardName("{" + padded(0) + ".." + padded(numShards - 1) + "}") + "'";
    }

    /// The files of a sample, by their names in the tar file.
    Result<std::vector<std::pair<std::string, std::string>>> membersOf(int64_t index)
    {
        const Result<DataSample> sample = m_source.sample(index);
        if (!sample)
            return sample.error();
        const bool areNumbered = m_survey.kind == Kind::Chat || m_survey.kind == Kind::Interleaved;
        Result<std::vector<PicturePart>> pictures = picturesOf(*sample, areNumbered);
        if (!pictures)
            return pictures.error().during(m_source.placeOf(index));
        char key[24];
        std::snprintf(key, sizeof key, "%09lld.", static_cast<long long>(index));
        auto [part, words] = wordsOf(*sample, m_survey.kind, *pictures);
        std::vector<std::pair<std::string, std::string>> members;
        for (PicturePart& picture : *pictures) {
            if (!areNumbered)
                m_survey.extensions.insert(picture.name);
            members.emplace_back(key + picture.name, std::move(picture.bytes));
        }
        members.emplace_back(key + part, std::move(words));
        return members;
    }

    const SampleSource& m_source;
    const std::filesystem::path m_folder;
    const std::filesystem::path m_partial;
    const PrepareOptions& m_options;
    const Progress& m_progress;
    Survey m_survey;
    PreparedFolder m_result;
    std::vector<std::string> m_shards;
    int64_t m_done = 0;
};

}  // namespace

Result<PreparedFolder> prepareEnergonFolder(const SampleSource& source, const std::filesystem::path& folder,
                                            const PrepareOptions& options, const Progress& progress)
{
    return FolderWriter(source, folder, options, progress).run();
}

}  // namespace facet::core
