#include "ui/finetune/data_session.h"

#include "core/base/text.h"
#include "core/data/mock.h"
#include "core/data/packing.h"
#include "core/data/row_shares.h"
#include "core/data/shuffle.h"
#include "jobs/job/open_source.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>

namespace facet::ui {

using core::Error;
using core::ErrorCode;
using core::Result;

namespace {

constexpr size_t kHead = 100;  // rows that are shown before there is an index

bool isMock(const std::string& path)
{
    return path == "mock:text" || path == "mock:vision";
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
        session->m_samples = *std::move(samples);
        session->m_format = session->m_samples->format();
        if (const core::Dataset* file = session->m_samples->file(); file && !file->rows().isIndexed())
            session->m_head = session->m_samples->head(kHead);
        session->m_numRows =
            session->hasAllRows() ? session->m_samples->numSamples() : std::ssize(session->m_head);
    }
    if (!query.modelPath.empty()) {
        Result<core::Tokenizer> tokenizer = core::Tokenizer::open(query.modelPath);
        if (!tokenizer)
            return tokenizer.error();
        Result<core::ChatTemplate> chatTemplate = core::ChatTemplate::open(query.modelPath);
        if (!chatTemplate)
            return chatTemplate.error();
        session->m_tokenizer = std::make_shared<core::Tokenizer>(*std::move(tokenizer));
        session->m_template = std::make_shared<core::ChatTemplate>(*std::move(chatTemplate));
    }
    return std::shared_ptr<const DataSession>(session);
}

Result<std::shared_ptr<const DataSession>> DataSession::withAllRows(const core::Progress& progress) const
{
    const std::shared_ptr<DataSession> session(new DataSession);
    session->m_query = m_query;
    session->m_format = m_format;
    session->m_tokenizer = m_tokenizer;
    session->m_template = m_template;
    Result<core::SampleSource> samples = jobs::openSource(m_query.source, progress);
    if (!samples)
        return samples.error();
    if (const Result<void> indexed = samples->buildIndex(progress); !indexed)
        return indexed.error();
    session->m_samples = *std::move(samples);
    session->m_numRows = session->m_samples->numSamples();
    return std::shared_ptr<const DataSession>(session);
}

Result<core::DataSample> DataSession::sample(int64_t row) const
{
    if (!hasAllRows())
        return m_head.at(static_cast<size_t>(row));
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
        return hasAllRows() ? tokens.error().during(m_samples->placeOf(row)) : tokens.error();
    return tokens;
}

int64_t DataCounts::longerThan(int64_t limit) const
{
    int64_t count = 0;
    for (auto each = rowsByLength.upper_bound(limit); each != rowsByLength.end(); ++each)
        count += each->second;
    return count;
}

int64_t DataCounts::longest() const
{
    return rowsByLength.empty() ? 0 : rowsByLength.rbegin()->first;
}

void DataCounts::add(DataCounts later)
{
    nextRow = later.nextRow;
    good += later.good;
    bad += later.bad;
    pictures += later.pictures;
    missingPictures += later.missingPictures;
    tokens += later.tokens;
    inLoss += later.inLoss;
    for (const auto& [length, count] : later.rowsByLength)
        rowsByLength[length] += count;
    const auto append = [](auto& to, auto& from, size_t most) {
        const size_t count = std::min(from.size(), most - std::min(most, to.size()));
        to.insert(to.end(), std::make_move_iterator(from.begin()),
                  std::make_move_iterator(from.begin() + static_cast<std::ptrdiff_t>(count)));
    };
    append(lengths, later.lengths, kMostLengths);
    append(goodRows, later.goodRows, kMostLengths);
    append(problems, later.problems, kMostProblems);
}

std::vector<PackedRows> packedRows(const DataQuery& query, const DataSession& session,
                                   const DataCounts& counts)
{
    // As engine/data/job_data.cpp does it: rows that are not held out, drawn in the order of the seed.
    std::vector<int64_t> lengthOf(static_cast<size_t>(session.numRows()), 0);
    for (size_t i = 0; i < counts.goodRows.size(); ++i)
        lengthOf[static_cast<size_t>(counts.goodRows[i])] = counts.lengths[i];
    const std::vector<uint64_t> rows =
        core::sharesOf(session.numRows(), query.all.validationFraction,
                       static_cast<uint64_t>(query.all.validationSeed), query.all.maxSamples)
            .trained;
    if (rows.empty())
        return {};
    const core::Blend::Source source = {rows.size(), 1};
    core::Blend blend(std::span(&source, 1), query.seed);
    std::vector<int64_t> drawn;
    std::vector<int64_t> lengths;
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto row = static_cast<int64_t>(rows[blend.next().row]);
        if (lengthOf[static_cast<size_t>(row)] == 0)
            continue;
        drawn.push_back(row);
        lengths.push_back(std::min(lengthOf[static_cast<size_t>(row)], query.sequenceLength));
    }
    std::vector<PackedRows> sequences;
    for (const std::vector<size_t>& pack : core::planRound(lengths, query.sequenceLength, query.seed, 0)) {
        PackedRows& sequence = sequences.emplace_back();
        for (const size_t i : pack)
            sequence.push_back(
                {drawn[i], lengths[i], lengthOf[static_cast<size_t>(drawn[i])] > query.sequenceLength});
    }
    return sequences;
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
        ++counts.rowsByLength[std::ssize(tokens->ids)];
        counts.lengths.push_back(std::ssize(tokens->ids));
        counts.goodRows.push_back(row);
        counts.tokens += std::ssize(tokens->ids);
        counts.inLoss += tokens->numInLoss();
    }
}

}  // namespace facet::ui
