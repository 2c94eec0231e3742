# Other programs fill the disk: by the thresholds it is given back to them.
count() { cli "$1" ls --output json | jq '.models | length'; }
fill_to() {  # NAME PERCENT
  make_room "$1"
  fallocate -l $(($(df --output=size -B1 "$TMP/$1/disk" | tail -1) * $2 / 100 - $(used_bytes "$1"))) "$TMP/$1/disk/others"
}
used_bytes() { df -B1 --output=size,avail "$TMP/$1/disk" | awk 'NR == 2 { print $1 - $2 }'; }
below() { [ "$(used_percent "$1")" -lt "$2" ]; }
two_disks_with_six_models() {
  disk eighty 64; disk ninety 64
  disk_daemon eighty "highThresholdPercent: 80, lowThresholdPercent: 70"
  disk_daemon ninety "highThresholdPercent: 90, lowThresholdPercent: 80"
  keeps_two_warm eighty
  six_models eighty; six_models ninety
}
two_disks_with_a_model() {
  disk scrubbed 64; disk verifying 64
  disk_daemon scrubbed "" "scrub: {bytesPerSecond: 1Gi}"
  disk_daemon verifying "" "scrub: {bytesPerSecond: 0}"
  cache_manifest "$TMP/scrubbed/caches" n0 hf://org/n0
  ready_models scrubbed 1 20
}
six_models() { local name; for name in n0 n1 n2 n3 n4 m0; do pull "$1" $name >/dev/null; done; }
keeps_two_warm() { cache_manifest "$TMP/$1/caches" n0 hf://org/n0; cache_manifest "$TMP/$1/caches" n1 hf://org/n1; ready_models "$1" 2 20; }
goes_to_the_low_threshold() {
  fill_to eighty 84
  wait_for 25 "less than 70 %" below eighty 71
  [ "$(count eighty)" -ge 2 ]   # what is kept warm
  is_ready eighty n0; is_ready eighty n1
  test -s "$TMP/eighty/disk/others"
  ! below eighty 60 || { echo "more went than had to: $(used_percent eighty) %"; return 1; }
}
stays_with_what_is_wanted() {
  fill_to eighty 97
  wait_for 25 "only what is kept warm" only_two_are_left
  is_ready eighty n0; is_ready eighty n1
  cli eighty gc --dry-run
}
only_two_are_left() { [ "$(count eighty)" = 2 ] && [ "$(cli eighty gc --dry-run --output json | jq .missing_bytes)" -gt 0 ]; }
overshoots_by_one_model_at_most() {
  fill_to ninety 92
  wait_for 25 "80 %" below ninety 81
  local size used
  size=$(df --output=size -B1 "$TMP/ninety/disk" | tail -1) used=$(used_bytes ninety)
  echo "$used of $size"
  [ "$used" -ge $((size * 80 / 100 - MODEL - 256 * KIB)) ]
}

when_others() {
  must "two disks of 64 MiB" two_disks_with_six_models
  fill_to eighty 84; fill_to ninety 92
  check "thresholds 80 and 70, 84 % full: down to 70 %, and no further; wanted models stay" goes_to_the_low_threshold
  check "thresholds 90 and 80, 92 % full: within a model of 80 %" overshoots_by_one_model_at_most
  check "97 % full by others: only what is wanted stays, and gc says what is missing" stays_with_what_is_wanted
  check "they end when told" stop_both eighty ninety
  check "their disks can be unmounted" unmount_both eighty ninety
}
