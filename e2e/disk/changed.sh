# Blobs that others cut short, changed or removed.
blob_of() { echo "$TMP/$1/disk/cache/blobs/sha256/$(digest_of "$2")"; }
truncated() { truncate -s 1M "$1"; }
removed() { rm "$1"; }
found_and_fetched_again() {  # HOW
  local blob; blob=$(blob_of scrubbed n0)
  stop scrubbed
  chmod u+w "$blob"; "$1" "$blob"
  daemon scrubbed   # a start begins a pass
  wait_for 20 "a sound file" cmp "$TMP/root/models/org/n0/model.safetensors" "$blob"
  wait_for 20 "the model" is_ready scrubbed n0
  is_whole scrubbed n0
}
changed() { printf x | dd of="$1" bs=1 seek=1000 conv=notrunc status=none; }
verify_names() {  # PROBLEM
  local code=0
  cli verifying verify >"$TMP/verify" 2>&1 || code=$?
  cat "$TMP/verify"
  equal "exit code" 6 $code
  grep model.safetensors "$TMP/verify"; grep -F "$1" "$TMP/verify"
}
verify_finds_what_is_short() { pull verifying n0; truncate -s 1M "$(blob_of verifying n0)"; verify_names "bytes short"; }
verify_finds_what_is_missing() { rm "$(blob_of verifying n0)"; verify_names "is missing"; }

when_changed() {
  must "two disks of 64 MiB" two_disks_with_a_model
  check "a blob cut short is found and fetched again" found_and_fetched_again truncated
  check "a blob with a changed byte is found and fetched again" found_and_fetched_again changed
  check "a blob that was removed is found and fetched again" found_and_fetched_again removed
  check "ballast verify names a blob that is short" verify_finds_what_is_short
  check "ballast verify names a blob that is missing" verify_finds_what_is_missing
  check "they end when told" stop_both scrubbed verifying
  check "their disks can be unmounted" unmount_both scrubbed verifying
}
