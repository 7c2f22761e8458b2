#pragma once

// What the server does for each path, without HTTP itself.

#include "core/api/error.h"
#include "engine/serve/answering.h"
#include "engine/serve/model_host.h"
#include "engine/serve/picture_source.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace facet::engine::serve {

struct Call {
    std::string method;
    std::string path;
    std::string body;
    std::function<bool()> isClientGone;
};

/// What goes back: a status with JSON, or a stream of events.
struct Reply {
    int status = 200;
    std::string json;
    std::string allow;  ///< of a 405: the methods that the path has

    /// Set for a stream: writes all of it through `write`, which is false once the client is gone.
    std::function<void(const std::function<bool(const std::string& events)>& write)> stream;
    bool isClientGone = false;  ///< there is nobody to reply to
};

Reply replyOf(const core::api::ErrorBody& error);

/// Thread  any, each client in its own.
class Routes {
public:
    Routes(ModelHost& models, PictureSource pictures) : m_models(models), m_pictures(std::move(pictures)) {}

    /// The methods of a path, "GET, DELETE"; "" if there is no such path.
    std::string methodsOf(const std::string& path) const;

    Reply handle(const Call& call) const;

    /// From now on answers are refused, and after `endAnswers()` those that run are ended.
    void refuseAnswers() { m_refuses = true; }
    void endAnswers() { m_ends = true; }
    int64_t numAnswering() const { return m_numAnswering; }

private:
    template <typename Request>
    Reply answer(const Call& call, core::Result<Request> (*fromJson)(const nlohmann::json&)) const;
    Reply wholeAnswer(Answering& answering, const Call& call) const;
    Reply stream(std::shared_ptr<Answering> answering, const Call& call) const;
    Reply tokenize(const Call& call) const;
    Reply listModels() const;
    Reply oneModel(const std::string& id) const;
    Reply load(const Call& call) const;
    Reply unload(const Call& call) const;
    Reply estimate(const Call& call) const;
    Reply loadAdapter(const Call& call) const;
    Reply unloadAdapter(const Call& call) const;

    ModelHost& m_models;
    const PictureSource m_pictures;
    std::atomic<bool> m_refuses = false;
    std::atomic<bool> m_ends = false;
    mutable std::atomic<int64_t> m_numAnswering = 0;
};

}  // namespace facet::engine::serve
