#include "core/data/energon_folder.h"

#include "core/base/json.h"
#include "core/base/nearest.h"
#include "core/base/text.h"
#include "core/base/yaml.h"
#include "core/data/row_format.h"
#include "core/tokenizer/utf8.h"

#include <algorithm>
#include <set>

namespace facet::core {
namespace {

using nlohmann::json;

constexpr std::string_view kMeta = ".nv-meta";

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

/// A class's name without what older versions put behind it.
std::string sampleTypeOf(const json& dataset)
{
    const auto nameIn = [](const json& object) {
        return object.is_object() && object.contains("__class__") && object["__class__"].is_string()
                   ? object["__class__"].get<std::string>()
                   : std::string();
    };
    std::string name = dataset.contains("sample_type") ? nameIn(dataset["sample_type"]) : "";
    if (name.empty())
        name = nameIn(dataset);
    constexpr std::string_view old = "Webdataset";
    if (name.ends_with(old) && name != "CrudeWebdataset")
        name = name.substr(0, name.size() - old.size()) + "Sample";
    return name;
}

/// "json[0][value]" or "jpg,png": what is tried, in order.
struct Access {
    std::string part;
    std::vector<std::string> keys;
};

std::vector<Access> parseAccess(const std::string& text)
{
    std::vector<Access> options = {{}};
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ',') {
            options.emplace_back();
        } else if (text[i] == '[') {
            const size_t end = text.find(']', i);
            if (end == std::string::npos)
                break;
            options.back().keys.push_back(text.substr(i + 1, end - i - 1));
            i = end;
        } else {
            options.back().part += text[i];
        }
    }
    return options;
}

