#pragma once

// What a model folder holds, as the Models page shows it: `facet-engine inspect` as values.

#include "core/models/library.h"

#include <QList>
#include <QMetaType>
#include <QString>

namespace facet::ui {

struct ModelFacts {
    struct Part {
        QString name;  ///< "language layers"
        qint64 parameters = 0;

        bool operator==(const Part&) const = default;
    };

    QString problem;  ///< one sentence if it cannot be used; the rest may then be empty

    QList<Part> parts;
    qint64 parameters = 0;
    qint64 bytes = 0;  ///< of the weight files
    int files = 0;
    QString dtype;  ///< "bf16"; the type of most parameters
    QString licence;
    QString revision;  ///< of the Hugging Face cache's snapshot

    bool hasVision = false;  ///< it reads pictures, as imported
    bool isInstruction = false;
    QString templateInWords;

    int tensors = 0;     ///< that the model uses
    QString accounting;  ///< what does not add up; "" if nothing

    int layers = 0;
    int globalLayers = 0;
    int window = 0;
    int hidden = 0;
    int feedForward = 0;
    int heads = 0;
    int keyHeads = 0;
    int headWidth = 0;
    int context = 0;
    int imageSize = 0;  ///< pixels a side
    int tokensPerImage = 0;

    bool isUsable() const { return problem.isEmpty() && accounting.isEmpty(); }
    bool operator==(const ModelFacts&) const = default;
};

/// Thread  reads files: for a pool thread.
ModelFacts inspectModel(const core::LibraryEntry& entry);

}  // namespace facet::ui
