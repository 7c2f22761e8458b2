#pragma once

// The document of the form: what a job says over its recipe, and what was typed but is no value yet. Plain
// data, so that undo, the draft and the job file are made of the same.

#include "core/base/result.h"
#include "jobs/job/job_settings.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace facet::ui {

/// Where a job is to run: no part of the job file.
struct JobPlace {
    std::vector<std::string> devices;  ///< of this machine; empty: not chosen
    std::string profile;               ///< of a cluster; "": this machine

    bool operator==(const JobPlace&) const = default;
};

struct JobDocument {
    jobs::Settings said;
    std::map<std::string, std::string> typed;  ///< by key: text that is no value of that field
    JobPlace place;

    bool operator==(const JobDocument&) const = default;
};

/// Settings of a file; values that may not stand at their key become typed text.
JobDocument documentFrom(const jobs::Settings& settings);

/// As it is written to a job file: only what the job says itself, in the order of job_fields.h. Typed text
/// that is no value is written as it is, so that the engine refuses it with the same words as the form.
nlohmann::ordered_json jobJson(const JobDocument& document);

/// The text of the job file, and for each line the key it holds ("" for braces).
struct JobText {
    std::string text;
    std::vector<std::string> keyOfLine;
};
JobText jobText(const JobDocument& document);

nlohmann::json draftJson(const JobDocument& document);

/// Errors  InvalidInput
core::Result<JobDocument> documentFromDraft(const nlohmann::json& draft);

/// Documents to go back to. Changes of one key in a row are one step.
class JobHistory {
public:
    /// Keeps `before` for undo. `what` names what is changed: a key, or a word for several.
    void add(JobDocument before, const std::string& what);

    /// The next change is a step of its own, whatever it changes.
    void endStep() { m_last.clear(); }

    bool canUndo() const { return !m_undo.empty(); }
    bool canRedo() const { return !m_redo.empty(); }

    /// Preconditions: canUndo(), canRedo().
    JobDocument undo(JobDocument now);
    JobDocument redo(JobDocument now);

private:
    std::vector<JobDocument> m_undo;
    std::vector<JobDocument> m_redo;
    std::string m_last;
};

}  // namespace facet::ui
