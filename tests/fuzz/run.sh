#!/usr/bin/env bash
# tests/fuzz/run.sh BIN SECONDS: fuzzes each target for so long, from its corpus; what it finds stays in the folder of findings.
# Each target says first what repeats it: `BIN/fuzz_TARGET FILE` for a finding, `BIN/fuzz_live --seed S --seconds N`.
set -euo pipefail
bin=${1:?usage: tests/fuzz/run.sh BIN SECONDS}
seconds=${2:-60}
here=$(dirname "$0")
findings=$bin/../fuzz-findings
for target in decode node protocol; do
  # New inputs go to the first folder; the corpus is read only.
  mkdir -p "$findings/$target"
  echo "fuzzing $target for $seconds s; a finding is repeated by: $bin/fuzz_$target FILE"
  options=(-max_len=4096)
  # Moves, a byte each: long from the start, and slow enough that weighing inputs would cost more than playing them.
  [[ $target == protocol ]] && options=(-max_len=1024 -len_control=0 -entropic=0)
  "$bin/fuzz_$target" -max_total_time="$seconds" "${options[@]}" -print_final_stats=1 \
    -artifact_prefix="$findings/$target-" "$findings/$target" "$here/corpus/$target"
done
"$bin/fuzz_live" --seconds "$seconds"