bool isPicture(std::string_view part)
{
    const size_t dot = part.rfind('.');
    std::string end(part.substr(dot == std::string_view::npos ? 0 : dot + 1));
    std::ranges::transform(end, end.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    for (const char* each : {"jpg", "jpeg", "png", "webp", "gif", "bmp"})
        if (end == each)
            return true;
    return false;
}

bool isJson(std::string_view part)
{
    return part == "json" || part.ends_with(".json");
}

/// The value that an access names; null where the part or the key is missing.
class SampleReader {
public:
    SampleReader(const TarShard& shard, const TarShard::Sample& sample,
                 const std::map<std::string, std::string>& fieldMap)
        : m_shard(shard), m_sample(sample), m_fieldMap(fieldMap)
    {
    }

    bool has(const char* field) const { return m_fieldMap.contains(field); }

    Result<json> value(const char* field) const
    {
        const auto mapped = m_fieldMap.find(field);
        if (mapped == m_fieldMap.end())
            return json();
        for (const Access& access : parseAccess(mapped->second)) {
            const TarShard::Part* part = m_sample.find(access.part);
            if (!part)
                continue;
            if (isPicture(access.part))
                return json{{"picture", tarSource(m_shard.path(), *part)}};
            const std::string_view bytes = m_shard.bytes(*part);
            if (!isJson(access.part) && !isWellFormed(bytes))
                return refused("the part " + access.part + " is not UTF-8; convert it");
            if (!isJson(access.part))
                return json(std::string(bytes));
            Result<json> whole = parseJson(bytes);
            if (!whole)
                return whole.error().during(access.part);
            if (std::optional<json> found = inside(*std::move(whole), access.keys))
                return *std::move(found);
        }
        return refused(std::string(field) + ": there is no " + mapped->second);
    }

    Result<std::string> text(const char* field) const
    {
        const Result<json> found = value(field);
        if (!found)
            return found.error();
        if (!found->is_string())
            return refused(std::string(field) + " is " + shown(*found) + "; a text is needed");
        return found->get<std::string>();
    }

    Result<std::string> picture(const char* field) const
    {
        const Result<json> found = value(field);
        if (!found)
            return found.error();
        if (!found->is_object() || !found->contains("picture"))
            return refused(std::string(field) + " is no picture; map it to a part such as jpg");
        return (*found)["picture"].get<std::string>();
    }

    /// A part of the sample by its name, for sequences that name pictures.
    std::optional<std::string> pictureNamed(const std::string& name) const
    {
        const TarShard::Part* part = m_sample.find(name);
        if (!part || !isPicture(name))
            return std::nullopt;
        return tarSource(m_shard.path(), *part);
    }

private:
    static std::optional<json> inside(json value, const std::vector<std::string>& keys)
    {
        for (const std::string& key : keys) {
            if (value.is_object() && value.contains(key)) {
                value = json(value[key]);
            } else if (value.is_array() && !key.empty() &&
                       key.find_first_not_of("0123456789") == std::string::npos && key.size() < 9 &&
                       std::stoul(key) < value.size()) {
                value = json(value[std::stoul(key)]);
            } else {
                return std::nullopt;
            }
        }
        return value;
    }

    const TarShard& m_shard;
    const TarShard::Sample& m_sample;
    const std::map<std::string, std::string>& m_fieldMap;
};

/// A question with its picture where "<image>" stands, else in front.
std::vector<ContentPart> question(const std::string& picture, const std::string& text)
{
    constexpr std::string_view marker = "<image>";
    const size_t at = text.find(marker);
    std::vector<ContentPart> parts;
    if (at != std::string::npos && at > 0)
        parts.emplace_back(TextPart{text.substr(0, at)});
    if (!picture.empty())
        parts.emplace_back(ImagePart{picture});
    const std::string rest = at == std::string::npos ? text : text.substr(at + marker.size());
    if (!rest.empty())
        parts.emplace_back(TextPart{rest});
    return parts;
}

Result<DataSample> pair(std::vector<ContentPart> asked, std::string answer)
{
    return DataSample{{{"user", std::move(asked)}, {"assistant", {TextPart{std::move(answer)}}}}, {}};
}

/// Of several answers the one with the largest weight, else the first.
Result<std::string> bestAnswer(const SampleReader& reader)
{
    const Result<json> answers = reader.value("answers");
    if (!answers)
        return answers.error();
    if (answers->is_string())
        return answers->get<std::string>();
    if (!answers->is_array() || answers->empty())
        return refused("answers is " + shown(*answers) + "; a text or a list of texts is needed");
    size_t best = 0;
    const Result<json> weights = reader.value("answer_weights");
    if (weights && weights->is_array() && weights->size() == answers->size())
        for (size_t i = 0; i < weights->size(); ++i)
            if ((*weights)[i].is_number() && (*weights)[best].is_number() && (*weights)[i] > (*weights)[best])
                best = i;
    if (!(*answers)[best].is_string())
        return refused("answers[" + std::to_string(best) + "] is " + shown((*answers)[best]) +
                       "; a text is needed");
    return (*answers)[best].get<std::string>();
}

Result<DataSample> vqaSample(const SampleReader& reader)
{
    const Result<std::string> picture = reader.has("image") ? reader.picture("image") : std::string();
    if (!picture)
        return picture.error();
    const Result<std::string> context = reader.text("context");
    if (!context)
        return context.error();
    Result<std::string> answer = bestAnswer(reader);
    if (!answer)
        return answer.error();
    return pair(question(*picture, *context), *std::move(answer));
}

Result<DataSample> captionSample(const SampleReader& reader, const char* field)
{
    const Result<std::string> picture = reader.picture("image");
    if (!picture)
        return picture.error();
    Result<std::string> text = reader.text(field);
    if (!text)
        return text.error();
    return pair({ImagePart{*picture}}, *std::move(text));
}

Result<DataSample> multiChoiceSample(const SampleReader& reader)
{
    const Result<std::string> picture = reader.picture("image");
    if (!picture)
        return picture.error();
    const Result<std::string> context = reader.text("context");
    if (!context)
        return context.error();
    const Result<json> choices = reader.value("choices");
    if (!choices)
        return choices.error();
    const Result<json> correct = reader.value("correct_choice_idx");
    if (!correct)
        return correct.error();
    constexpr size_t kLetters = 26;
    if (!choices->is_array() || choices->empty() || choices->size() > kLetters)
        return refused("choices is " + shown(*choices) + "; a list of 1 to 26 texts is needed");
    if (!correct->is_number_unsigned() || correct->get<size_t>() >= choices->size())
        return refused("correct_choice_idx is " + shown(*correct) +
                       ", not the number of a choice, from 0 on");
    std::string text = *context;
    std::string answer;
    for (size_t i = 0; i < choices->size(); ++i) {
        if (!(*choices)[i].is_string())
            return refused("choices[" + std::to_string(i) + "] is " + shown((*choices)[i]) +
                           "; a text is needed");
        const std::string line =
            std::string(1, static_cast<char>('A' + i)) + ". " + (*choices)[i].get<std::string>();
        text += "\n" + line;
        if (i == correct->get<size_t>())
            answer = line;
    }
    return pair(question(*picture, text), answer);
}

Result<DataSample> interleavedSample(const SampleReader& reader)
{
    const Result<json> sequence = reader.value("sequence");
    if (!sequence)
        return sequence.error();
    if (!sequence->is_array())
        return refused("sequence is " + shown(*sequence) + "; a list is needed");
    DataSample sample;
    for (size_t i = 0; i < sequence->size(); ++i) {
        if (!(*sequence)[i].is_string())
            return refused("sequence[" + std::to_string(i) + "] is " + shown((*sequence)[i]) +
                           "; a text or the name of a picture's part is needed");
        std::string text = (*sequence)[i].get<std::string>();
        if (const std::optional<std::string> picture = reader.pictureNamed(text))
            sample.document.emplace_back(ImagePart{*picture});
        else
            sample.document.emplace_back(TextPart{std::move(text)});
    }
    if (sample.document.empty())
        return refused("sequence is empty");
    return sample;
}

Result<DataSample> chatSample(const SampleReader& reader, const char* field,
                              const std::filesystem::path& root)
{
    const Result<json> turns = reader.value(field);
    if (!turns)
        return turns.error();
    json row = {{field, *turns}};
    if (reader.has("image")) {
        const Result<std::string> picture = reader.picture("image");
        if (!picture)
            return picture.error();
        row["images"] = {*picture};
    }
    return sampleFromRow(row, std::string_view(field) == "messages" ? RowFormat::Chat : RowFormat::ShareGpt,
                         root);
}

bool namesPictures(const json& row)
{
    if (row.contains("image") || row.contains("images"))
        return true;
    if (!row.contains("messages") || !row["messages"].is_array())
        return false;
    return std::ranges::any_of(row["messages"], [](const json& message) {
        return message.is_object() && message.contains("content") && message["content"].is_array() &&
               std::ranges::any_of(message["content"], [](const json& part) {
                   return part.is_object() && part.value("type", "text") != "text";
               });
    });
}

/// A crude sample whose part "json" is a row as a file of rows could have it. Its pictures are parts of the
/// sample: by their names, else in their order.
Result<DataSample> rowSample(const TarShard& shard, const TarShard::Sample& sample)
{
    const TarShard::Part* part = sample.find("json");
    if (!part)
        return refused("there is no part json");
    Result<json> row = parseJson(shard.bytes(*part));
    if (!row)
        return row.error().during("json");
    if (row->is_array()) {
        const bool isShareGpt = !row->empty() && row->front().is_object() && row->front().contains("from");
        row = json{{isShareGpt ? "conversations" : "messages", *row}};
    }
    std::vector<std::string> pictures;
    for (const TarShard::Part& each : sample.parts)
        if (isPicture(each.name))
            pictures.push_back(each.name);
    if (row->is_object() && !pictures.empty() && !namesPictures(*row))
        (*row)["images"] = pictures;
    const Result<RowFormat> format = sniffRows(std::span(&*row, 1));
    if (!format)
        return format.error().during("json");
    Result<DataSample> read = sampleFromRow(*row, *format, {});
    if (!read)
        return read.error().during("json");
    const bool areInOrder = read->pictureSources().size() == pictures.size();
    size_t next = 0;
    for (Message& message : read->messages)
        for (ContentPart& content : message.content) {
            auto* image = std::get_if<ImagePart>(&content);
            if (!image)
                continue;
            const TarShard::Part* named = sample.find(image->source);
            if (!named && areInOrder)
                named = sample.find(pictures[next]);
            if (!named && !image->source.starts_with("data:"))
                return refused("the picture " + inQuotes(image->source) + " is no part of the sample");
            if (named)
                image->source = tarSource(shard.path(), *named);
            ++next;
        }
    return read;
}

}  // namespace

