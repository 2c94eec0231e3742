# No inodes: the error says so, and it goes on once there are some.
take_inodes() {  # NAME LEFT
  mkdir "$TMP/$1/disk/others"
  seq 1 $(($(df --output=iavail "$TMP/$1/disk" | tail -1) - $2)) | (cd "$TMP/$1/disk/others" && xargs touch)
}
no_inodes() {
  take_inodes inodes 20
  refused inodes n0 "No space left on device" "inodes of its file system are in use" "MiB are free"
  nothing_is_half_done inodes n0
}
inodes_come_free() { make_room inodes; pulls_in_the_end inodes n0; }

when_no_inodes() {
  must "a disk of 200 inodes" disk inodes 32 -N 200
  must "ballastd has its cache there" disk_daemon inodes
  check "no inodes: the error says so, and how much is free" no_inodes
  check "inodes come free: it goes on" inodes_come_free
  check "it ends when told" stop inodes
  check "its disk can be unmounted" unmount inodes
}
