#pragma once

#include "core/conversations/conversation.h"

#include <QDateTime>
#include <QString>

namespace facet::ui {

QString thousands(qint64 number);  ///< "1,306"

/// "183 tokens, 96.4 tok/s, first after 212 ms, 921 tokens reused": what is known of it.
QString figuresOf(const core::MessageStats& stats);

/// "receipts-4b-lora, step 600 × 0.5 and style × 1"; "" without any.
QString wordsOf(const std::vector<core::UsedAdapter>& adapters);

/// "1536 × 2048, 256 tokens"; `tokens` is 0 while it is not known.
QString figuresOf(const core::Picture& picture, int tokens);

/// "14:06" today, "Mon" in the last week, else "3 Mar".
QString shortTime(const QDateTime& time, const QDateTime& now);
}  // namespace facet::ui
