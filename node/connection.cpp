#include "node/connection.hpp"

#include <boost/asio/post.hpp>

namespace gossip::node {

Connection::Connection(Loop& loop, std::unique_ptr<Stream> stream, Kind kind, std::uint64_t limit)
    : loop_(loop),
      stream_(std::move(stream)),
      kind_(kind),
      limit_(limit),
      last_progress_(loop.now),
      last_read_(loop.now) {}

// Reading.

/// A peer waits only for modules: were it to wait for peers, two that flood each other would both stop reading.
bool Connection::paused() const {
  const auto waiting = [&](Kind kind) { return loop_.congested[static_cast<std::size_t>(kind)] > 0; };
  return waiting(Kind::module) || (kind_ == Kind::module && waiting(Kind::peer));
}

asio::awaitable<void> Connection::read() {
  const auto self = shared_from_this();
  while (state_ != State::closed) {
    while (state_ == State::open && paused()) co_await loop_.relief.async_wait(as_result);
    const auto [error] = co_await stream_->wait_readable(as_result);
    if (error || state_ == State::closed || !read_some()) break;
  }
  ended();
}

/// False: there is nothing more to come.
bool Connection::read_some() {
  boost::system::error_code error;
  const std::size_t n = stream_->read_some(loop_.buffer, error);
  if (error == asio::error::would_block || error == asio::error::interrupted) return true;
  if (error) return false;
  last_read_ = loop_.refresh();
  loop_.counters.add(Counter::bytes_in, n);
  if (state_ != State::open) return true;  // closing: read on only for the FIN
  const auto result = reader_.feed(std::span(loop_.buffer).first(n),
                                   [this](std::span<const std::byte> frame) { return on_frame(frame); });
  if (result == net::FrameReader::Result::bad_size) on_bad_size();
  return true;
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

// Writing.

void Connection::note_queued() {
  if (!congested_ && trusted_ && queued() > limit_ / 2) set_congested(true);
  schedule_flush();
}

void Connection::schedule_flush() {
  if (flush_scheduled_ || write_waits_) return;
  flush_scheduled_ = true;
  asio::post(loop_.io, [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->write();
  });
}

/// Until nothing waits, or no more is taken.
void Connection::write() {
  if (write_waits_) return;
  while (state_ != State::closed) {
    if (written_ == writing_.size()) {
      writing_.clear();
      written_ = 0;
      std::swap(writing_, pending_);
    }
    if (writing_.empty()) return finish_sending();
    if (!write_some()) return wait_writable();
  }
}

/// False: the other side must read first.
bool Connection::write_some() {
  const auto rest = std::span<const std::byte>(writing_).subspan(written_);
  boost::system::error_code error;
  const std::size_t n = stream_->write_some(rest, error);
  if (error == asio::error::would_block || error == asio::error::interrupted) return false;
  last_progress_ = loop_.refresh();
  loop_.counters.add(Counter::bytes_out, n);
  written_ += n;
  sent_ += n;
  if (error) drop_output();
  if (congested_ && queued() < limit_ / 4) set_congested(false);
  if (queued() == 0) trusted_ = true;
  return error || n == rest.size();
}

void Connection::wait_writable() {
  write_waits_ = true;
  stream_->wait_writable([self = shared_from_this()](const boost::system::error_code&) {
    self->write_waits_ = false;
    self->write();
  });
}

/// What waits can go nowhere. The reader learns of it too, and it is the one that reports the end.
void Connection::drop_output() {
  pending_.clear();
  writing_.clear();
  written_ = 0;
  stream_->shutdown();
}

/// Nothing waits to be sent.
void Connection::finish_sending() {
  if ((state_ != State::closing && !output_ended_) || fin_sent_) return;
  stream_->end_output();
  fin_sent_ = true;
  if (input_ended_) close();
}

// Ending.

void Connection::end_output() {
  output_ended_ = true;
  schedule_flush();
}

void Connection::close_after_flush() {
  if (state_ != State::open) return;
  state_ = State::closing;
  closing_since_ = loop_.now;
  set_congested(false);
  schedule_flush();
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  set_congested(false);
  stream_->close();
}

void Connection::reset() {
  if (state_ != State::closed) stream_->reset_at_close();
  close();
}

void Connection::tick(Time now) {
  if (state_ == State::closing && now - closing_since_ > linger) close();
  if (congested_ && now - congested_since_ > loop_.backpressure) {
    trusted_ = false;
    set_congested(false);
  }
  if (queued() == 0 && !write_waits_) {
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
