#include "node/cli.hpp"

int main(int argc, char** argv) { return gossip::node::run_program(argc, argv); }
