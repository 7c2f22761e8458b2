#pragma once

#include "core/base/result.h"

#include <QObject>
#include <QStringList>

#include <functional>

namespace facet::ui {

/// Runs SLURM's programs on this machine, without waiting.
class SlurmPrograms final : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;
    ~SlurmPrograms() override;

    /// Whether SLURM is on this machine.
    bool areHere() const;

    using Answer = std::function<void(const core::Result<QByteArray>&)>;

    /// Calls `then` once, with what the program printed, or its last line of stderr as a sentence; never once
    /// `context` is gone.
    void run(QObject* context, const QString& program, const QStringList& arguments, const Answer& then,
             const QByteArray& input = {}, const QString& folder = {});
};

}  // namespace facet::ui
