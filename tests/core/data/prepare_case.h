#pragma once

// Sources of each kind that `data prepare` writes, and their samples in words.

#include "core/data/energon_writer.h"
#include "tests/support/check.h"

#include <QFile>
#include <QTemporaryDir>

#include <fstream>

namespace facet::core {

/// Rows of one kind, %1 being their number and %2 a picture; what `prepare` makes of them.
struct PrepareCase {
    const char* name;
    const char* row;
    const char* sampleType;
};

inline const std::vector<PrepareCase>& prepareCases()
{
    static const std::vector<PrepareCase> cases = {
        {"vqa",
         R"({"image": "%2", "conversations": [{"from": "human", "value": "<image>\nWhat is %1?"},
             {"from": "gpt", "value": "It is \"%1\", für wahr."}]})",
         "VQASample"},
        {"vqa behind",
         R"({"images": ["%2"], "messages": [{"role": "user", "content": "See <image> and say %1."},
             {"role": "assistant", "content": ""}]})",
         "VQASample"},
        {"caption", R"({"image": "%2", "prompt": "<image>", "completion": " caption %1\n"})",
         "CaptioningSample"},
        {"text", R"({"text": "Ünïcode words of row %1\n\twith <image> in them"})", "TextSample"},
        {"two pictures",
         R"({"messages": [{"role": "system", "content": "Be brief."},
             {"role": "user", "content": [{"type": "image", "path": "%2"}, {"type": "text", "text": "and"},
              {"type": "image", "path": "pictures/001.png"}, {"type": "text", "text": ""}]},
             {"role": "assistant", "content": "Row %1"}, {"role": "user", "content": "<image>?"},
             {"role": "model", "content": "Yes."}]})",
         "CrudeWebdataset"},
        {"without pictures", R"({"input": "How many is %1?", "output": "%1"})", "CrudeWebdataset"},
        {"some with pictures",
         R"({"image": "%2", "instruction": "Say %1", "output": "%1"}
{"instruction": "Without a picture: %1", "output": "%1"})",
         "CrudeWebdataset"},
    };
    return cases;
}

/// Writes `count` rows of a case, with pictures beside them, and gives the file.
inline std::filesystem::path writeRows(const QTemporaryDir& folder, const PrepareCase& rows, int count)
{
    std::error_code isThereAlready;
    std::filesystem::create_directory_symlink(SOURCE_DIR "/resources/demo-data/reports/pictures",
                                              folder.filePath("pictures").toStdString(), isThereAlready);
    const std::filesystem::path path = folder.filePath(QString(rows.name) + ".jsonl").toStdString();
    std::ofstream file(path);
    for (int i = 0; i < count; ++i) {
        QString text = QString::fromUtf8(rows.row);
        text.replace("%1", QString::number(i));
        text.replace("%2", QString("pictures/%1.png").arg(i % 200, 3, 10, QChar('0')));
        // One row a line: only what lies between two objects stays apart.
        text.replace("}\n{", "}\x01{").remove('\n').replace('\x01', '\n');
        file << text.toStdString() << '\n';
    }
    return path;
}

inline SampleSource openIndexed(const std::filesystem::path& path, const SourceOptions& options = {})
{
    Result<SampleSource> source = SampleSource::open(path, options);
    if (!source || !source->buildIndex())
        qFatal("%s: %s", path.c_str(), reason(source));
    return *std::move(source);
}

inline std::string bytesOf(const std::string& source)
{
    const Result<std::string> bytes = readSource(source);
    return bytes ? *bytes : bytes.error().message;
}

/// A sample with the bytes of its pictures, to compare.
inline std::string inWords(const Result<DataSample>& sample)
{
    if (!sample)
        return sample.error().message;
    std::string words;
    const auto add = [&](const std::vector<ContentPart>& parts) {
        for (const ContentPart& part : parts)
            if (const auto* text = std::get_if<TextPart>(&part))
                words += "text(" + text->text + ")";
            else
                words += "picture(" +
                         std::to_string(std::hash<std::string>()(bytesOf(std::get<ImagePart>(part).source))) +
                         ")";
    };
    for (const Message& message : sample->messages) {
        words += message.role + ":";
        add(message.content);
    }
    add(sample->document);
    return words;
}

}  // namespace facet::core
