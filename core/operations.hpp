#pragma once

#include <string_view>
#include <vector>

#include "core/peer.hpp"

namespace gossip {

/// What a driver can do with one kind of peer, so that it need not be a template over all of them. Peer says what each
/// means.
struct Operations {
  std::string_view overlay, broadcast, repair;
  bool hears_duplicates;
  std::size_t (*bytes)(const Config& config);
  void (*init)(std::byte* memory, PeerId self, std::uint64_t seed, const Config& config, Env& env);
  Time (*step)(std::byte* memory, const Config& config, const Input& input, Env& env, Actions& out);
  std::span<const PeerId> (*neighbours)(std::byte* memory, const Config& config, Env& env);
  View (*look)(std::byte* memory, const Config& config, Env& env);
  std::vector<Fields> (*fields)(Config& config);         // every parameter of this kind
  std::vector<Fields> (*driver_fields)(Config& config);  // what its driver sets, and no person
};

namespace detail {

/// Calls f.operator()<Part>() for each part of a peer that has a Config.
template <class Overlay, class Broadcast, class Repair, class F>
constexpr void each_part(F&& f) {
  f.template operator()<Intake>();
  if constexpr (Peer<Overlay, Broadcast, Repair>::has_history) f.template operator()<History>();
  f.template operator()<Overlay>();
  f.template operator()<Broadcast>();
  f.template operator()<Repair>();
}

template <class Part>
inline constexpr auto fields = Part::Config::fields();
template <class Part>
inline constexpr auto driver_fields = Part::Config::driver_fields();

template <class... P>
std::vector<Fields> fields_of(Config& config) {
  std::vector<Fields> all;
  each_part<P...>([&]<class Part>() { all.push_back({fields<Part>, &config.of<Part>()}); });
  return all;
}
template <class... P>
std::vector<Fields> driver_fields_of(Config& config) {
  std::vector<Fields> all;
  each_part<P...>([&]<class Part>() {
    if constexpr (requires { Part::Config::driver_fields(); }) {
      all.push_back({driver_fields<Part>, &config.of<Part>()});
    }
  });
  return all;
}

}  // namespace detail

template <class Overlay, class Broadcast, class Repair = NoRepair>
constexpr Operations operations_of() {
  using P = Peer<Overlay, Broadcast, Repair>;
  return {Overlay::name,
          Broadcast::name,
          Repair::name,
          hears_duplicates<Broadcast>,
          P::bytes,
          P::init,
          P::step,
          P::neighbours,
          P::look,
          detail::fields_of<Overlay, Broadcast, Repair>,
          detail::driver_fields_of<Overlay, Broadcast, Repair>};
}

/// The kind of peer that these protocols make; null where one of the names is not known.
const Operations* find_operations(std::string_view overlay, std::string_view broadcast,
                                  std::string_view repair = NoRepair::name);

}  // namespace gossip
