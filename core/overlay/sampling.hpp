#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "core/config/field.hpp"
#include "core/overlay/address_list.hpp"
#include "core/timers.hpp"

namespace gossip {

struct SamplingConfig {
  PeerId bootstrapper = no_peer;  // no_peer or the peer itself: waits to be found; the driver's to say
  std::uint32_t degree = 30;
  std::uint32_t links = automatic;
  std::uint32_t transient_links = automatic;
  std::uint32_t peer_list = 256;
  std::uint32_t response_peers = 64;
  std::uint32_t dials = 32;
  Duration retry_min = 500 * millisecond;
  Duration retry_max = 30 * second;
  Duration explore = 20 * second;

  static constexpr std::int64_t links_allowed = 40'000, transient_allowed = 20'000;
  static_assert(links_allowed + transient_allowed <= 65'535, "places are counted in 16 bits");

  static constexpr auto fields() {
    using C = SamplingConfig;
    return std::array{
        field<&C::degree>("degree", whole(1, 10'000), {"connections that a peer seeks", "the seed's default"}),
        field<&C::links>(
            "links", whole(1, links_allowed),
            {"connections that it keeps, whoever dialled",
             "scenarios/seed-bootstrap.json: room enough for those who seek, at half the cost of twice the "
             "degree",
             "a tenth more than `degree`"}),
        field<&C::transient_links>("transient_links", whole(0, transient_allowed),
                                   {"connections above those: answered, then closed",
                                    "guess: a full peer still introduces people", "as many as `degree`"}),
        field<&C::peer_list>("peer_list", whole(1, 65'535),
                             {"addresses that it remembers", "guess; scenarios/seed-bootstrap.json"}),
        field<&C::response_peers>(
            "response_peers", whole(1, 10'921),
            {"addresses in one answer, given and taken; 10921 fill a frame", "guess; scenarios/seed-bootstrap.json"}),
        field<&C::dials>("dials", whole(1, 10'000), {"dials a second, at most", "guess: fills `degree` at once"}),
        field<&C::retry_min>("retry_min", whole(1, 3'600 * second),
                             {"first pause before the same address is dialled, or anybody asked, again", "guess"}),
        field<&C::retry_max>("retry_max", whole(1, 24 * 3'600 * second), {"the pause doubles up to this", "guess"}),
        field<&C::explore>("explore", whole(1, 24 * 3'600 * second),
                           {"a peer that has enough neighbours tries another one this often",
                            "two halves of a network that were cut apart find each other within a minute"}),
    };
  }
  static constexpr auto driver_fields() {
    return std::array{field<&SamplingConfig::bootstrapper>("bootstrapper", any_value, {"who is asked first"})};
  }

  constexpr std::uint32_t most_links() const {
    return links != automatic ? links : degree + (degree < 10 ? 1 : degree / 10);
  }
  constexpr std::uint32_t most_transient() const { return transient_links != automatic ? transient_links : degree; }
  /// Connections that a peer may have at once.
  constexpr std::uint32_t places() const { return most_links() + most_transient(); }

  template <class F>
  constexpr void each_conflict(F&& f) const {
    if (degree > most_links()) f(Conflict{"degree", "is above", "links"});
    if (degree > peer_list) f(Conflict{"degree", "is above", "peer_list"});
    if (retry_min > retry_max) f(Conflict{"retry_min", "is above", "retry_max"});
  }
};

/// The seed's push-pull peer lists: a peer knows some addresses and is connected to some of them.
///
/// Asking and answering
/// - A peer that starts dials its bootstrapper and sends PULL: "give me peers", with its own address. PULL is answered by
///   RESPONSE, a part of the list without what has failed; who asked is put on the list. PUSH only puts the sender on it.
/// - A RESPONSE counts only from who was asked, once, and up to `response_peers`; each connection can put one address of
///   its own on the list. So nobody can fill a list unasked.
/// Dialling
/// - While a peer has fewer than `degree` connections (dials in progress included) it dials addresses of its list, those
///   that once worked first. Each one that it reaches gets PUSH or PULL, at random. A lost connection is refilled at once.
/// - An address that cannot be reached, or whose connection dies young (its owner was full, most likely), is left alone
///   for a pause that doubles from `retry_min` to `retry_max`, with up to half of it on top at random. Never more than
///   `dials` in a second that begins with one. So there is no storm, whoever refuses whom.
/// - When no address is left to dial, the peer asks again after such a pause: a neighbour or the bootstrapper, at random
///   (the bootstrapper too, so that an island of peers finds the others again).
/// - A peer with enough neighbours tries another address each `explore`, even where that is one more than `links`. `quiet`
///   later it goes again, unless it could not be reached the last time: then a neighbour goes for it that this peer had
///   dialled itself. So the halves of a network that was cut apart meet again although neither misses anybody.
/// Keeping
/// - A full peer makes room for one who asks, once a second: a neighbour goes that had dialled it `young` ago or earlier,
///   most likely one that has enough. So who seeks finds a place although everybody is full; but no stranger takes the
///   place of one that this peer had dialled itself.
/// - A peer keeps `links` connections, whoever dialled; it accepts `transient_links` more, answers them, and closes them:
///   it is full, but it still introduces people. Beyond that it closes at once. One that says nothing is closed as well.
/// - Which addresses are remembered, put off, told and forgotten: AddressList.
/// Differs from the seed: it sends one PULL ever, forgets nothing and believes everything.
class Sampling {
 public:
  using Config = SamplingConfig;
  enum class Timer : std::uint8_t { retry, dial, explore, quiet, count_ };
  struct State {
    Timers<Timer> timers;
    Time dial_second;  // the second in which `dialled` were dialled began then
    PeerId explored;   // being tried, or no_peer
    std::uint16_t links, up;
    AddressList::State list;
    std::uint16_t dialled;
    std::uint32_t made_room;  // when, in ticks
    std::uint8_t pauses;
    bool found_again;  // what is explored could not be reached before
  };
  static constexpr const char* name = "sampling";
  static constexpr const char* about = "Push-pull peer lists from a bootstrapper";
  static constexpr Duration young = 5 * second;  // guess: a full peer closes within a round trip
  static constexpr Duration quiet = 2 * second;  // guess: what a stranger has to say, it says at once

  static constexpr std::size_t bytes(const Config& config) {
    const std::size_t raw = config.places() * (sizeof(PeerId) + sizeof(Link)) + AddressList::bytes(config.peer_list);
    return (raw + 7) / 8 * 8;
  }
  std::uint32_t most_actions() const { return config_.degree + config_.response_peers + 8; }

  Sampling(State& state, std::byte* memory, const Config& config, Context& context)
      : state_(state),
        links_(reinterpret_cast<PeerId*>(memory)),
        link_(reinterpret_cast<Link*>(links_ + config.places())),
        list_(state.list, reinterpret_cast<std::byte*>(link_ + config.places()), {config.peer_list, backoff(config)},
              context),
        config_(config),
        context_(context) {}

  void clear() {
    state_ = {};
    state_.explored = no_peer;
    state_.timers.clear();
  }
  Time deadline() const { return state_.timers.deadline(); }

  void on_start() {
    if (may_dial_bootstrapper()) dial(config_.bootstrapper);
    state_.timers.set(Timer::explore, context_.now() + Backoff::with_jitter(config_.explore, context_.random));
  }

  void on_up(PeerId peer, bool inbound) {
    if (find(peer) == nowhere && state_.links == config_.places()) return close(peer);
    if (find(peer) >= state_.up) set_up(peer, inbound);
    if (inbound) {                                             // it says first what it wants
      if (peer == state_.explored) state_.explored = no_peer;  // it came by itself: a stranger like any other
      if (state_.up > config_.most_links()) listen_until(context_.now() + quiet);
      return;
    }
    list_.prove(peer);
    if (state_.up > config_.most_links() && peer != state_.explored) {
      remove(peer);
      return close(peer);
    }
    link_[find(peer)].kept = true;
    const bool ask = peer != state_.explored && (list_.size() < config_.degree || context_.random.below(2) == 0);
    ask ? pull(peer) : context_.send(peer, Frame::push(context_.self));
    if (peer == state_.explored) listen_until(context_.now() + quiet);
    ask_later();  // also when no answer comes
  }

  void on_down(PeerId peer) {
    const std::uint32_t place = find(peer);
    if (place == nowhere) return;
    const bool unreachable = place >= state_.up;
    const bool failed = unreachable || (!link_[place].inbound && since(link_[place].since) < young);
    list_.put_off(peer, failed, unreachable, state_.up == 0);
    remove(peer);
    refill();
  }

  void on_frame(PeerId from, const Frame& frame) {
    const std::uint32_t place = find(from);
    switch (frame.kind) {
      case FrameKind::pull:
        introduce(place, frame.subject());
        answer(from, frame.subject());
        judge(from, true);
        break;
      case FrameKind::push:
        introduce(place, frame.subject());
        judge(from, false);
        break;
      case FrameKind::response:
        if (!expected(place, from)) return context_.drop(no_message, from, Reason::unasked);
        for (const PeerId peer : taken(context_.env.lists.peers(frame.list()))) learn(peer);
        break;
      default:
        return;
    }
    refill();
  }

  void on_wake() {
    const Time now = context_.now();
    if (now < deadline()) return;  // early, or not for this layer
    if (state_.timers.due(Timer::retry, now)) ask_again();
    if (state_.timers.due(Timer::quiet, now)) end_quiet();
    if (state_.timers.due(Timer::explore, now)) try_another();
    state_.timers.due(Timer::dial, now);
    refill();
  }

  /// Those that are up.
  std::span<const PeerId> neighbours() const { return {links_, state_.up}; }
  /// Up or being dialled; those that are up first.
  std::span<const PeerId> links() const { return {links_, state_.links}; }
  /// Those that were reached once first.
  std::span<const PeerId> known() const { return list_.all(); }

 private:
  struct Link {
    std::uint32_t since;  // in Ticks
    bool inbound, kept, introduced;
    std::uint8_t asked;  // questions that were not answered yet
  };

  static Backoff backoff(const Config& config) { return {config.retry_min, config.retry_max}; }
  std::uint32_t ticks() const { return Ticks::of(context_.now()); }
  Duration since(std::uint32_t then) const { return Ticks::between(then, context_.now()); }

  bool may_dial_bootstrapper() {
    return config_.bootstrapper != no_peer && config_.bootstrapper != context_.self &&
           state_.links < config_.places() && find(config_.bootstrapper) == nowhere && may_dial();
  }
  std::span<const PeerId> taken(std::span<const PeerId> response) const {
    return response.first(std::min<std::size_t>(response.size(), config_.response_peers));
  }

  // ---- links

  /// The place among the links; below `up` it is a neighbour.
  std::uint32_t find(PeerId peer) const { return find_peer(links(), peer); }

  void move_link(std::uint32_t to, std::uint32_t from) {
    links_[to] = links_[from];
    link_[to] = link_[from];
  }
  void set_up(PeerId peer, bool inbound) {
    std::uint32_t place = find(peer);
    if (place == nowhere) place = state_.links++;
    move_link(place, state_.up);
    links_[state_.up] = peer;
    link_[state_.up++] = {ticks(), inbound, false, false, 0};
    context_.neighbour_up(peer);
  }
  void remove(PeerId peer) {
    std::uint32_t place = find(peer);
    if (peer == state_.explored) state_.explored = no_peer;
    if (place < state_.up) {
      move_link(place, --state_.up);
      place = state_.up;
      context_.neighbour_down(peer);
    }
    move_link(place, --state_.links);
  }
  void close(PeerId peer) { context_.out.emplace_back(Disconnect{peer}); }
  void let_go(PeerId peer) {
    remove(peer);
    close(peer);
  }

  /// What a stranger wants is known: there is room for it, or can be made for one that seeks, or it goes.
  void judge(PeerId from, bool seeks) {
    const std::uint32_t place = find(from);
    if (place >= state_.up || link_[place].kept) return;
    if (state_.up > config_.most_links() && !(seeks && make_room_for(from))) return let_go(from);
    link_[find(from)].kept = true;
  }

  bool make_room_for(PeerId stranger) {
    if (since(state_.made_room) < second) return false;
    const PeerId old = random_link([&](std::uint32_t place) {
      return links_[place] != stranger && link_[place].inbound && since(link_[place].since) >= young;
    });
    if (old == no_peer) return false;
    state_.made_room = ticks();
    let_go(old);
    return true;
  }

  /// Of those that are up and for which suits(place); no_peer where there is none.
  template <class Suits>
  PeerId random_link(Suits&& suits) {
    const std::uint32_t start = context_.random.below(state_.up);
    for (std::uint32_t i = 0; i < state_.up; ++i) {
      const std::uint32_t place = (start + i) % state_.up;
      if (suits(place)) return links_[place];
    }
    return no_peer;
  }

  void listen_until(Time time) {
    if (!state_.timers.running(Timer::quiet)) state_.timers.set(Timer::quiet, time);
  }

  /// Strangers above `links` that have said nothing; and what was tried has lasted, so that another may go for it.
  void end_quiet() {
    std::uint32_t room = Context::most_changes;
    for (std::uint32_t place = state_.up; place-- > 0 && state_.up > config_.most_links();) {
      if (link_[place].kept || since(link_[place].since) < quiet / 2) continue;
      if (room-- == 0) return listen_until(context_.now());  // the rest in the next step
      let_go(links_[place]);
    }
    const std::uint32_t tried = find(state_.explored);
    if (tried < state_.up && since(link_[tried].since) >= quiet / 2) {
      if (room == 0) return listen_until(context_.now());
      settle_explored();
    }
    if (state_.up > config_.most_links() || find(state_.explored) < state_.up) listen_until(context_.now() + quiet);
  }

  /// Kept only where it was lost, or is needed: room is for those who seek.
  void settle_explored() {
    const PeerId tried = std::exchange(state_.explored, no_peer);
    if (!state_.found_again && state_.up > config_.degree) return let_go(tried);
    if (state_.up > config_.most_links()) let_one_go(tried);
  }

  /// A random neighbour of those that this peer dialled, so that no stranger decides who.
  void let_one_go(PeerId kept) {
    const PeerId old = random_link([&](std::uint32_t place) { return links_[place] != kept && !link_[place].inbound; });
    let_go(old != no_peer ? old : kept);
  }

  // ---- dialling

  /// Who may_dial says may.
  void dial(PeerId peer) {
    ++state_.dialled;
    links_[state_.links++] = peer;
    context_.out.emplace_back(Connect{peer});
  }

  bool may_dial() {
    if (context_.now() - state_.dial_second >= second || state_.dialled == 0) {
      state_.dial_second = context_.now();
      state_.dialled = 0;
    }
    if (state_.dialled == config_.dials) {
      state_.timers.set(Timer::dial, state_.dial_second + second);
      return false;
    }
    return true;
  }

  /// Dials until the degree is reached or nobody is left who may be dialled now; then it is a matter of time.
  void refill() {
    while (state_.links < config_.degree) {
      const PeerId peer = list_.pick(links());
      if (peer == no_peer || !may_dial()) break;
      dial(peer);
    }
    if (state_.up >= config_.degree) {
      state_.timers.stop(Timer::retry);
      state_.pauses = 0;
    } else {
      ask_later();
    }
  }

  /// Anybody of the list, so that who knocks in vain is found as well as who was lost.
  void try_another() {
    state_.timers.set(Timer::explore, context_.now() + Backoff::with_jitter(config_.explore, context_.random));
    const bool busy = state_.explored != no_peer || state_.links == config_.places();
    if (busy || state_.up < config_.degree) return;
    const PeerId peer = list_.pick_any(links());
    if (peer == no_peer || !may_dial()) return;
    state_.explored = peer;
    state_.found_again = list_.unreachable(peer);
    dial(peer);
  }

  // ---- asking

  void pull(PeerId peer) {
    Link& link = link_[find(peer)];
    if (link.asked < 255) ++link.asked;
    context_.send(peer, Frame::pull(context_.self));
  }
  void ask_later() {
    if (state_.up >= config_.degree || state_.timers.running(Timer::retry)) return;
    state_.timers.set(Timer::retry, context_.now() + backoff(config_).after(state_.pauses, context_.random));
    if (state_.pauses < 63) ++state_.pauses;
  }
  void ask_again() {
    if (state_.up >= config_.degree) return;
    if ((state_.up == 0 || context_.random.below(2) == 0) && may_dial_bootstrapper()) {
      dial(config_.bootstrapper);
    } else if (state_.up > 0) {
      pull(links_[context_.random.below(state_.up)]);
    }
  }

  /// Whether a RESPONSE was asked for: each question counts once. From nobody: the list of an earlier run.
  bool expected(std::uint32_t place, PeerId from) {
    if (from == no_peer) return true;
    return place < state_.up && link_[place].asked > 0 && link_[place].asked-- > 0;
  }

  /// What a connection says of itself, once.
  void introduce(std::uint32_t place, PeerId peer) {
    if (place >= state_.up || std::exchange(link_[place].introduced, true)) return;
    learn(peer);
  }
  void learn(PeerId peer) {
    if (peer == context_.self || peer == no_peer || peer == config_.bootstrapper) return;
    list_.learn(peer, links());
  }
  void answer(PeerId to, PeerId asker) {
    const auto peers = context_.env.lists.add(std::span<const PeerId>{});
    if (!peers) return context_.drop(no_message, to, Reason::lists_full);
    list_.tell(*peers, config_.response_peers, asker);
    context_.send(to, Frame::response(*peers));
  }

  State& state_;
  PeerId* links_;
  Link* link_;
  AddressList list_;
  const Config& config_;
  Context& context_;
};

}  // namespace gossip
