#pragma once

#include <fstream>
#include <iosfwd>
#include <span>
#include <string>

#include "core/step.hpp"

/// A recording of the core's inputs, and the way back.
///
/// The core is a function of its inputs, so that these are a whole run: feeding them again gives the same actions. A
/// file is one line of JSON (version, seed, configuration) and then one record an input, with a hash of the actions
/// that it caused, so that a replay proves itself. Numbers in records are little-endian.
namespace gossip::node {

/// Depends on every field of every action, and on the lists of peers that they carry.
std::uint32_t hash_actions(const Actions& actions, const MessageStore& messages);

class Recorder {
 public:
  /// Throws std::runtime_error when the file cannot be written.
  Recorder(const std::string& path, std::uint64_t seed, const Config& config);
  /// `peers`: what a RESPONSE that was received lists.
  void write(Time now, const Input& input, std::span<const PeerId> peers, std::uint32_t actions);
  bool good() const { return file_.good(); }

 private:
  std::ofstream file_;
};

struct ReplayResult {
  std::uint64_t inputs = 0;
  std::uint64_t actions = 0;
  std::uint64_t hash = 0;         // over all actions
  std::uint64_t first_wrong = 0;  // the first input, from 1, whose actions differ from the recorded ones; 0: none
  std::string error;              // the file is damaged, and how
};

/// Feeds a recording to a new core; `trace`, when there is one, gets a line for each input and action.
ReplayResult replay(const std::string& path, std::ostream* trace);

}  // namespace gossip::node