bool EnergonFolder::isOne(const std::filesystem::path& folder)
{
    std::error_code ignored;
    return std::filesystem::exists(folder / kMeta / "dataset.yaml", ignored);
}

Result<EnergonFolder> EnergonFolder::open(const std::filesystem::path& folder, const EnergonOptions& options)
{
    const std::filesystem::path datasetFile = folder / kMeta / "dataset.yaml";
    const Result<json> dataset = readYaml(datasetFile);
    if (!dataset)
        return dataset.error();
    EnergonFolder result;
    result.m_type = sampleTypeOf(*dataset);
    result.m_fieldMap = options.fieldMap;
    const bool isCrude = result.m_type == "CrudeWebdataset" || result.m_type == "CrudeSample";
    const std::vector<std::string> known = {"VQASample",         "CaptioningSample",     "OCRSample",
                                            "InterleavedSample", "MultiChoiceVQASample", "TextSample"};
    if (!isCrude && std::ranges::find(known, result.m_type) == known.end())
        return refused(datasetFile.string() + " has the sample type " + inQuotes(result.m_type) +
                       ", which is not read" + suggestion(result.m_type, known));
    if (result.m_fieldMap.empty()) {
        if (dataset->contains("sample_loader"))
            return refused(datasetFile.string() +
                           " has a sample_loader, which is Python and is not run; give a field map");
        const auto map = dataset->find("field_map");
        if (!isCrude && (map == dataset->end() || !map->is_object()))
            return refused(datasetFile.string() +
                           " has no field_map; run energon prepare again, or give one");
        if (!isCrude)
            for (const auto& [key, value] : map->items())
                if (value.is_string())
                    result.m_fieldMap[key] = value.get<std::string>();
    }

    const std::filesystem::path splitFile = folder / kMeta / "split.yaml";
    const Result<json> split = readYaml(splitFile);
    if (!split)
        return split.error();
    if (!split->is_object() || !split->contains("split_parts") || !(*split)["split_parts"].is_object())
        return refused(splitFile.string() + " has no split_parts");
    for (const auto& [name, value] : (*split)["split_parts"].items())
        result.m_splits.push_back(name);
    if (std::ranges::find(result.m_splits, options.split) == result.m_splits.end()) {
        std::string names;
        for (const std::string& name : result.m_splits)
            names += (names.empty() ? "" : ", ") + name;
        return refused(folder.string() + " has no split " + inQuotes(options.split) + ", but " + names +
                       suggestion(options.split, result.m_splits));
    }
    const auto expanded = [&](const json& list) -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        for (const json& each : list) {
            if (!each.is_string())
                return refused(splitFile.string() + " has " + shown(each) +
                               " where the name of a tar file is needed");
            const Result<std::vector<std::string>> more = expandBraces(each.get<std::string>());
            if (!more)
                return more.error().during(splitFile.string());
            names.insert(names.end(), more->begin(), more->end());
        }
        return names;
    };
    const json& parts = (*split)["split_parts"][options.split];
    const Result<std::vector<std::string>> names = expanded(parts.is_array() ? parts : json::array());
    if (!names)
        return names.error();
    const json exclude = split->value("exclude", json::array());
    const Result<std::vector<std::string>> excluded = expanded(exclude.is_array() ? exclude : json::array());
    if (!excluded)
        return excluded.error();
    const std::set<std::string> isOut(excluded->begin(), excluded->end());

    for (const std::string& name : *names) {
        if (isOut.contains(name))
            continue;
        Result<TarShard> shard = TarShard::open(folder / name);
        if (!shard)
            return shard.error();
        result.m_shards.push_back(*std::move(shard));
        const std::vector<TarShard::Sample>& samples = result.m_shards.back().samples();
        for (size_t i = 0; i < samples.size(); ++i)
            if (!isOut.contains(name + "/" + samples[i].key) && !isOut.contains(samples[i].key))
                result.m_places.push_back({result.m_shards.size() - 1, i});
    }
    if (result.m_fieldMap.empty() && !result.m_places.empty())
        if (const Result<DataSample> first = result.sample(0); !first)
            return refused(datasetFile.string() +
                           " is a crude dataset: give a field map, such as {\"image\": \"jpg\", "
                           "\"context\": \"json[question]\", \"answers\": \"json[answer]\"}, since its "
                           "samples are no rows either: " +
                           first.error().message);
    return result;
}

