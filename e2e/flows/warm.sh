# A model is named, and every node has it: one copy out of the hub. Two pieces may leave it twice, where what one node fetches is overtaken
# again and again by what others do (src/swarm/choose_source.cc): on a busy machine one of 24 does.
PIECE=1048576
warm_ends_with_one_copy() {
  local left size
  equal "nodes that have it" 3 "$(copies "$1")"
  left=$(hub_bytes "$1") size=$(bytes_of "$1")
  echo "$left bytes left the hub for a model of $size"
  [ "$left" -ge "$size" ] && [ "$left" -le $((size + 2 * PIECE + 65536)) ]
}
shows_ready() { k get cmcache "$1" | tee /dev/stderr | grep -E '\b3/3\b'; }

warm() {
  model small 24
  cache small >/dev/null
  check "a named model comes to all nodes" is_warm small 90s
  check "one copy has left the hub" warm_ends_with_one_copy small
  check "kubectl get cmcache says so" wait_for 15 "3/3" shows_ready small
}
