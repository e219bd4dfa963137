#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace gossip::sim {

/// The caller and the threads that help it. Who is free takes the next piece of work, so that uneven pieces do not
/// keep anybody waiting; what is computed must not depend on who does it.
class Team {
 public:
  /// `threads`: the caller's included, at least 1. Where the system has not got so many, those that it has do the work.
  explicit Team(std::uint32_t threads);
  Team(const Team&) = delete;
  ~Team();

  std::uint32_t size() const { return static_cast<std::uint32_t>(helpers_.size()) + 1; }

  /// Calls task(i) once for each i below `count`, and returns when all have returned. When one throws, the others are
  /// still called, and the first that was caught is thrown here.
  template <class Task>
  void each(std::uint32_t count, Task&& task) {
    using T = std::remove_reference_t<Task>;
    run({[](void* t, std::uint32_t i) { (*static_cast<T*>(t))(i); }, const_cast<std::remove_const_t<T>*>(&task),
         count});
  }

 private:
  struct Job {
    void (*call)(void* task, std::uint32_t i);
    void* task;
    std::uint32_t count;
  };

  void run(const Job& job);
  void help(const std::stop_token& end);
  void work();

  Job job_{};
  alignas(64) std::atomic<std::uint32_t> next_{0};    // the piece that nobody has taken yet
  alignas(64) std::atomic<std::uint32_t> called_{0};  // how often there was work
  alignas(64) std::atomic<std::uint32_t> busy_{0};    // helpers that have not finished
  std::mutex failed_;
  std::exception_ptr failure_;
  int spins_;
  std::vector<std::jthread> helpers_;
};

}  // namespace gossip::sim
