#include "sim/machine/team.hpp"

#include <system_error>
#include <utility>

#include "core/assert.hpp"

namespace gossip::sim {
namespace {

/// A window of a run is often shorter than a thread takes to fall asleep and wake up. Where there are more threads than
/// cores, whoever spins keeps the one away that it waits for.
constexpr int spins_on_own_core = 4000;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Until the value is no longer `old`.
void wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old, int spins) {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

Team::Team(std::uint32_t threads) : spins_(threads <= std::thread::hardware_concurrency() ? spins_on_own_core : 0) {
  GOSSIP_ASSERT(threads >= 1);
  try {
    while (size() < threads) helpers_.emplace_back([this](const std::stop_token& end) { help(end); });
  } catch (const std::system_error&) {  // no more of them
  }
}

Team::~Team() {
  for (std::jthread& helper : helpers_) helper.request_stop();
  called_.fetch_add(1, std::memory_order_release);
  called_.notify_all();
}

void Team::run(const Job& job) {
  job_ = job;
  next_.store(0, std::memory_order_relaxed);
  if (job.count > 1 && !helpers_.empty()) {
    busy_.store(static_cast<std::uint32_t>(helpers_.size()), std::memory_order_relaxed);
    called_.fetch_add(1, std::memory_order_release);
    called_.notify_all();
  }
  work();
  for (std::uint32_t busy; (busy = busy_.load(std::memory_order_acquire)) > 0;) wait_for_change(busy_, busy, spins_);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Team::help(const std::stop_token& end) {
  for (std::uint32_t seen = 0;; ++seen) {
    while (called_.load(std::memory_order_acquire) == seen) wait_for_change(called_, seen, spins_);
    if (end.stop_requested()) return;
    work();
    busy_.fetch_sub(1, std::memory_order_acq_rel);
    busy_.notify_one();
  }
}

void Team::work() {
  for (std::uint32_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < job_.count;) {
    try {
      job_.call(job_.task, i);
    } catch (...) {
      const std::lock_guard lock(failed_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
}

}  // namespace gossip::sim
