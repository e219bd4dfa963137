#pragma once

#include <map>

#include "node/driver.hpp"
#include "tests/fuzz/remote.hpp"

namespace gossip::fuzz {

/// Between the driver and the API: counts what the driver holds for new.
class Witness final : public node::Modules {
 public:
  Witness(node::Modules& modules, const node::Loop& loop, Duration seen_ttl)
      : modules_(modules), loop_(loop), ttl_(seen_ttl) {}

  std::size_t deliver(const node::Message& message, MessageRef waiting, node::ModuleId publisher) override {
    News& its = news_[content_of(message.data_type, message.data)];
    // The promise of the loop protection.
    GOSSIP_ASSERT(its.times == 0 || loop_.now - its.last >= ttl_);
    its = {its.times + 1, loop_.now};
    ++deliveries;
    const std::size_t n = modules_.deliver(message, waiting, publisher);
    told += n;
    return n;
  }
  /// How often it was new.
  std::uint32_t times(const Content& content) const {
    const auto found = news_.find(content);
    return found == news_.end() ? 0 : found->second.times;
  }

  std::uint64_t deliveries = 0, told = 0;

 private:
  struct News {
    std::uint32_t times = 0;
    Time last = 0;
  };
  node::Modules& modules_;
  const node::Loop& loop_;
  Duration ttl_;
  std::map<Content, News> news_;
};

}  // namespace gossip::fuzz
