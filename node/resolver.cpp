#include "node/resolver.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace gossip::node {
namespace {

/// What the thread and the loop share; it goes with whoever of them ends last.
struct Query {
  std::mutex mutex;
  asio::io_context* io;          // nullptr: nobody waits any more
  asio::steady_timer* answered;  // the loop's
  std::vector<tcp::endpoint> found;
};

/// Held by who waits: the loop may end while it does.
struct Patience {
  std::shared_ptr<Query> query;
  explicit Patience(std::shared_ptr<Query> of) : query(std::move(of)) {}
  Patience(const Patience&) = delete;
  ~Patience() {
    const std::lock_guard lock(query->mutex);
    query->io = nullptr;
    query->answered = nullptr;
  }
};

void answer(const std::shared_ptr<Query>& query, std::vector<tcp::endpoint> found) {
  const std::lock_guard lock(query->mutex);
  if (query->io == nullptr) return;
  query->found = std::move(found);
  asio::post(*query->io, [query] {
    if (query->answered != nullptr) query->answered->cancel();
  });
}

}  // namespace

std::vector<tcp::endpoint> look_up(const net::HostPort& name) {
  asio::io_context io;
  tcp::resolver resolver(io);
  boost::system::error_code error;
  std::vector<tcp::endpoint> endpoints;
  for (const auto& result : resolver.resolve(name.host, std::to_string(name.port), error)) {
    endpoints.push_back(result.endpoint());
  }
  return endpoints;
}

asio::awaitable<std::vector<tcp::endpoint>> resolve_detached(asio::io_context& io, Lookup lookup, net::HostPort name) {
  asio::steady_timer answered(io, asio::steady_timer::time_point::max());
  const auto query = std::make_shared<Query>();
  query->io = &io;
  query->answered = &answered;
  const Patience patience(query);
  try {
    std::thread([query, lookup = std::move(lookup), name = std::move(name)] { answer(query, lookup(name)); }).detach();
  } catch (const std::system_error&) {
    co_return std::vector<tcp::endpoint>{};  // no thread to be had; the dial has failed
  }
  co_await answered.async_wait(as_result);
  co_return std::move(query->found);
}

}  // namespace gossip::node
