# Sourced by up and join: nodes n1, n2, ...: each a kubelet and a containerd in a network namespace, a mount namespace and a cgroup of its own.
# Without any one of the three, two kubelets of one machine take each other's pods away.

# The disk is the machine's: the kubelet is not to act on it, nor to look at it. And images come from files: what is collected cannot be pulled again.
ABOUT_DISK='localStorageCapacityIsolation: false
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: "1%", memory.available: "50Mi"}'

node_network() {  # INDEX COUNT
  local i=$1 n=n$1 j
  ip netns add "$NET-$n"
  ip link add eth0 netns "$NET-$n" type veth peer name "$n" netns "$NET-cp"
  in_net cp ip link set "$n" master br0 up
  in_net cp ip route replace "10.89.$i.0/24" via "10.88.0.1$i"
  in_net "$n" ip link set lo up
  in_net "$n" ip addr add "10.88.0.1$i/24" dev eth0
  in_net "$n" ip link set eth0 up
  in_net "$n" ip route add default via $GATEWAY
  in_net "$n" sysctl -qw net.ipv4.ip_forward=1
  for j in $(seq "$2"); do [ "$j" = "$i" ] || in_net "$n" ip route add "10.89.$j.0/24" via "10.88.0.1$j"; done
}

node_cgroup() {  # NODE
  local root f
  for root in $(cgroup_roots); do
    mkdir -p "$root/$NET-$1"
    for f in cpuset.cpus cpuset.mems; do      # a new v1 cpuset is empty, and refuses processes
      [ ! -e "$root/$f" ] || cat "$root/$f" >"$root/$NET-$1/$f"
    done
  done
  [ ! -e /sys/fs/cgroup/cgroup.subtree_control ] || sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
}

node_files() {  # INDEX
  local i=$1 n=n$1 at=$DIR/nodes/n$1
  mkdir -p "$at"/{kubelet,cni,cni-state,ballast,containerd}
  certificate "$n" "/O=system:nodes/CN=system:node:$n" "DNS:$n,IP:10.88.0.1$i"
  kubeconfig "$n"
  cat >"$at/cni/10.conflist" <<K
{"cniVersion": "0.4.0", "name": "e2e", "plugins": [
 {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false,
  "ipam": {"type": "host-local", "dataDir": "$at/ipam", "subnet": "10.89.$i.0/24", "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "loopback"}]}
K
  cat >"$at/containerd.toml" <<K
version = 2
root = "$at/containerd/root"
state = "$at/containerd/state"
[grpc]
  address = "$at/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:e2e"
  restrict_oom_score_adj = true            # where CAP_SYS_RESOURCE is missing a negative score is refused, and runc fails obscurely
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$at/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "$TOOLS/bin/runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc-debian]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc-debian.options]
      BinaryName = "/usr/sbin/runc"
K
  cat >"$at/kubelet.yaml" <<K
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: $DIR/pki/ca.crt}, webhook: {enabled: false}, anonymous: {enabled: false}}
authorization: {mode: AlwaysAllow}
tlsCertFile: $DIR/pki/$n.crt
tlsPrivateKeyFile: $DIR/pki/$n.key
cgroupDriver: cgroupfs
cgroupRoot: /$NET-$n
containerRuntimeEndpoint: unix://$at/containerd.sock
failSwapOn: false
failCgroupV1: false
makeIPTablesUtilChains: false
$ABOUT_DISK
maxPods: 250
syncFrequency: 5s
podLogsDir: $at/podlogs
volumePluginDir: $at/plugins
K
}

start_node() {  # INDEX: the process `node-nI` holds the namespaces; `e2e/cluster/node` enters them through it
  start "node-n$1" nsenter --net="/run/netns/$NET-n$1" unshare --mount --propagation private "$HERE/node_main" "$DIR" "n$1" "10.88.0.1$1" "$TOOLS" "${IMAGES[@]}"
}

nodes() {  # COUNT
  local i
  for i in $(seq "$1"); do node_network "$i" "$1"; node_cgroup "n$i"; node_files "$i"; start_node "$i"; done
  poll 60 "$1 nodes (see $DIR/log/kubelet-n1, containerd-n1)" all_ready "$1"
  poll 30 "the default service account" "$DIR/bin/kubectl" get serviceaccount default
}
all_ready() { [ "$("$DIR/bin/kubectl" get nodes --no-headers | grep -cw Ready)" = "$1" ]; }
