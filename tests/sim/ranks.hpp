#pragma once

#include <barrier>
#include <functional>
#include <thread>

#include "sim/machine/ranks.hpp"

namespace gossip::sim::test {

/// Ranks that are threads of one process.
class RanksOfThreads {
 public:
  explicit RanksOfThreads(std::uint32_t size) : size_(size), barrier_(size), mail_(std::size_t{size} * size) {}

  /// Calls run(ranks) in each, and returns when all have returned.
  void each(const std::function<void(Ranks&)>& run) {
    std::vector<std::jthread> threads;
    for (std::uint32_t rank = 0; rank < size_; ++rank) {
      threads.emplace_back([this, rank, &run] {
        Rank ranks(*this, rank);
        run(ranks);
      });
    }
  }

 private:
  class Rank final : public Ranks {
   public:
    Rank(RanksOfThreads& job, std::uint32_t rank) : Ranks(rank, job.size_), job_(job) {}
    void exchange(std::span<Packet> out, std::span<Packet> in) override {
      for (std::uint32_t r = 0; r < size(); ++r) job_.mail_[rank() * size() + r] = out[r];
      job_.barrier_.arrive_and_wait();
      for (std::uint32_t r = 0; r < size(); ++r) {
        if (r == rank()) continue;
        in[r] = job_.mail_[r * size() + rank()];
        in[r].rewind();
      }
      job_.barrier_.arrive_and_wait();
    }

   private:
    RanksOfThreads& job_;
  };

  std::uint32_t size_;
  std::barrier<> barrier_;
  std::vector<Packet> mail_;
};

}  // namespace gossip::sim::test
