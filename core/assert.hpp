#pragma once

#include <cstdio>
#include <cstdlib>

/// A bug is an assertion, in release as well. Bad input never ends here: it is a typed error or a counted drop.
#define GOSSIP_ASSERT(condition)                                                             \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
