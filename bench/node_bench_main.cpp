#include "bench/node_bench.hpp"

int main(int argc, char** argv) { return gossip::bench::node_bench(argc, argv); }
