#pragma once

#include "ui/engine/engine_client.h"

#include <QObject>
#include <QTimer>

#include <array>
#include <optional>

namespace facet::ui {

/// What a model would take, for each way to keep its weights, as the engine reckons it before anything is
/// loaded.
class MemoryPlan final : public QObject {
    Q_OBJECT

public:
    static constexpr std::array kWeights = {"bfloat16", "int8", "int4"};

    struct Row {
        std::optional<LoadEstimate> estimate;
        QString problem;  ///< why there is none; "" while it is being asked for
    };

    /// `client` must outlive this object.
    explicit MemoryPlan(EngineClient& client, QObject* parent = nullptr);

    const Row& row(size_t weights) const { return m_rows[weights]; }

    /// The largest of what the device has, so that bars can be compared; 0 before the first answer.
    qint64 availableBytes() const;

    /// Asks once the changes of a moment are over. `weights` of the request plays no part.
    void setTarget(const LoadRequest& target);

Q_SIGNALS:
    void changed();

private:
    void ask();

    EngineClient& m_client;
    LoadRequest m_target;
    std::array<Row, kWeights.size()> m_rows;
    QTimer m_delay;
    int m_round = 0;
};

}  // namespace facet::ui
