#pragma once

namespace gossip::node {

/// The program: `gossip-node run | announce | subscribe | peer | status | config | replay`.
int run_program(int argc, const char* const* argv);

}  // namespace gossip::node
