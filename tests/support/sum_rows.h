#pragma once

#include <QByteArray>

namespace facet {

/// Rows of chat that teach to add 1: what tests train on.
inline QByteArray sumRows(int count)
{
    QByteArray rows;
    for (int i = 0; i < count; ++i)
        rows += R"({"messages":[{"role":"user","content":")" + QByteArray::number(i) +
                R"( and 1?"},{"role":"assistant","content":")" + QByteArray::number(i + 1) + ".\"}]}\n";
    return rows;
}

}  // namespace facet
