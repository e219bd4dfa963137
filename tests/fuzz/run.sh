#!/usr/bin/env bash
# tests/fuzz/run.sh BIN SECONDS: fuzzes each target for so long, from its corpus; what it finds stays in the folder of findings.
set -euo pipefail
bin=${1:?usage: tests/fuzz/run.sh BIN SECONDS}
seconds=${2:-60}
here=$(dirname "$0")
findings=$bin/../fuzz-findings
for target in decode node protocol; do
  # New inputs go to the first folder; the corpus is read only.
  mkdir -p "$findings/$target"
  echo "fuzzing $target for $seconds s"
  "$bin/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 -artifact_prefix="$findings/$target-" \
    "$findings/$target" "$here/corpus/$target"
done
