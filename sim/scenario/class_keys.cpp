#include "sim/scenario/key_makers.hpp"

namespace gossip::sim::keys {

/// Peers that are not as all others.
Key classes() {
  using C = ClassSpec;
  constexpr auto help = "peers that are not as the others";
  constexpr Range some{0.0, 1.0, true};
  Either who{{key(field<&C::fraction>({}, some, {"a share of the peers, above 0 up to 1"}, Unit::share)),
              key({}, PeerList{at<&C::peers>}, "these peers")}};
  Keys own{
      needed(key("name", Text{at<&C::name>}, "for reports")),
      needed(key("peers", std::move(who), "who belongs to it; the bootstrapper is in none that is drawn")),
      key("upload", Bandwidth{at<&C::upload>}, "of each of them", "as `links.upload`"),
      may<&C::dialable>("dialable", any_value, {"`false`: behind NAT, it can dial, and dials to it come to nothing"}),
      may<&C::silent>("silent", any_value, {"an adversary that takes part, hears everything and passes nothing on"}),
  };
  const auto add = [](void* scenario) -> void* { return &at<&Scenario::classes>(scenario)->emplace_back(); };
  return key("classes", List{{{}, help, std::move(own), add}}, help, "all are alike");
}

}  // namespace gossip::sim::keys
