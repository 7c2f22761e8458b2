#pragma once

#include <QString>

namespace facet::ui {

/// What a user wrote into the box of the Models page: one of the three is set.
struct ModelSource {
    QString id;      ///< "google/gemma-3-4b-it"
    QString folder;  ///< absolute
    QString problem;
};

/// `text` is an id, an address of the hub at `endpoint`, or a folder ("/…", "~/…", "file:…").
ModelSource modelSource(const QString& text, const QString& endpoint);

}  // namespace facet::ui
