#pragma once

#include <QFutureWatcher>
#include <QtConcurrent>

#include <type_traits>
#include <utility>

namespace facet::ui {

/// Runs `task` on a thread of the pool, then `done` with its result in the GUI thread.
///
/// If `context` is destroyed first, `done` is not called; `task` still runs to its end, so it must not touch
/// `context`. For what may block: files, sbatch, sacct.
///
/// Thread  call it in `context`'s thread.
/// Source  Why not QtConcurrent::run(task).then(context, done): in Qt 6.4 that aborts when the context is
/// gone.
///         A watcher owned by the context is gone with it.
template <typename Task, typename Done>
void runInBackground(QObject* context, Task task, Done done)
{
    auto* watcher = new QFutureWatcher<std::invoke_result_t<Task>>(context);
    QObject::connect(watcher, &QFutureWatcherBase::finished, context, [watcher, done = std::move(done)] {
        watcher->deleteLater();
        done(watcher->result());
    });
    watcher->setFuture(QtConcurrent::run(std::move(task)));
}

}  // namespace facet::ui
