#pragma once

// Facet's own routes under /facet/v1, and the line with which the engine begins.
//
//   first line on stdout     ServerStart
//
//   GET  /facet/v1/version   VersionInfo
//
//   GET  /facet/v1/devices   {"devices": [Device]}
//
//   POST /facet/v1/estimate  LoadRequest -> LoadEstimate
//
//   POST /facet/v1/load      LoadRequest -> 202 {"id": "..."}; 400 or 503 if it cannot be loaded at all
//
//   GET  /facet/v1/models    {"models": [ModelState]}
//
//   POST /facet/v1/unload    {"model": "id"}; ends its answers, cancels a load
//
//   GET  /facet/v1/queue     QueueState
//
//   GET  /facet/v1/cache     CacheState; DELETE empties it
//
//   GET  /facet/v1/adapters  {"data": [AdapterState]}
//
//   POST /facet/v1/adapters/load    {"path": folder, "id": "..." or absent} -> {"id": "..."}
//
//   POST /facet/v1/adapters/unload  {"id": "..."}; answers that it takes part in are finished with it
//
//   GET  /v1/models          {"object": "list", "data": [{"id", "object": "model", ...}]}: the ready ones
//
// All of them but the first need "Authorization: Bearer TOKEN".

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core::api {

/// {"port": 38123, "token": "...", "version": "0.1.0"}. The token is left out where FACET_TOKEN sets it.
struct ServerStart {
    int port = 0;
    std::string token;
    std::string version;
};

struct VersionInfo {
    std::string version;
    int api = 0;  ///< kApiVersion of the engine; a client refuses another one in words
};

struct Device {
    std::string id;    ///< "cpu", "cuda:0"
    std::string name;  ///< to show
    int64_t memoryBytes = 0;
    std::string capability;  ///< "9.0"; "" for the CPU
    std::string driver;      ///< "" for the CPU
    bool usable = false;
    std::string problem;  ///< why it is not usable, a sentence
};

struct LoadRequest {
    std::string model;            ///< a library name, a folder, an id in the Hugging Face cache, or "demo"
    bool textOnly = false;        ///< the vision part stays on the disk
    std::string device = "auto";  ///< auto, cpu, cuda, cuda:1
    std::string dtype = "";    ///< of the arithmetic: float32, bfloat16 (GPUs only); "": the device's default
    std::string weights = "";  ///< as gemma3::WeightFormat is named; "": as dtype, on a CPU as the checkpoint
    int64_t context = 0;       ///< tokens; 0: the model's own, at most 8192
};

struct LoadEstimate {
    int64_t weightBytes = 0;
    int64_t cacheBytes = 0;      ///< of one conversation of full length
    int64_t workspaceBytes = 0;  ///< what computing needs besides
    int64_t totalBytes = 0;
    int64_t availableBytes = 0;  ///< on the device now
    bool fits = false;
    std::string advice;  ///< what to change if it does not fit, a sentence; else ""
};

/// A model that is being loaded, is loaded, or could not be.
struct ModelState {
    enum class State { Loading, Ready, Failed };

    std::string id;    ///< what requests call "model"
    std::string path;  ///< its folder
    State state = State::Loading;
    double progress = 0;  ///< 0 to 1
    std::string error;    ///< why it failed, a sentence
    std::string device;   ///< "cuda:0"
    std::string dtype;    ///< of the arithmetic
    std::string weights;  ///< how they are stored in memory
    int64_t context = 0;  ///< tokens of a prompt and its answer at most
    bool vision = false;
    std::string mode = "chat";            ///< "chat", or "completion" for a base model
    std::string chatTemplate = "gemma3";  ///< "gemma3", "none", "unknown" (treated as Gemma 3's)
};

/// An adapter that requests may name.
struct AdapterState {
    std::string id;
    std::string path;
    std::string base;  ///< the model that it was trained on, as its folder says
    int64_t rank = 0;  ///< the largest of its layers
};

struct AdapterLoadRequest {
    std::string path;  ///< a folder as peft writes it
    std::string id;    ///< "": the folder's name
};

/// Answers of all models.
struct QueueState {
    int64_t running = 0;
    int64_t waiting = 0;
    int64_t slots = 0;  ///< so many can run at once, all models together
};

/// Snapshots of prompts, all models together.
struct CacheState {
    int64_t snapshots = 0;
    int64_t bytes = 0;
    int64_t limitBytes = 0;
};

nlohmann::json toJson(const ServerStart& start);
nlohmann::json toJson(const VersionInfo& version);
nlohmann::json toJson(const Device& device);
nlohmann::json toJson(const LoadRequest& request);
nlohmann::json toJson(const LoadEstimate& estimate);
nlohmann::json toJson(const ModelState& model);
nlohmann::json toJson(const QueueState& queue);
nlohmann::json toJson(const CacheState& cache);
nlohmann::json toJson(const AdapterState& adapter);
nlohmann::json toJson(const AdapterLoadRequest& request);

/// {"devices": [...]}, {"models": [...]} and {"data": [...]}.
nlohmann::json devicesToJson(const std::vector<Device>& devices);
nlohmann::json modelsToJson(const std::vector<ModelState>& models);
nlohmann::json adaptersToJson(const std::vector<AdapterState>& adapters);

/// What reads them again. Absent fields have their defaults, unknown ones of an answer are left alone; those
/// of a request are refused by name.
///
/// Errors  InvalidInput; the message begins with the field.
Result<ServerStart> serverStartFromLine(std::string_view line);
Result<VersionInfo> versionFromJson(const nlohmann::json& json);
Result<std::vector<Device>> devicesFromJson(const nlohmann::json& json);
Result<LoadRequest> loadRequestFromJson(const nlohmann::json& json);
Result<std::string> unloadRequestFromJson(const nlohmann::json& json);
Result<LoadEstimate> loadEstimateFromJson(const nlohmann::json& json);
Result<std::vector<ModelState>> modelsFromJson(const nlohmann::json& json);
Result<std::vector<AdapterState>> adaptersFromJson(const nlohmann::json& json);
Result<AdapterLoadRequest> adapterLoadRequestFromJson(const nlohmann::json& json);
Result<std::string> adapterUnloadRequestFromJson(const nlohmann::json& json);
Result<QueueState> queueFromJson(const nlohmann::json& json);
Result<CacheState> cacheFromJson(const nlohmann::json& json);

}  // namespace facet::core::api