const std::string& EnergonFolder::keyOf(int64_t index) const
{
    const Place& place = m_places.at(static_cast<size_t>(index));
    return m_shards[place.shard].samples()[place.sample].key;
}

std::string EnergonFolder::placeOf(int64_t index) const
{
    return m_shards[m_places.at(static_cast<size_t>(index)).shard].path().string() + " sample " +
           keyOf(index);
}

std::vector<std::string_view> EnergonFolder::bytesOf(int64_t index) const
{
    const Place& place = m_places.at(static_cast<size_t>(index));
    const TarShard& shard = m_shards[place.shard];
    std::vector<std::string_view> parts;
    for (const TarShard::Part& part : shard.samples()[place.sample].parts)
        parts.push_back(shard.bytes(part));
    return parts;
}

Result<DataSample> EnergonFolder::sample(int64_t index) const
{
    const Place& place = m_places.at(static_cast<size_t>(index));
    const TarShard& shard = m_shards[place.shard];
    const SampleReader reader(shard, shard.samples()[place.sample], m_fieldMap);
    const auto read = [&]() -> Result<DataSample> {
        if (m_fieldMap.empty())
            return rowSample(shard, shard.samples()[place.sample]);
        if (reader.has("messages"))
            return chatSample(reader, "messages", shard.path().parent_path());
        if (reader.has("conversations"))
            return chatSample(reader, "conversations", shard.path().parent_path());
        if (m_type == "MultiChoiceVQASample" || reader.has("choices"))
            return multiChoiceSample(reader);
        if (m_type == "VQASample" || reader.has("answers"))
            return vqaSample(reader);
        if (m_type == "InterleavedSample" || reader.has("sequence"))
            return interleavedSample(reader);
        if (m_type == "CaptioningSample" || reader.has("caption"))
            return captionSample(reader, "caption");
        if (m_type == "OCRSample")
            return captionSample(reader, "text");
        Result<std::string> text = reader.text("text");
        if (!text)
            return text.error();
        return DataSample{{}, {TextPart{*std::move(text)}}};
    };
    Result<DataSample> sample = read();
    if (!sample)
        return sample.error().during(placeOf(index));
    return sample;
}

}  // namespace facet::core
