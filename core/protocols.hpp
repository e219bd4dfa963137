#pragma once

#include <tuple>

#include "core/broadcast/fanout.hpp"
#include "core/broadcast/flood.hpp"
#include "core/broadcast/mesh.hpp"
#include "core/broadcast/plumtree.hpp"
#include "core/broadcast/rumor.hpp"
#include "core/history.hpp"
#include "core/intake.hpp"
#include "core/overlay/everyone.hpp"
#include "core/overlay/fixed.hpp"
#include "core/overlay/hyparview.hpp"
#include "core/overlay/sampling.hpp"
#include "core/repair/anti_entropy.hpp"
#include "core/repair/none.hpp"

/// Every protocol that there is. A new one is registered here, and nowhere else: scenarios, the node's configuration,
/// documentation and recordings know it by its name and its fields.
namespace gossip {

template <class... P>
struct Protocols {
  using Configs = std::tuple<typename P::Config...>;
  /// Calls f.operator()<P>() for each.
  template <class F>
  static constexpr void each(F&& f) {
    (f.template operator()<P>(), ...);
  }
};

using Overlays = Protocols<Fixed, Sampling, HyParView, Everyone>;
using Broadcasts = Protocols<Flood, Fanout, Plumtree, Mesh, Rumor>;
using Repairs = Protocols<NoRepair, AntiEntropy>;

/// The parameters of every part of a peer; those of parts that it does not have are ignored.
class Config {
 public:
  template <class P>
  typename P::Config& of() {
    return std::get<typename P::Config>(all_);
  }
  template <class P>
  const typename P::Config& of() const {
    return std::get<typename P::Config>(all_);
  }

 private:
  decltype(std::tuple_cat(std::tuple<Intake::Config, History::Config>(), Overlays::Configs(), Broadcasts::Configs(),
                          Repairs::Configs())) all_;
};

}  // namespace gossip
