#pragma once

#include "core/random.hpp"
#include "core/step.hpp"

namespace gossip {

/// What an overlay and a broadcast work with during one step.
struct Context {
  PeerId self;
  Random& random;
  Env& env;
  Actions& out;

  Time now() const { return env.now; }
  void send(PeerId to, Frame frame) { out.emplace_back(Send{to, frame}); }
  void drop(MessageRef message, Reason reason) { out.emplace_back(Drop{message, reason}); }
};

}  // namespace gossip
