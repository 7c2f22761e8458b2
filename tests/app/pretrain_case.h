#pragma once

// Pretraining as a user starts it: a small shape, the demo model's tokenizer, a few documents.

#include "tests/app/engine_program.h"

#include <QFile>

#include <string>

namespace facet::app {

inline constexpr const char* kTextShape = R"({"model_type": "gemma3_text", "hidden_size": 48,
    "intermediate_size": 96, "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 16, "query_pre_attn_scalar": 16, "vocab_size": 30, "sliding_window": 16,
    "max_position_embeddings": 256, "initializer_range": 0.03})";

/// With the tower of the demo model.
inline const std::string kVisionShape =
    R"({"model_type": "gemma3", "mm_tokens_per_image": 36, "text_config": )" + std::string(kTextShape) + R"(,
    "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 128, "intermediate_size": 384,
    "num_hidden_layers": 5, "num_attention_heads": 4, "image_size": 96, "patch_size": 8,
    "vision_use_head": false}})";

struct PretrainCase {
    EngineProgram engine;

    explicit PretrainCase(const std::string& shape = kTextShape)
    {
        write("shape.json", QByteArray::fromStdString(shape));
        QByteArray rows;
        for (const char* text : {"The cat sat on the mat.", "One and one are two.", "A red circle is round.",
                                 "There is one green ring at the top."})
            rows += QByteArray("{\"text\": \"") + text + "\"}\n";
        write("rows.jsonl", rows);
        write("job.json", R"({"name": "new", "model": "SHAPE", "method": "pretrain",
            "pretrain": {"tokenizer": "demo"}, "data": {"sources": [{"path": "rows.jsonl"}]},
            "sequence_length": 64, "batch": {"global": 4}, "steps": 10, "precision": "fp32",
            "schedule": {"type": "constant", "warmup_steps": 0}, "optimizer": {"lr": 0.001},
            "saving": {"every_minutes": 0}})");
    }

    void write(const QString& name, QByteArray bytes) const
    {
        QFile file(engine.path(name));
        bytes.replace("SHAPE", engine.path("shape.json").toUtf8());
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("cannot write");
    }

    /// Trains, in a run of this name.
    Outcome train(const QString& name, const QStringList& more = {}) const
    {
        return engine.run(
            QStringList{"train", engine.path("job.json"), "--device", "cpu", "--new-name", name} + more);
    }

    QString run(const QString& name) const { return engine.path("home/runs/" + name); }
    QString checkpoint(const QString& name, int step) const
    {
        return run(name) + QString("/checkpoints/step-%1").arg(step, 8, 10, QLatin1Char('0'));
    }
    QByteArray weights(const QString& name, int step) const
    {
        QFile file(checkpoint(name, step) + "/model.safetensors");
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
};

}  // namespace facet::app
