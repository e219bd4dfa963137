#include "sim/machine/mpi.hpp"

#include <cstdlib>
#include <thread>

#ifdef GOSSIP_MPI
#define OMPI_SKIP_MPICXX
#include <mpi.h>
#endif

#include "sim/scenario/input_error.hpp"

namespace gossip::sim {
namespace {

/// Set for every process by those who start several: Open MPI, MPICH and Intel MPI, Slurm and others with PMIx.
bool started_together() {
  for (const char* size : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* text = std::getenv(size);
    if (text != nullptr && std::atoi(text) > 1) return true;
  }
  return std::getenv("PMIX_RANK") != nullptr;
}

#ifdef GOSSIP_MPI

/// Every packet goes in pieces, of which only the last is not full, so that nobody has to be told sizes first, and what
/// little most windows have is one message.
class Mpi final : public Ranks {
 public:
  Mpi(int rank, int size) : Ranks(static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(size)) {}

  void exchange(std::span<Packet> out, std::span<Packet> in) override {
    std::vector<MPI_Request> receives, sends;
    std::vector<std::uint32_t> from;
    for (std::uint32_t r = 0; r < size(); ++r) {
      if (r == rank()) continue;
      in[r].clear();
      in[r].bytes().resize(first_piece);
      from.push_back(r);
      MPI_Irecv(in[r].bytes().data(), first_piece, MPI_BYTE, static_cast<int>(r), tag, MPI_COMM_WORLD,
                &receives.emplace_back());
    }
    for (const std::uint32_t r : from) send(out[r].bytes(), r, sends);
    std::vector<MPI_Status> statuses(receives.size());
    MPI_Waitall(static_cast<int>(receives.size()), receives.data(), statuses.data());
    for (std::size_t i = 0; i < from.size(); ++i) {
      int count = 0;
      MPI_Get_count(&statuses[i], MPI_BYTE, &count);
      in[from[i]].bytes().resize(static_cast<std::size_t>(count));
      if (count == first_piece) receive_rest(in[from[i]].bytes(), from[i]);
    }
    MPI_Waitall(static_cast<int>(sends.size()), sends.data(), MPI_STATUSES_IGNORE);
  }

 private:
  static constexpr int tag = 0, first_piece = 1 << 16, piece = 1 << 30;

  static void send(const std::vector<std::byte>& bytes, std::uint32_t to, std::vector<MPI_Request>& sends) {
    std::size_t begin = 0, sent = 0;
    std::size_t most = first_piece;
    do {
      sent = std::min(most, bytes.size() - begin);
      MPI_Isend(bytes.data() + begin, static_cast<int>(sent), MPI_BYTE, static_cast<int>(to), tag, MPI_COMM_WORLD,
                &sends.emplace_back());
      begin += sent;
    } while (sent == std::exchange(most, piece));
  }

  static void receive_rest(std::vector<std::byte>& bytes, std::uint32_t from) {
    int count = 0;
    do {
      MPI_Message message;
      MPI_Status status;
      MPI_Mprobe(static_cast<int>(from), tag, MPI_COMM_WORLD, &message, &status);
      MPI_Get_count(&status, MPI_BYTE, &count);
      const std::size_t begin = bytes.size();
      bytes.resize(begin + static_cast<std::size_t>(count));
      MPI_Mrecv(bytes.data() + begin, count, MPI_BYTE, &message, MPI_STATUS_IGNORE);
    } while (count == piece);
  }
};

std::uint32_t ranks_here() {
  MPI_Comm here;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  int count = 1;
  MPI_Comm_size(here, &count);
  MPI_Comm_free(&here);
  return static_cast<std::uint32_t>(count);
}

#endif

}  // namespace

Job::Job() : ranks_(std::make_unique<Alone>()), threads_(std::max(1u, std::thread::hardware_concurrency())) {
  if (!started_together()) return;
#ifdef GOSSIP_MPI
  int provided = 0, rank = 0, size = 1;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  ranks_ = std::make_unique<Mpi>(rank, size);
  threads_ = std::max(1u, threads_ / ranks_here());
#else
  throw InputError("command line",
                   "several processes were started together, and this program was built without MPI: install Open MPI "
                   "(libopenmpi-dev) and build it again, or start it alone");
#endif
}

Job::~Job() {
#ifdef GOSSIP_MPI
  int begun = 0;
  MPI_Initialized(&begun);
  if (begun) MPI_Finalize();
#endif
}

void Job::abort([[maybe_unused]] int exit_code) {
#ifdef GOSSIP_MPI
  if (ranks_->size() > 1) MPI_Abort(MPI_COMM_WORLD, exit_code);
#endif
}

}  // namespace gossip::sim
