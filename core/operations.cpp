#include "core/operations.hpp"

namespace gossip {

/// The one place where every kind of peer is compiled.
const Operations* find_operations(std::string_view overlay, std::string_view broadcast, std::string_view repair) {
  const Operations* found = nullptr;
  Overlays::each([&]<class O>() {
    Broadcasts::each([&]<class B>() {
      Repairs::each([&]<class R>() {
        static constexpr Operations kind = operations_of<O, B, R>();
        if (kind.overlay == overlay && kind.broadcast == broadcast && kind.repair == repair) found = &kind;
      });
    });
  });
  return found;
}

}  // namespace gossip
