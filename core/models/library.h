#pragma once

// The models that the user has imported: names for folders that stay where they are.

#include "core/base/result.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace facet::core {

/// Where Facet keeps what is the user's: the library, runs, settings.
struct LibraryPlace {
    std::filesystem::path folder;
    std::string decidedBy;  ///< the variable that set it, "" for the default
};

/// The first that is set of FACET_HOME, NEMO_CACHE_DIR/facet, NEMO_MODELS_CACHE/facet, NEMO_HOME/facet,
/// XDG_DATA_HOME/facet; else ~/.local/share/facet.
///
/// The NEMO_ ones are there for who comes from NeMo, which documents the first and ignores it.
LibraryPlace libraryPlace();

struct LibraryEntry {
    std::string name;
    std::filesystem::path path;  ///< absolute
    bool textOnly = false;
    std::string addedAt;  ///< UTC, "2026-11-25T10:00:00Z"
    std::string hfId;     ///< "google/gemma-3-4b-it"; "" if it did not come from the Hugging Face cache
};

/// library.json of a folder. Each call reads the file, so that several processes may use it at once.
///
/// Thread  any; calls that change it wait for each other, across processes.
class Library {
public:
    explicit Library(std::filesystem::path folder = libraryPlace().folder);

    /// All entries by name; none if there is no file yet.
    ///
    /// Errors  Io; InvalidInput if the file is damaged. No call ever overwrites a damaged file.
    Result<std::vector<LibraryEntry>> list() const;

    Result<std::optional<LibraryEntry>> find(std::string_view name) const;

    struct Import {
        std::string source;     ///< a folder, or an id in the Hugging Face cache
        bool textOnly = false;  ///< leave the vision part of a vision model out; ignored for a text model
        std::string name;  ///< "": the last part of the id or folder, with "-text" behind it if text-only
        std::filesystem::path hub;  ///< "": hubFolder()
    };

    /// Checks the model, every tensor of it, and remembers where it lies. The same once more changes nothing.
    ///
    /// Errors  as ModelFolder::open; InvalidInput: tensors do not add up, a bad name, a name that another
    /// model has
    Result<LibraryEntry> import(const Import& request) const;

    /// Forgets an entry. The model's files are left alone.
    ///
    /// Errors  NotFound
    Result<void> remove(std::string_view name) const;

    std::filesystem::path file() const { return m_folder / "library.json"; }

private:
    Result<LibraryEntry> add(LibraryEntry entry) const;

    std::filesystem::path m_folder;
};

/// What a name in the library may be: letters, digits, ".", "_", "-", not starting with "." or "-", at most
/// 100.
bool isLibraryName(std::string_view name);

}  // namespace facet::core
