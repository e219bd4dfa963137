#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <type_traits>

namespace gossip::bench {

/// `measure()` in a process of its own, so that its peak memory is its own and its heap is fresh.
template <class F>
auto in_child(F&& measure) {
  using Result = decltype(measure());
  static_assert(std::is_trivially_copyable_v<Result> && sizeof(Result) <= 4096, "one write to a pipe");
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe failed");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    int code = 1;
    try {
      const Result result = measure();
      code = write(ends[1], &result, sizeof result) == static_cast<ssize_t>(sizeof result) ? 0 : 1;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "gossip-bench: %s\n", error.what());
    }
    _exit(code);
  }
  close(ends[1]);
  Result result{};
  const bool read_all = read(ends[0], &result, sizeof result) == static_cast<ssize_t>(sizeof result);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!read_all || !WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("a measurement failed");
  return result;
}

}  // namespace gossip::bench
