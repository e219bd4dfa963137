#include "node/recording.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ostream>
#include <stdexcept>

#include "node/commands.hpp"
#include "node/file.hpp"

namespace gossip::node {
namespace {

constexpr std::size_t most_waiting = 1 << 20;  // bytes

int open_or_throw(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
  return file;
}

}  // namespace

Recording::Recording(const std::string& path, const Operations& kind, const Config& config, std::uint64_t seed,
                     Counters& counters)
    : path_(path), counters_(counters), file_(open_or_throw(path)), recorder_(waiting_, kind, config, self_id, seed) {}

Recording::~Recording() {
  flush();
  if (file_ >= 0) ::close(file_);
}

void Recording::add(const Input& input, const Actions& actions, const Env& env) {
  if (file_ < 0) return;
  recorder_.add(input, actions, env);
  if (waiting_.size() > most_waiting) flush();
}

void Recording::flush() {
  if (file_ < 0 || waiting_.empty()) return;
  if (write_all(file_, waiting_)) {
    written_ += waiting_.size();
    return waiting_.clear();
  }
  spdlog::error("the recording {} ends here: {}", path_, std::strerror(errno));
  counters_.add(Counter::record_error);
  // A device cannot be cut, and need not be.
  if (::ftruncate(file_, static_cast<off_t>(written_)) != 0) spdlog::debug("{} is not a file to cut", path_);
  ::close(std::exchange(file_, -1));
  waiting_ = {};
}

Replayer::Result replay(const std::string& path, std::ostream* trace) {
  std::string lines;
  Replayer replayer(trace != nullptr ? &lines : nullptr);
  const std::string problem = read_file(path, [&](std::string_view piece) {
    const bool more = replayer.feed(std::as_bytes(std::span(piece)));
    if (trace != nullptr) *trace << lines;
    lines.clear();
    return more;
  });
  if (problem.empty()) return replayer.finish();
  Replayer::Result result;
  result.error = problem;
  return result;
}

}  // namespace gossip::node
