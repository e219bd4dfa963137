#include "core/transcript.hpp"

namespace gossip {
namespace {

std::string number(MessageRef message) { return std::to_string(index(message)); }
/// Where ttl is not that of an announce.
std::string more(const Frame& frame) { return frame.ttl == 0 ? std::string() : ' ' + std::to_string(frame.ttl); }

struct InputText {
  const ListStore* lists;

  std::string operator()(const Start&) const { return "start"; }
  std::string operator()(const PeerUp& i) const {
    return "up " + to_text(i.peer) + (i.inbound ? " inbound" : " dialled");
  }
  std::string operator()(const PeerDown& i) const { return "down " + to_text(i.peer); }
  std::string operator()(const Receive& i) const {
    return "receive " + to_text(i.from) + ": " + to_text(i.frame, lists);
  }
  std::string operator()(const Publish& i) const {
    return "publish " + number(i.message) + " ttl " + std::to_string(i.ttl);
  }
  std::string operator()(const Verdict& i) const {
    return "verdict " + number(i.message) + ' ' + opinion_names[static_cast<std::size_t>(i.opinion)];
  }
  std::string operator()(const Wake&) const { return "wake"; }
};

struct ActionText {
  const ListStore* lists;

  std::string operator()(const Send& a) const { return "send " + to_text(a.to) + ": " + to_text(a.frame, lists); }
  std::string operator()(const SendAll& a) const {
    return "send all" + (a.except == no_peer ? std::string() : " but " + to_text(a.except)) + ": " +
           to_text(a.frame, lists);
  }
  std::string operator()(const Deliver& a) const {
    return "deliver " + number(a.message) + " from " + to_text(a.from) + " hops " + std::to_string(a.hops);
  }
  std::string operator()(const Connect& a) const { return "connect " + to_text(a.peer); }
  std::string operator()(const Disconnect& a) const { return "disconnect " + to_text(a.peer); }
  std::string operator()(const Forget& a) const { return "forget " + number(a.message); }
  std::string operator()(const ForgetPeer& a) const { return "forget " + to_text(a.peer); }
  std::string operator()(const Drop& a) const {
    std::string text = "drop ";
    if (a.message != no_message) text += number(a.message) + ' ';
    if (a.from != no_peer) text += "from " + to_text(a.from) + ' ';
    text.back() = ':';
    return text.append(" ").append(reasons[static_cast<std::size_t>(a.reason)].name);
  }
};

}  // namespace

std::string to_text(PeerId peer) { return peer == no_peer ? "nobody" : "peer " + std::to_string(index(peer)); }

std::string to_text(const Frame& frame, const ListStore* lists) {
  std::string text = traits(frame.kind).name;
  switch (traits(frame.kind).body) {
    case Body::message:
    case Body::id:
      return text + ' ' + number(frame.message()) + " ttl " + std::to_string(frame.ttl) + " hops " +
             std::to_string(frame.hops);
    case Body::peer:
      return text + " of " + to_text(frame.subject()) + more(frame);
    case Body::none:
      return text + more(frame);
    case Body::list:
      text += more(frame);
      break;
  }
  if (lists == nullptr) return text;
  text += ':';
  for (const std::uint32_t item : lists->items(frame.list())) text.append(" ").append(std::to_string(item));
  return text;
}

std::string to_text(const Input& input, const ListStore* lists) { return std::visit(InputText{lists}, input); }
std::string to_text(const Action& action, const ListStore* lists) { return std::visit(ActionText{lists}, action); }

}  // namespace gossip
