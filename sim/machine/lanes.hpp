#pragma once

/// In front of a loop over plain arrays: also compiled for the wide registers that newer machines have, and chosen when
/// the program starts. Integers only, so that every machine comes to the same result. Sanitizers start too late for it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)
#define GOSSIP_LANES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GOSSIP_LANES
#endif
