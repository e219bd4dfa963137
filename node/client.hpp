#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/classic.hpp"
#include "net/endpoint.hpp"
#include "net/framing.hpp"

/// What a program that talks to a node needs. It blocks; tools, benchmarks and tests are written with it.
namespace gossip::node {

/// A TCP connection that reads frames.
class FrameClient {
 public:
  using Timeout = std::chrono::milliseconds;
  static constexpr Timeout forever{-1};
  enum class Read : std::uint8_t {
    frames,   // some bytes, and with them any number of whole frames
    nothing,  // until the timeout
    stopped,  // the consumer took no more; the rest is lost
    closed,   // the other side has ended the stream
    broken,   // a reset, or bytes that are no frames
  };

  /// Throws std::runtime_error in words.
  explicit FrameClient(const net::HostPort& to);
  explicit FrameClient(net::Endpoint to);
  /// Takes a connected socket over.
  explicit FrameClient(int socket) : socket_(socket) {}
  ~FrameClient() { close(); }
  FrameClient(FrameClient&& other) noexcept;
  FrameClient& operator=(FrameClient&& other) noexcept;
  FrameClient(const FrameClient&) = delete;

  /// False: the other side has closed. What it sent before can still be read.
  bool send(std::span<const std::byte> bytes);
  void end_output();
  void close();

  /// Reads once; `on_frame(std::span<const std::byte>) -> bool` for each frame that is whole then, where it lies.
  template <class F>
  Read read(Timeout timeout, F&& on_frame) {
    std::span<const std::byte> bytes;
    const Read result = receive(timeout, bytes);
    if (result != Read::frames) return result;
    switch (reader_.feed(bytes, on_frame)) {
      case net::FrameReader::Result::ok:
        return Read::frames;
      case net::FrameReader::Result::stopped:
        return Read::stopped;
      case net::FrameReader::Result::bad_size:
        break;
    }
    return Read::broken;
  }

  int socket() const { return socket_; }
  /// Ours.
  std::uint16_t port() const;

 private:
  /// `bytes` lie in a buffer that all clients of a thread share.
  Read receive(Timeout timeout, std::span<const std::byte>& bytes);

  int socket_ = -1;
  net::FrameReader reader_;
};

/// A module: announces, subscribes, and says what it thinks of what it is told.
class ModuleClient : public FrameClient {
 public:
  using FrameClient::FrameClient;

  bool subscribe(std::uint16_t data_type);
  bool announce(std::uint8_t ttl, std::uint16_t data_type, std::span<const std::byte> data);

  /// Reads once; `on_notification(const net::Notification&) -> bool` for each. Any other frame is Read::broken.
  template <class F>
  Read read_notifications(Timeout timeout, F&& on_notification) {
    bool foreign = false;
    const Read result = read(timeout, [&](std::span<const std::byte> frame) {
      const net::Decoded decoded = net::decode(frame);
      const auto* message = std::get_if<net::Notification>(&decoded);
      foreign = message == nullptr;
      return !foreign && on_notification(*message);
    });
    return foreign ? Read::broken : result;
  }

  /// Verdicts are collected, so that those on one read's notifications go out in one write.
  void answer(std::uint16_t message_id, bool valid);
  bool send_answers();

 private:
  net::Bytes answers_;
};

}  // namespace gossip::node
