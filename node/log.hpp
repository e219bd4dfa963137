#pragma once

#include "node/settings.hpp"

namespace gossip::node {

/// One line an event, on stderr: stdout belongs to what a tool answers.
void set_up_log(LogLevel level, LogFormat format);

}  // namespace gossip::node
