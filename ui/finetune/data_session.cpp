#include "ui/finetune/data_session.h"

#include "core/base/text.h"
#include "core/data/mock.h"
#include "jobs/job/open_source.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace facet::ui {

using core::Error;
using core::ErrorCode;
using core::Result;

namespace {

bool isMock(const std::string& path)
{
    return path == "mock:text" || path == "mock:vision";
}

/// What a member of a row is, in the formats that core/data reads.
std::string readAs(const std::string& member, const std::string& format)
{
    static const std::map<std::string, std::string> known = {
        {"messages", "conversation"}, {"conversations", "conversation"},
        {"images", "pictures"},       {"image", "picture"},
        {"system", "system message"}, {"instruction", "question"},
        {"input", "question"},        {"output", "answer"},
        {"history", "earlier turns"}, {"prompt", "question"},
        {"completion", "answer"},     {"text", "text"}};
    const std::map<std::string, std::vector<std::string>> reads = {
        {"chat", {"messages", "images", "image"}},
        {"sharegpt", {"conversations", "system", "images", "image"}},
        {"llava", {"conversations", "system", "images", "image"}},
        {"alpaca", {"instruction", "input", "output", "system", "history", "images", "image"}},
        {"prompt_completion", {"prompt", "completion", "images", "image"}},
        {"input_output", {"input", "output", "images", "image"}},
        {"text", {"text", "images", "image"}}};
    const auto names = reads.find(format);
    const bool isRead =
        names != reads.end() && std::ranges::find(names->second, member) != names->second.end();
    return isRead ? known.at(member) : "not read";
}

bool isThere(const std::string& source)
{
    std::error_code error;
    return source.starts_with("tar:") || std::filesystem::exists(source, error);
}

}  // namespace

bool readTheSame(const DataQuery& a, const DataQuery& b)
{
    const jobs::DataSource& s = a.source;
    const jobs::DataSource& t = b.source;
    return s.path == t.path && s.format == t.format && s.imageRoot == t.imageRoot && s.split == t.split &&
           s.fieldMap == t.fieldMap && a.everything == b.everything && a.modelPath == b.modelPath &&
           a.config.vision.has_value() == b.config.vision.has_value() &&
           (!isMock(s.path) || (a.sequenceLength == b.sequenceLength && a.seed == b.seed));
}

Result<std::shared_ptr<const DataSession>> DataSession::open(const DataQuery& query,
                                                             const core::Progress& progress)
{
    const std::shared_ptr<DataSession> session(new DataSession);
    session->m_query = query;
    const std::string& path = query.source.path;
    if (path.empty())
        return Error{ErrorCode::InvalidInput, "no file or folder is named yet"};
    if (isMock(path)) {
        session->m_format = "mock";
        session->m_numRows = core::kMockSamples;
    } else {
        Result<core::SampleSource> samples = jobs::openSource(query.source, progress);
        if (!samples)
            return samples.error();
        if (const Result<void> indexed = samples->buildIndex(progress); !indexed)
            return indexed.error();
        session->m_samples = *std::move(samples);
        session->m_format = session->m_samples->format();
        session->m_numRows = session->m_samples->numSamples();
    }
    if (!query.modelPath.empty()) {
        Result<core::Tokenizer> tokenizer = core::Tokenizer::open(query.modelPath);
        if (!tokenizer)
            return tokenizer.error();
        Result<core::ChatTemplate> chatTemplate = core::ChatTemplate::open(query.modelPath);
        if (!chatTemplate)
            return chatTemplate.error();
        session->m_tokenizer = *std::move(tokenizer);
        session->m_template = *std::move(chatTemplate);
    }
    return std::shared_ptr<const DataSession>(session);
}

Result<core::DataSample> DataSession::sample(int64_t row) const
{
    return m_samples ? m_samples->sample(row) : core::DataSample();
}

Result<core::TokenizedSample> DataSession::tokens(int64_t row) const
{
    if (!m_samples)
        return core::mockSample(static_cast<uint64_t>(row), m_query.seed, m_query.sequenceLength,
                                m_query.source.path == "mock:vision", m_query.config);
    const Result<core::DataSample> sample = this->sample(row);
    if (!sample)
        return sample.error();
    if (!m_tokenizer)
        return Error{ErrorCode::NotFound, "the model is not on this machine, so its tokens are not known"};
    Result<core::TokenizedSample> tokens =
        core::tokenizeSample(*sample, *m_tokenizer, *m_template, m_query.config, {m_query.everything});
    if (!tokens)
        return tokens.error().during(m_samples->placeOf(row));
    return tokens;
}

std::vector<std::pair<std::string, std::string>> DataSession::columns() const
{
    if (!m_samples || !m_samples->file())
        return {};
    const core::RowFile& rows = m_samples->file()->rows();
    std::vector<std::pair<std::string, std::string>> columns;
    std::set<std::string> seen;
    for (const std::string_view row : rows.head(100)) {
        const Result<nlohmann::json> parsed = rows.parse(row);
        if (!parsed || !parsed->is_object())
            continue;
        for (const auto& [member, value] : parsed->items())
            if (seen.insert(member).second)
                columns.emplace_back(member, readAs(member, m_format));
    }
    return columns;
}

int64_t DataCounts::longerThan(int64_t limit) const
{
    return std::ranges::count_if(lengths, [limit](int64_t length) { return length > limit; });
}

int64_t DataCounts::longest() const
{
    return lengths.empty() ? 0 : *std::ranges::max_element(lengths);
}

void countRows(const DataSession& session, DataCounts& counts, int milliseconds)
{
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + std::chrono::milliseconds(milliseconds);
    const auto note = [&](int64_t row, const std::string& sentence) {
        if (counts.problems.size() < DataCounts::kMostProblems)
            counts.problems.push_back({row, sentence});
    };
    for (; counts.nextRow < session.numRows() && Clock::now() < end; ++counts.nextRow) {
        const int64_t row = counts.nextRow;
        const Result<core::DataSample> sample = session.sample(row);
        if (!sample) {
            ++counts.bad;
            note(row, sample.error().message);
            continue;
        }
        for (const std::string& source : sample->pictureSources()) {
            ++counts.pictures;
            if (!isThere(source)) {
                ++counts.missingPictures;
                note(row, "there is no picture " + source);
            }
        }
        if (!session.hasTokens()) {
            ++counts.good;
            continue;
        }
        const Result<core::TokenizedSample> tokens = session.tokens(row);
        if (!tokens) {
            ++counts.bad;
            note(row, tokens.error().message);
            continue;
        }
        ++counts.good;
        counts.lengths.push_back(std::ssize(tokens->ids));
        counts.tokens += std::ssize(tokens->ids);
        counts.inLoss += tokens->numInLoss();
    }
}

}  // namespace facet::ui
