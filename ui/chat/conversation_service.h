#pragma once

// The store of conversations for the GUI thread: asks its one thread, and hears back in this one.

#include "core/conversations/attachments.h"
#include "core/conversations/conversation_writer.h"

#include <QObject>
#include <QPointer>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace facet::ui {

class ConversationService final : public QObject {
    Q_OBJECT

public:
    /// Keeps conversations.db and attachments/ in `home`.
    explicit ConversationService(const std::filesystem::path& home, QObject* parent = nullptr);

    const core::Attachments& attachments() const { return m_attachments; }

    /// Runs `task` in the store's thread. `done` comes in this one once that is committed, in the order of
    /// the calls; not if `context` is gone by then.
    template <typename T>
    void ask(QObject* context, core::Durability durability,
             std::function<core::Result<T>(core::ConversationStore&)> task,
             std::function<void(core::Result<T>)> done)
    {
        const auto result = std::make_shared<std::optional<core::Result<T>>>();
        const QPointer<QObject> guard(context);
        m_writer.post(
            [task = std::move(task), result](core::ConversationStore& store) -> core::Result<void> {
                result->emplace(task(store));
                if (**result)
                    return {};
                return (*result)->error();
            },
            durability,
            [this, result, guard, done = std::move(done)](core::Result<void> committed) {
                // The writer ends before this object does, so there is always somebody to hear it.
                QMetaObject::invokeMethod(
                    this,
                    [result, guard, done, committed] {
                        if (guard)
                            done(committed ? **result : core::Result<T>(committed.error()));
                    },
                    Qt::QueuedConnection);
            });
    }

private:
    core::Attachments m_attachments;
    core::ConversationWriter m_writer;
};

}  // namespace facet::ui
