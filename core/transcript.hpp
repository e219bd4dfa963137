#pragma once

#include <string>

#include "core/step.hpp"

/// Inputs and actions as lines of text: of a replay's trace, and of the tests.
namespace gossip {

/// "peer 3"; "nobody" for no_peer.
std::string to_text(PeerId peer);
/// A list is shown where there is a store to find it in.
std::string to_text(const Frame& frame, const ListStore* lists = nullptr);
std::string to_text(const Input& input, const ListStore* lists = nullptr);
std::string to_text(const Action& action, const ListStore* lists = nullptr);

}  // namespace gossip
