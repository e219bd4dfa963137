#pragma once

#include <cstdint>
#include <memory>

#include "sim/machine/ranks.hpp"

namespace gossip::sim {

/// What `mpirun` started together; alone where it did not. To be made once, and to live until the program ends.
class Job {
 public:
  Job();
  Job(const Job&) = delete;
  ~Job();

  Ranks& ranks() { return *ranks_; }
  /// Of this machine's processors, those that this rank may take without being in the way of the others here.
  std::uint32_t threads() const { return threads_; }
  /// Something went wrong at this rank that the others do not know of: the job ends for all of them.
  void abort(int exit_code);

 private:
  std::unique_ptr<Ranks> ranks_;
  std::uint32_t threads_;
};

}  // namespace gossip::sim
