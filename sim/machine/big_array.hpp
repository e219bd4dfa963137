#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace gossip::sim {

inline constexpr std::size_t huge_from = std::size_t{8} << 20;  // four huge pages; below that, they would waste more

/// Moves memory that is already filled into huge pages, where the system can: a flood reads a graph in no order, and
/// each read would walk the page table first. The content stays; when it does not work, nothing is lost but speed.
inline void use_huge_pages(std::span<const std::byte> memory) {
  constexpr int collapse = 25;  // MADV_COLLAPSE of Linux 6.1, which glibc 2.36 does not name
  if (memory.size() < huge_from) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(memory.data() + memory.size()) / page * page;
  madvise(reinterpret_cast<void*>(begin), end - begin, collapse);
}

/// Zeroed memory for one element a peer or more: pages cost nothing until they are touched, and are huge where the
/// system allows, since a flood touches them in no order. Not `huge`: for what is written in order, where to wait for
/// the system to find a huge page costs more than it brings, and not always the same.
template <class T>
class BigArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  BigArray() = default;
  explicit BigArray(std::size_t size, bool huge = true) : size_(size) {
    if (size == 0) return;
    void* memory =
        mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    if (huge && size * sizeof(T) >= huge_from) madvise(memory, size * sizeof(T), MADV_HUGEPAGE);
    data_ = static_cast<T*>(memory);
  }
  BigArray(BigArray&& other) noexcept { swap(other); }
  BigArray& operator=(BigArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~BigArray() {
    if (data_ != nullptr) munmap(data_, size_ * sizeof(T));
  }

  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<T> span() { return {data_, size_}; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

 private:
  void swap(BigArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace gossip::sim
