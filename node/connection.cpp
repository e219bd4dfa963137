#include "node/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <sstream>

#include "core/assert.hpp"

namespace gossip::node {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

Time Loop::refresh() {
  now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  return now;
}

Connection::Connection(Loop& loop, tcp::socket socket, Kind kind, std::uint64_t limit)
    : loop_(loop),
      socket_(std::move(socket)),
      kind_(kind),
      limit_(limit),
      last_progress_(loop.now),
      last_read_(loop.now) {
  boost::system::error_code ignored;
  remote_ = socket_.remote_endpoint(ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
}

std::string Connection::name() const {
  std::ostringstream text;
  text << remote_;
  return text.str();
}

tcp::endpoint Connection::local() const {
  boost::system::error_code ignored;
  return socket_.local_endpoint(ignored);
}

/// A peer waits only for modules: were it to wait for peers, two that flood each other would both stop reading.
bool Connection::paused() const {
  const auto waiting = [&](Kind kind) { return loop_.congested[static_cast<std::size_t>(kind)] > 0; };
  return waiting(Kind::module) || (kind_ == Kind::module && waiting(Kind::peer));
}

asio::awaitable<void> Connection::read() {
  const auto self = shared_from_this();
  while (state_ != State::closed) {
    while (state_ == State::open && paused()) co_await loop_.relief.async_wait(as_result);
    const auto [wait_error] = co_await socket_.async_wait(tcp::socket::wait_read, as_result);
    if (wait_error || state_ == State::closed) break;
    boost::system::error_code error;
    const std::size_t n = socket_.read_some(asio::buffer(loop_.buffer), error);
    if (error == asio::error::would_block || error == asio::error::interrupted) continue;
    if (error) break;
    last_read_ = loop_.refresh();
    loop_.counters.add(Counter::bytes_in, n);
    if (state_ != State::open) continue;  // closing: read on only for the FIN
    const auto result = reader_.feed(std::span(loop_.buffer).first(n),
                                     [this](std::span<const std::byte> frame) { return on_frame(frame); });
    if (result == net::FrameReader::Result::bad_size) on_bad_size();
  }
  ended();
}

void Connection::ended() {
  input_ended_ = true;
  if (state_ == State::open) {
    loop_.refresh();
    on_end();
  }
  // Who sends its last message and a FIN may still want our answer to it.
  if (state_ == State::open) close_after_flush();
  if (state_ == State::closing && fin_sent_) close();
}

void Connection::note_queued() {
  if (!congested_ && trusted_ && queued() > limit_ / 2) set_congested(true);
  if (!flush_scheduled_ && !write_running_) schedule_flush();
}

void Connection::schedule_flush() {
  flush_scheduled_ = true;
  asio::post(loop_.io, [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->write();
  });
}

void Connection::write() {
  if (write_running_ || state_ == State::closed) return;
  if (written_ == writing_.size()) {
    writing_.clear();
    written_ = 0;
    std::swap(writing_, pending_);
  }
  if (writing_.empty()) {
    finish_sending();
    return;
  }
  write_running_ = true;
  socket_.async_write_some(asio::buffer(writing_.data() + written_, writing_.size() - written_),
                           [self = shared_from_this()](const boost::system::error_code& error, std::size_t n) {
                             self->on_written(error, n);
                           });
}

void Connection::on_written(const boost::system::error_code& error, std::size_t n) {
  write_running_ = false;
  if (state_ == State::closed) return;
  last_progress_ = loop_.refresh();
  loop_.counters.add(Counter::bytes_out, n);
  written_ += n;
  if (error) {
    // The reader learns of it too, and it is the one that reports the end. What waits can go nowhere.
    pending_.clear();
    writing_.clear();
    written_ = 0;
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
  }
  if (congested_ && queued() < limit_ / 4) set_congested(false);
  if (queued() == 0) trusted_ = true;
  write();
}

/// Nothing waits to be sent.
void Connection::finish_sending() {
  if ((state_ != State::closing && !output_ended_) || fin_sent_) return;
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  fin_sent_ = true;
  if (input_ended_) close();
}

void Connection::end_output() {
  output_ended_ = true;
  if (!flush_scheduled_ && !write_running_) schedule_flush();
}

void Connection::close_after_flush() {
  if (state_ != State::open) return;
  state_ = State::closing;
  closing_since_ = loop_.now;
  set_congested(false);
  if (!flush_scheduled_ && !write_running_) schedule_flush();
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  set_congested(false);
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Connection::tick(Time now) {
  if (state_ == State::closing && now - closing_since_ > linger) close();
  if (congested_ && now - congested_since_ > loop_.backpressure) {
    trusted_ = false;
    set_congested(false);
  }
  if (queued() == 0 && !write_running_) {
    if (pending_.capacity() > kept_capacity) pending_ = {};
    if (writing_.capacity() > kept_capacity) writing_ = {}, written_ = 0;
  }
}

void Connection::set_congested(bool congested) {
  if (congested_ == congested) return;
  congested_ = congested;
  congested_since_ = loop_.now;
  std::size_t& count = loop_.congested[static_cast<std::size_t>(kind_)];
  if (congested) {
    ++count;
  } else if (--count == 0) {
    loop_.relief.cancel();
  }
}

}  // namespace gossip::node
