#pragma once

// Numbers and places in the words of the Models page: memory in GiB, files in GB as the hub shows them.

#include <QString>

#include <filesystem>

namespace facet::ui::words {

QString parameters(qint64 count);                   ///< "4.30 B", "270.0 M"
QString gigabytes(qint64 bytes);                    ///< "8.60 GB", "0.01 GB"
QString gibibytes(qint64 bytes);                    ///< "8.8 GiB", "12 MiB" when small
QString integer(qint64 value);                      ///< "131,072"
QString weights(const QString& type);               ///< "bf16" for "bfloat16"
QString device(const QString& id);                  ///< "GPU 1", "the CPU"
QString folder(const std::filesystem::path& path);  ///< "~/checkpoints"
QString secondsLeft(double seconds);                ///< "9 min left", "1 h 03 min left"

}  // namespace facet::ui::words
