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

}  // namespace

PeerFrame ClassicDialect::decode(std::span<const std::byte> frame) {
  return std::visit(Meaning{peers_}, net::decode(frame));
}

std::size_t ClassicDialect::size(const Message& message) { return net::send_content_size(message.data.size()); }
std::size_t ClassicDialect::size(const Pull&) { return net::pull_size; }
std::size_t ClassicDialect::size(const Push&) { return net::push_size; }
std::size_t ClassicDialect::size(const Response& message) { return net::response_size(message.peers.size()); }

void ClassicDialect::encode(std::vector<std::byte>& out, const Message& message) {
  net::encode(out, net::SendContent{{.ttl = message.ttl, .data_type = message.data_type, .data = message.data}});
}
void ClassicDialect::encode(std::vector<std::byte>& out, const Pull& message) {
  net::encode(out, net::Pull{message.sender});
}
void ClassicDialect::encode(std::vector<std::byte>& out, const Push& message) {
  net::encode(out, net::Push{message.sender});
}
void ClassicDialect::encode(std::vector<std::byte>& out, const Response& message) {
  net::encode_response(out, message.peers);
}

}  // namespace gossip::node
