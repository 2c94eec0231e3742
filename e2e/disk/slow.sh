# A slow disk, and one that another program keeps busy: the node answers, and no peer is blamed.
slow_disk() {  # NAME MIB: slow while `delays` is there
  truncate -s "$2M" "$TMP/$1.img"
  mkfs.ext4 -q -m 0 -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 "$TMP/$1.img"
  mkdir -p "$TMP/$1/disk" "$TMP/$1/below"
  start "below-$1" "$ROOT/e2e/powerloss/disk" "$TMP/$1.img" "$TMP/$1/below" /dev/null "$TMP/$1/delays"
  wait_for 10 "the disk below" test -e "$TMP/$1/below/disk.img"
  mount -o loop "$TMP/$1/below/disk.img" "$TMP/$1/disk"
}
unmount_slow() { umount "$TMP/slow/disk"; stop below-slow; rm "$TMP/slow.img"; }
member() { echo "{name: $1, host: 127.0.0.1, controlPort: $2, dataPort: $3}"; }
swarm() {  # NAME CONTROL-PORT DATA-PORT
  printf 'node: %s\nswarm: {plaintext: true, listen: {address: 127.0.0.1, controlPort: %s, dataPort: %s}, members: [%s]}' "$@" "$MEMBERS"
}
a_slow_node_and_a_swift_one() {
  local port
  mapfile -t port < <(python3 -c 'import socket
s = [socket.socket() for _ in range(4)]
for one in s: one.bind(("127.0.0.1", 0)); print(one.getsockname()[1])')
  MEMBERS="$(member slow "${port[@]:0:2}"), $(member swift "${port[@]:2:2}")"
  slow_disk slow 96
  mkdir -p "$TMP/swift/disk"
  disk_daemon slow "" "$(swarm slow "${port[@]:0:2}")"
  disk_daemon swift "" "$(swarm swift "${port[@]:2:2}")"
}
# Both fetch at once, from the hub and from each other.
comes_while_ls_answers() {  # MODEL "SECONDS-PER-WRITE SECONDS-PER-FLUSH"
  local puller other code=0
  rm -f "$TMP/ls"
  echo "$2" >"$TMP/slow/delays"
  pull slow "$1" >"$TMP/pull-slow" 2>&1 & puller=$!
  pull swift "$1" >"$TMP/pull-swift" 2>&1 & other=$!
  wait_for 60 "the pull on the slow disk" has_ended_and_ls_answers $puller || code=$?
  rm "$TMP/slow/delays"
  cat "$TMP"/pull-s*
  wait $puller; wait $other
  is_whole slow "$1"; is_whole swift "$1"
  nobody_is_blamed
  return $code
}
has_ended_and_ls_answers() {
  local begin; begin=$(date +%s%N)
  cli slow ls --output json | jq -e '.models | length > 0'
  echo $((($(date +%s%N) - begin) / 1000000)) >>"$TMP/ls"
  process_ended "$1"
}
ls_answered_in_time() {
  local most; most=$(sort -n "$TMP/ls" | tail -1)
  echo "of $(wc -l <"$TMP/ls") times it took $most ms at most"
  [ "$most" -lt 1000 ]
}
load() {  # FILE: until it is removed
  while dd if=/dev/zero of="$1" bs=512K count=8 oflag=direct conv=notrunc,nocreat status=none; do :; done
}
load_begins() { fallocate -l 4M "$TMP/slow/disk/others"; start load bash -c "$(declare -f load); load '$TMP/slow/disk/others'"; }
load_ends() {
  running load
  make_room slow
  wait_for 10 "the end of the load" process_ended "$(pid_of load)"
  rm "$TMP/pid/load"
}
nobody_is_blamed() {
  local name
  for name in slow swift; do
    equal "pieces that did not come to $name" "" "$(http $name /metrics | grep '^ballast_swarm_failed_pieces_total{' | grep -Ev 'cancelled|} 0$')"
    metric_is $name ballast_swarm_quarantined_nodes_total 0
    metric_is $name ballast_swarm_distrusted_nodes_total 0
  done
  ! grep -Ei "silent|slower than|no byte|nothing (came|has come)|quarantine" "$TMP"/pull-s* "$TMP"/log/{slow,swift}
}

when_slow() {
  must "a node whose disk may be slow, and one beside it" a_slow_node_and_a_swift_one
  check "a slow disk: a model comes, and nobody is blamed" comes_while_ls_answers slow "0.02 0.3"
  check "a slow disk: ls answered within a second meanwhile" ls_answered_in_time
  must "another program writes there all the time" load_begins
  check "a loaded disk: a model comes, and nobody is blamed" comes_while_ls_answers loaded "0.01 0.1"
  check "a loaded disk: ls answered within a second meanwhile" ls_answered_in_time
  check "the other program ends" load_ends
  check "they end when told" stop_both slow swift
  check "the disk can be unmounted" unmount_slow
}
