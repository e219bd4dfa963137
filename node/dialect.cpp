#include "node/dialect.hpp"

#include "net/classic.hpp"

namespace gossip::node {
namespace {

/// What a frame of the classic dialect means; what only modules say is malformed.
struct Meaning {
  std::vector<net::Endpoint>& peers;

  PeerFrame operator()(net::DecodeError error) const {
    if (error == net::DecodeError::unknown_content) return UnknownContent{};
    return Malformed{to_string(error)};
  }
  PeerFrame operator()(const net::SendContent& content) const {
    const net::Announce& announce = content.announce;
    return Message{.ttl = announce.ttl, .data_type = announce.data_type, .data = announce.data};
  }
  PeerFrame operator()(const net::Pull& pull) const { return Pull{pull.sender}; }
  PeerFrame operator()(const net::Push& push) const { return Push{push.sender}; }
  PeerFrame operator()(const net::Response& response) const {
    peers.clear();
    for (std::size_t i = 0; i < response.count(); ++i) peers.push_back(response[i]);
    return Response{peers};
  }
  template <class M>
  PeerFrame operator()(const M&) const {
    return Malformed{"a message for modules"};
  }
};

template <class M>
bool enqueue(Connection& to, std::size_t size, const M& message) {
  return to.enqueue(size, [&](net::Bytes& out) { net::encode(out, message); });
}

}  // namespace

PeerFrame ClassicDialect::decode(std::span<const std::byte> frame) {
  return std::visit(Meaning{peers_}, net::decode(frame));
}

void ClassicDialect::encode(net::Bytes& out, const Message& message) {
  net::encode(out, net::SendContent{{.ttl = message.ttl, .data_type = message.data_type, .data = message.data}});
}

bool ClassicDialect::send(Connection& to, const Message& message) {
  return to.enqueue(net::send_content_size(message.data.size()), [&](net::Bytes& out) { encode(out, message); });
}

bool ClassicDialect::send(Connection& to, const Pull& message) {
  return enqueue(to, net::pull_size, net::Pull{message.sender});
}

bool ClassicDialect::send(Connection& to, const Push& message) {
  return enqueue(to, net::push_size, net::Push{message.sender});
}

bool ClassicDialect::send(Connection& to, const Response& message) {
  return to.enqueue(net::response_size(message.peers.size()),
                    [&](net::Bytes& out) { net::encode_response(out, message.peers); });
}

}  // namespace gossip::node
