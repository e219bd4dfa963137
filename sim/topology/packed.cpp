#include <zlib.h>

#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/topology/draft.hpp"

namespace gossip::sim {
namespace {

constexpr std::size_t most_bytes = std::size_t{2} << 30;  // a small file may unpack to any size
constexpr std::size_t most_packed = std::size_t{1} << 30;

class Inflate {
 public:
  explicit Inflate(const std::string& file) : file_(file) {
    constexpr int gzip = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip) != Z_OK) throw std::bad_alloc();
  }
  ~Inflate() { inflateEnd(&stream_); }
  Inflate(const Inflate&) = delete;

  std::string all(std::string& packed) {
    if (packed.size() > most_packed) throw InputError(file_, "is larger than 1 GiB packed");
    stream_.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_in = static_cast<uInt>(packed.size());
    std::string text, part(1 << 16, '\0');
    for (;;) {
      stream_.next_out = reinterpret_cast<Bytef*>(part.data());
      stream_.avail_out = static_cast<uInt>(part.size());
      const int state = inflate(&stream_, Z_NO_FLUSH);
      text.append(part, 0, part.size() - stream_.avail_out);
      if (text.size() > most_bytes) throw InputError(file_, "unpacks to more than 2 GiB");
      if (state == Z_STREAM_END && stream_.avail_in == 0) return text;
      if (state == Z_STREAM_END && inflateReset(&stream_) == Z_OK) continue;  // files that were put one after the other
      if (state != Z_OK) throw InputError(file_, "is damaged or cut off: it cannot be unpacked as gzip");
    }
  }

 private:
  const std::string& file_;
  z_stream stream_{};
};

}  // namespace

std::string read_packed(const std::string& file) {
  std::string text = read_text(file);
  return text.starts_with("\x1f\x8b") ? Inflate(file).all(text) : text;
}

}  // namespace gossip::sim
