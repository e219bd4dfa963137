#include "node/api.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "node/driver.hpp"

namespace gossip::node {
namespace {

/// More than the core can wait for at once; the rest is for those that it has just given up.
std::uint32_t most_questions(const Config& config) { return config.of<Intake>().cache_size + 64; }

}  // namespace

ModuleConnection::ModuleConnection(Loop& loop, tcp::socket socket, std::uint64_t limit, Api& owner, ModuleId number)
    : Connection(loop, std::make_unique<Stream>(std::move(socket)), Kind::module, limit),
      api(owner),
      id(number),
      questions(owner.driver().messages(), most_questions(owner.driver().config())) {}

bool ModuleConnection::on_frame(std::span<const std::byte> frame) { return api.on_frame(*this, frame); }
void ModuleConnection::on_bad_size() { api.on_bad_size(*this); }
void ModuleConnection::on_end() { api.on_end(*this); }

Api::Api(Loop& loop, const Settings& settings) : loop_(loop), settings_(settings), listener_(loop) {}

void Api::listen() {
  listener_.listen(
      settings_.api_address, [this](tcp::socket socket) { accepted(std::move(socket)); }, "the API port");
}

void Api::accepted(tcp::socket socket) {
  if (modules_.size() >= settings_.limits.api_connections) {
    loop_.counters.add(Counter::refused_connections);
    return;
  }
  loop_.counters.add(Counter::modules);
  modules_.push_back(std::make_shared<ModuleConnection>(loop_, std::move(socket), settings_.limits.module_queue, *this,
                                                        ModuleId{++last_id_}));
  asio::co_spawn(loop_.io, modules_.back()->read(), asio::detached);
}

std::size_t Api::deliver(const Message& message, MessageRef waiting, ModuleId publisher) {
  const auto found = subscribers_.find(message.data_type);
  if (found == subscribers_.end()) return 0;
  std::size_t told = 0;
  const std::size_t size = net::notification_size(message.data.size());
  for (ModuleConnection* module : found->second) {
    if (module->id == publisher) continue;
    ++told;
    const bool queued = module->enqueue(size, [&](net::Bytes& out) {
      encode(out,
             net::Notification{
                 .message_id = module->questions.ask(waiting), .data_type = message.data_type, .data = message.data});
    });
    loop_.counters.add(queued ? Counter::notifications : Counter::drop_module_queue);
  }
  return told;
}

bool Api::on_frame(ModuleConnection& module, std::span<const std::byte> frame) {
  const net::Decoded decoded = net::decode(frame);
  std::visit(
      [&](const auto& message) {
        using M = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<M, net::DecodeError>) {
          on_malformed(module, to_string(message));
        } else if constexpr (requires { this->on(module, message); }) {
          this->on(module, message);
        } else {
          on_malformed(module, "a message that modules do not send");
        }
      },
      decoded);
  return module.state() == Connection::State::open;
}

void Api::on(ModuleConnection& module, const net::Announce& message) {
  ++module.announced;
  if (message.data.size() > net::max_send_content_data) {
    ++module.dropped;
    loop_.counters.add(Counter::drop_too_large);
    spdlog::warn("refusing {} bytes announced by {}: too large for the classic dialect", message.data.size(),
                 module.name());
    return;
  }
  const Message announced{.ttl = message.ttl, .data_type = message.data_type, .data = message.data};
  if (!driver_->publish(loop_.now, announced, module.id)) ++module.dropped;
}

void Api::on(ModuleConnection& module, const net::Notify& message) {
  if (std::ranges::find(module.types, message.data_type) != module.types.end()) return;
  if (module.types.size() >= settings_.limits.api_subscriptions) return on_malformed(module, "too many subscriptions");
  module.types.push_back(message.data_type);
  subscribers_[message.data_type].push_back(&module);
}

void Api::on(ModuleConnection& module, const net::Validation& message) {
  using Kind = Questions::Kind;
  const auto [asked, kind] = module.questions.answered(message.message_id);
  if (kind == Kind::unasked) {
    loop_.counters.add(Counter::unknown_message_id);
    return on_malformed(module, "a verdict on an unknown message id");
  }
  if (kind == Kind::past) loop_.counters.drop(Reason::late_verdict);
  if (kind != Kind::waiting) return;
  driver_->verdict(loop_.now, asked, message.valid);
  driver_->messages().release(asked);
}

void Api::on_malformed(ModuleConnection& module, const char* what) {
  loop_.counters.add(Counter::malformed_api);
  loop_.counters.add(Counter::closed_malformed);
  spdlog::warn("closing module {}: {}", module.name(), what);
  on_end(module);
}

void Api::on_end(ModuleConnection& module) {
  forget(module);
  module.close_after_flush();
}

void Api::forget(ModuleConnection& module) {
  module.questions.clear();
  for (std::uint16_t type : module.types) {
    auto& list = subscribers_[type];
    std::erase(list, &module);
    if (list.empty()) subscribers_.erase(type);
  }
  module.types.clear();
}

void Api::tick(Time now) {
  for (std::size_t i = 0; i < modules_.size();) {
    ModuleConnection& module = *modules_[i];
    module.set_limit(settings_.limits.module_queue);
    module.tick(now);
    const Time stalled = module.stalled_since();
    if (module.state() == Connection::State::open && stalled != never &&
        now - stalled > settings_.limits.module_stall) {
      loop_.counters.add(Counter::closed_stalled);
      spdlog::warn("closing module {}: it reads nothing", module.name());
      module.close();
    }
    if (module.state() != Connection::State::closed) {
      ++i;
      continue;
    }
    forget(module);
    modules_[i] = std::move(modules_.back());
    modules_.pop_back();
  }
}

void Api::stop_accepting() { listener_.stop(); }

std::size_t Api::queued() const {
  std::size_t bytes = 0;
  for (const auto& connection : modules_) bytes += connection->queued();
  return bytes;
}

void Api::close_all() {
  for (const auto& module : modules_) module->close_after_flush();
}

std::vector<Api::ModuleInfo> Api::modules() const {
  std::vector<ModuleInfo> infos;
  for (const auto& module : modules_) {
    infos.push_back({.address = module->name(),
                     .queued = module->queued(),
                     .types = module->types,
                     .announced = module->announced,
                     .dropped = module->dropped});
  }
  return infos;
}

}  // namespace gossip::node
