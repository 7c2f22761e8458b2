#pragma once

#include "core/run/run_folder.h"

namespace facet::core {

/// A handle of the very process that is meant (a pidfd). It can be read from, as poll(2) says, once the
/// process has ended.
///
/// Errors  Unavailable: it is gone, or on another host
Result<FileDescriptor> openProcess(const ProcessIdentity& process);

/// Sends a signal to the very process that is meant, through a pidfd, since pids are used again: SIGUSR1
/// saves a run now, SIGTERM saves and stops it, SIGKILL ends it without a word.
///
/// Errors  Unavailable: it is gone, or on another host; Io
Result<void> sendSignal(const ProcessIdentity& process, int signal);

}  // namespace facet::core
