#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "core/types.hpp"

namespace gossip::sim {

struct EngineOptions {
  std::uint32_t threads = 1;  // that work on a run; decides only speed
  std::uint32_t blocks = 0;   // of consecutive peers, 0: by peers and threads; decides only speed
  /// In a window; below it one thread does it all. Some tens of microseconds, a few times what waking another takes.
  std::uint64_t events_worth_threads = 1'000;
  int bucket_shift = 0;  // a bucket of time is 2^shift ns wide, 0: by the number of peers; decides only speed
  bool wire = false;     // every frame through the codec of net/
  bool record_deliveries = false;
  std::uint32_t record_first = 0, record_every = 1;  // of which messages: the first, and every so many from there
  bool count_peers = false;  // Engine::counts; slower, since no frame may then be settled without a look at its peer
  bool shortcut = true;      // LastDelivered; decides only speed
  std::uint64_t most_in_flight = 0;                                  // events; 0: by the number of peers and links
  const std::atomic<bool>* stop = nullptr;                           // asked now and then
  std::function<void(Time now, std::uint64_t deliveries)> progress;  // told now and then, between windows

  bool records(MessageRef message) const {
    return index(message) >= record_first && (index(message) - record_first) % record_every == 0;
  }
};

}  // namespace gossip::sim
