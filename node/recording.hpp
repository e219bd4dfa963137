#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "core/recording.hpp"
#include "node/counters.hpp"

/// Recordings as files; what is in them is core/recording.hpp's business.
namespace gossip::node {

/// A recording that is being written.
///
/// Records are collected and written together. Where that fails, the file ends with the last one that was written whole:
/// it is said once, counted, and nothing more is recorded.
class Recording {
 public:
  /// Throws std::runtime_error when the file cannot be opened.
  Recording(const std::string& path, const Operations& kind, const Config& config, std::uint64_t seed,
            Counters& counters);
  ~Recording();
  Recording(const Recording&) = delete;

  void add(const Input& input, const Actions& actions, const Env& env);
  void flush();

 private:
  std::string path_;
  Counters& counters_;
  int file_;
  std::uint64_t written_ = 0;  // bytes
  std::vector<std::byte> waiting_;
  Recorder recorder_;
};

/// Feeds a file to a new core; `trace`, when there is one, gets a line for each input and action.
Replayer::Result replay(const std::string& path, std::ostream* trace);

}  // namespace gossip::node
