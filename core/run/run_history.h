#pragma once

// What a run told so far, by columns, as plots and lists need it: a million steps in a hundred megabytes,
// read in less than two seconds, then from where the reading stopped.

#include "core/run/run_event.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

/// Numbers by step, in the order of steps. A value that a step lacks is NaN.
struct StepTable {
    struct Column {
        std::string name;  ///< as in the file: "loss", "grad_norm", also one that we do not know
        std::vector<double> values;
    };

    std::vector<int64_t> steps;
    std::vector<double> times;  ///< seconds since 1970, UTC
    std::vector<Column> columns;

    size_t size() const { return steps.size(); }

    /// nullptr if no step had it.
    const std::vector<double>* find(std::string_view name) const;

    /// Takes away the steps after `last`.
    void cutAfter(int64_t last);

    /// Adds the rows of a later table.
    void append(const StepTable& later);
};

/// GPU samples of one device.
struct GpuSeries {
    int64_t index = 0;
    std::vector<GpuEvent> samples;
    std::vector<double> times;
};

/// Events as they were written, or a piece of them.
struct RunHistory {
    StepTable metrics;
    StepTable validation;
    std::vector<RunEvent> samples;      ///< of SampleEvent
    std::vector<RunEvent> checkpoints;  ///< of CheckpointEvent
    std::vector<RunEvent> warnings;     ///< of WarningEvent; they stay when their steps are dropped
    std::vector<RunEvent> resumes;      ///< of ResumeEvent
    std::vector<RunEvent> states;       ///< of StateEvent
    std::vector<GpuSeries> gpus;
    int64_t numUnknown = 0;  ///< lines that could not be understood

    /// Adds what came later. What `later` resumed from drops steps here, too.
    void append(RunHistory later);

    bool isEmpty() const { return !m_hasAny; }

private:
    friend class HistoryReader;
    void take(RunEvent event);
    void resumeFrom(int64_t step);
    bool m_hasAny = false;
};

/// Reads an events.jsonl that grows, each byte once.
class HistoryReader {
public:
    explicit HistoryReader(std::filesystem::path path) : m_path(std::move(path)) {}

    /// What came since the last call, whole lines only, at most `maxBytes` of them. A file that became
    /// shorter or was replaced is read anew: then `isAnew`.
    ///
    /// Errors  Io
    struct News {
        RunHistory history;
        bool isAnew = false;
        bool isAll = true;  ///< false: there is more
    };
    Result<News> poll(int64_t maxBytes = INT64_MAX);

private:
    std::filesystem::path m_path;
    int64_t m_offset = 0;
    uint64_t m_inode = 0;
    std::string m_rest;  ///< half a line
};

}  // namespace facet::core
