#pragma once

#include "core/context.hpp"

namespace gossip {

/// Neighbours that are given.
///
/// Rules
/// - The neighbours of peer i are row i of Env::links; nobody else is ever one.
/// - A peer that (re)starts dials every neighbour to which it has no connection. One that loses a connection waits to
///   be dialled: the other side crashed or left, and dials when it is back.
/// Cost: no state of its own, no frames. A peer can only harm those who chose it.
class Fixed {
 public:
  struct State {};
  static constexpr std::size_t bytes(const Config&) { return 0; }

  Fixed(State&, std::byte*, Context& context) : context_(context) {}

  void clear() {
    const Row row = own();
    for (std::uint64_t i = row.begin; i < row.end && !links().up.empty(); ++i) links().up[i] = 0;
  }
  Time deadline() const { return never; }
  void on_wake() {}

  void on_start() {
    const Row row = own();
    for (std::uint64_t i = row.begin; i < row.end; ++i) {
      if (!up(i)) context_.out.emplace_back(Connect{links().targets[i]});
    }
  }
  void on_up(PeerId peer, bool) { set(peer, 1); }
  void on_down(PeerId peer) { set(peer, 0); }
  void on_frame(PeerId, const Frame&) {}

  template <class F>
  void for_each_neighbour(F&& f) const {
    const Row row = own();
    for (std::uint64_t i = row.begin; i < row.end; ++i) {
      if (up(i)) f(links().targets[i]);
    }
  }

 private:
  struct Row {
    std::uint64_t begin, end;
  };
  const FixedLinks& links() const { return context_.env.links; }
  Row own() const { return {links().offsets[index(context_.self)], links().offsets[index(context_.self) + 1]}; }
  bool up(std::uint64_t i) const { return links().up.empty() || links().up[i] != 0; }

  void set(PeerId peer, std::uint8_t value) {
    const Row row = own();
    for (std::uint64_t i = row.begin; i < row.end && !links().up.empty(); ++i) {
      if (links().targets[i] == peer) links().up[i] = value;
    }
  }

  Context& context_;
};

}  // namespace gossip
