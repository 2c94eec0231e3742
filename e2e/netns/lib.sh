# A small network on one machine:    source "$ROOT/e2e/netns/lib.sh"   (after e2e/lib.sh)
#
#   network NODES ORIGIN_MBIT NODE_MBIT    `origin` and `node-1` ... `node-N`, each a network namespace, on one switch
#   on MACHINE COMMAND...                  runs the command there
#   enter MACHINE                          the words before a command that make it run there: start x $(enter node-1) COMMAND
#   address MACHINE                        its IPv4 address
#   shape MACHINE MBIT                     another rate for its link, both ways (0: leaves it as it is, a new one without limit)
#   sever MACHINE,MACHINE,...                no packet between these and the other nodes any more; `mend`: again
#   sent MACHINE                           bytes of TCP payload that it sent so far
#   in_parallel FUNCTION NODE...           the function, with the node's number, for all of them at once; fails when one of them fails
#   network_down                           all of it goes; to be called by the suite's `cleanup`
#
# Links are veth pairs with a token bucket (tbf) on both ends: what a machine sends waits in its own queue, what it gets in the
# switch's. Nothing outside is reached or changed, and the names of the namespaces end in ID.

BUCKET=${BALLAST_NET_BUCKET:-72kb}             # the kernel hands on 64 KiB and their header at once; what is larger than the bucket is cut into small packets, at ten times the CPU
QUEUE=${BALLAST_NET_QUEUE:-50ms}               # what would wait longer than this is dropped

enter() { echo "nsenter --net=/run/netns/$1-$ID"; }
on() { nsenter --net="/run/netns/$1-$ID" "${@:2}"; }
address() { if [ "$1" = origin ]; then echo 10.87.1.1; else echo "10.87.0.${1#node-}"; fi; }

network() {
  local i
  need_packages iproute2 nftables jq
  ip netns add "switch-$ID"
  on switch ip link add br0 type bridge
  on switch ip link set br0 up
  # A switch looks at no IP header: else every frame would go through the machine's IP filters.
  on switch bash -c 'for hook in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e "$hook" ] || echo 0 >"$hook"; done'
  machine origin "$2"
  for ((i = 1; i <= $1; i++)); do machine "node-$i" "$3"; done
}

machine() {  # NAME MBIT
  ip netns add "$1-$ID"
  ip link add eth0 netns "$1-$ID" type veth peer name "$1" netns "switch-$ID"
  ip -n "switch-$ID" link set "$1" master br0 up
  ip -n "$1-$ID" -batch - <<I
link set lo up
addr add $(address "$1")/16 dev eth0
link set eth0 up
I
  shape "$1" "$2"
}

shape() {  # MACHINE MBIT
  local rate=(root tbf rate "${2}mbit" burst "$BUCKET" latency "$QUEUE")
  [ "$2" != 0 ] || return 0
  on "$1" tc qdisc replace dev eth0 "${rate[@]}"
  on switch tc qdisc replace dev "$1" "${rate[@]}"
}

sever() {
  local set=${1//,/\", \"}
  on switch nft -f - <<N
table bridge cut {
  set half { type ifname; elements = { "$set" } }
  set fixed { type ifname; elements = { "origin" } }
  chain forward {
    type filter hook forward priority 0;
    iifname @fixed accept
    oifname @fixed accept
    iifname @half oifname @half accept
    iifname @half drop
    oifname @half drop
  }
}
N
}
mend() { on switch nft delete table bridge cut; }

# A packet of a veth is up to 64 KiB and has one header: Ethernet 14, IPv4 20, TCP 20 and its timestamps 12.
sent() { ip -n "$1-$ID" -s -j link show eth0 | jq '.[0].stats64.tx | .bytes - 66 * .packets'; }

network_down() {
  local name
  for name in $(ip netns list | awk -v id="-$ID" 'index($1, id) { print $1 }'); do ip netns delete "$name"; done
}

in_parallel() {
  local work=$1 i pid pids=() status=0; shift
  for i in "$@"; do "$work" "$i" & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  return $status
}
