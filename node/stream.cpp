#include "node/stream.hpp"

#include <boost/asio/buffer.hpp>

namespace gossip::node {

Stream::Stream(tcp::socket socket) : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  remote_ = socket_.remote_endpoint(ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
}

std::size_t Stream::read_some(std::span<std::byte> to, boost::system::error_code& error) {
  return socket_.read_some(asio::buffer(to.data(), to.size()), error);
}

std::size_t Stream::write_some(std::span<const std::byte> from, boost::system::error_code& error) {
  return socket_.write_some(asio::buffer(from.data(), from.size()), error);
}

void Stream::end_output() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::shutdown() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
}

void Stream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Stream::reset_at_close() {
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
}

tcp::endpoint Stream::local() const {
  boost::system::error_code ignored;
  return socket_.local_endpoint(ignored);
}

}  // namespace gossip::node
