# No room: a pull is refused with the numbers, a download that loses its room goes on once there is some.
refused() {  # NAME MODEL TEXT...
  local code=0 text
  pull "$1" "$2" >"$TMP/refused" 2>&1 || code=$?
  cat "$TMP/refused"
  equal "exit code" 5 "$code"
  for text in "${@:3}"; do grep -F -- "$text" "$TMP/refused"; done
}
is_refused_with_n_mib() {  # N
  leave_free full $(($1 * MIB))
  refused full "n$1" "$NEEDS" "other programs' files take" "are missing; remove files from the disk"
  nothing_is_half_done full "n$1"
  equal "unfinished downloads" "" "$(ls "$TMP/full/disk/cache/ingest")"
}
each_mib_is_refused() { local n; for n in 0 1 2 3; do is_refused_with_n_mib $n; done; }
with_one_more_it_fits() { leave_free full $((MODEL + 512 * KIB)); pulls_in_the_end full n4; cli full rm hf://org/n4; }
all_come_once_there_is_room() {
  local n
  make_room full
  for n in 0 1 2 3; do pulls_in_the_end full n$n; done
}

# The room that it took goes to others, in mid-download: what has no blocks yet cannot be written.
loses_its_room() {  # NAME MODEL KIB-LEFT
  local code=0 puller
  make_room "$1"
  hub_admin hub POST /faults '{"kind": "slow", "port": "cdn", "times": -1, "bytes": 2097152}'
  pull "$1" "$2" >"$TMP/refused" 2>&1 & puller=$!
  wait_for 10 "the download's file" compgen -G "$TMP/$1/disk/cache/ingest/*/data"
  leave_free "$1" $(($3 * KIB))
  hub_admin hub DELETE /faults
  wait $puller || code=$?
  cat "$TMP/refused"
  [ $code != 0 ] || { is_whole "$1" "$2"; return 0; }
  equal "exit code" 5 $code
  grep "No space left on device; .* free there: make room on the disk" "$TMP/refused"
  nothing_is_half_done "$1" "$2"
  FAILED_STEPS=$((FAILED_STEPS + 1))
}
full_in_mid_download() {
  local left FAILED_STEPS=0
  for left in 0 16 64 256 640; do loses_its_room full "m$left" $left; done
  [ $FAILED_STEPS -gt 0 ] || { echo "none failed: nothing was shown"; return 1; }
  make_room full
  for left in 0 16 64 256 640; do pulls_in_the_end full "m$left"; done
}

when_no_room() {
  must "a disk of 64 MiB" disk full 64
  must "ballastd has its cache there" disk_daemon full
  check "0 to 3 MiB free: each pull is refused with the numbers, and leaves nothing" each_mib_is_refused
  check "with the room that it needs, one comes" with_one_more_it_fits
  check "and all of them, once there is room" all_come_once_there_is_room
  check "full in mid-download, 0 to 640 KiB left: nothing half-done, then all of it" full_in_mid_download
  check "it ends when told" stop full
  check "its disk can be unmounted" unmount full
}
