#!/usr/bin/env bash
# node/cluster.sh PROGRAM N: starts N nodes on loopback that find each other through the first, announces one message,
# shows when each node had it, and stops them.
set -euo pipefail

program=${1:?usage: node/cluster.sh PROGRAM N}
count=${2:-}
if ! [[ $count =~ ^[0-9]+$ ]] || ((count < 1 || count > 200)); then
  echo "cluster: how many nodes? A number from 1 to 200." >&2
  exit 2
fi

folder=$(mktemp -d)
pids=()
stop() {
  trap - EXIT
  ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

# Waits until the command succeeds; fails after 30 s.
wait_until() {
  local deadline=$((SECONDS + 30))
  until "$@"; do
    if ((SECONDS > deadline)); then
      echo "cluster: gave up waiting for: $*" >&2
      exit 1
    fi
    sleep 0.05
  done
}

start_node() {
  local i=$1 extra=()
  ((i == 0)) || extra=(--bootstrapper "$first")
  "$program" run --p2p-address 127.0.0.1:0 --api-address 127.0.0.1:0 --degree 8 --retry-min 50ms --retry-max 500ms \
    --status-socket "$folder/$i.sock" "${extra[@]}" 2>"$folder/$i.log" &
  pids+=($!)
  wait_until grep -qs "listening" "$folder/$i.log"
}
address() { sed -n "s/.*listening.* $2=\([0-9.:]*\).*/\1/p" "$folder/$1.log"; }
status() { "$program" status --socket "$folder/$1.sock"; }
has_peers() { status "$1" | grep -qE "^[1-9][0-9]* peers"; }
has_module() { status "$1" | grep -qE "types \[1337\]"; }

echo "starting $count nodes"
start_node 0
first=$(address 0 p2p)
for ((i = 1; i < count; ++i)); do start_node "$i"; done
((count == 1)) || for ((i = 0; i < count; ++i)); do wait_until has_peers "$i"; done

for ((i = 0; i < count; ++i)); do
  # The subscriber's only line, with the time at which it came.
  ("$program" subscribe --api "$(address "$i" api)" --type 1337 --count 1 2>/dev/null |
    { read -r line && echo "$EPOCHREALTIME $i $line" >"$folder/$i.got"; }) &
  pids+=($!)
done
for ((i = 0; i < count; ++i)); do wait_until has_module "$i"; done

echo "announcing at node 0"
begin=$EPOCHREALTIME
"$program" announce --api "$(address 0 api)" --type 1337 --data "hello from $first"
for ((i = 0; i < count; ++i)); do wait_until test -s "$folder/$i.got"; done

sort -n "$folder"/*.got | while read -r at node type text; do
  awk -v at="$at" -v begin="$begin" -v node="$node" -v type="$type" -v text="$text" \
    'BEGIN { printf "%8.1f ms  node %-3d  type %s: %s\n", (at - begin) * 1000, node, type, text }'
done
echo "all $count nodes had it"
