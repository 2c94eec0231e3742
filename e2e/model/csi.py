"""A CSI client of its own for the tests: speaks to a node plugin's socket as the kubelet does.

usage: csi.py SOCKET publish VOLUME TARGET [--writable] [KEY=VALUE...]    prints the milliseconds that the call took
       csi.py SOCKET unpublish VOLUME TARGET
       csi.py SOCKET stats VOLUME PATH
The exit code is 1 for a refused call; CODE and message are then on stderr.
"""

import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

import grpc

PROTO = Path(__file__).resolve().parents[2] / "csi" / "proto"
TIMEOUT_SECONDS = 120  # the kubelet's


def generate(out):
    from grpc_tools import protoc  # loads slowly
    status = protoc.main(["protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}", str(PROTO / "csi.proto")])
    if status != 0:
        sys.exit("csi.proto does not compile")


def compile_protocol():
    """Once for all calls where CSI_STUBS names a folder."""
    out = os.environ.get("CSI_STUBS") or tempfile.mkdtemp()
    if not (Path(out) / "csi_pb2_grpc.py").exists():
        generate(out)
    sys.path.insert(0, out)
    return importlib.import_module("csi_pb2"), importlib.import_module("csi_pb2_grpc")


csi, csi_grpc = compile_protocol()


def publish(node, volume, target, *rest):
    attributes = dict(word.split("=", 1) for word in rest if "=" in word)
    capability = csi.VolumeCapability(
        mount=csi.VolumeCapability.MountVolume(),
        access_mode=csi.VolumeCapability.AccessMode(mode=csi.VolumeCapability.AccessMode.MULTI_NODE_READER_ONLY))
    request = csi.NodePublishVolumeRequest(volume_id=volume, target_path=target, volume_capability=capability,
                                           readonly="--writable" not in rest, volume_context=attributes)
    begin = time.monotonic()
    node.NodePublishVolume(request, timeout=TIMEOUT_SECONDS)
    return f"{(time.monotonic() - begin) * 1000:.1f}"


def unpublish(node, volume, target):
    node.NodeUnpublishVolume(csi.NodeUnpublishVolumeRequest(volume_id=volume, target_path=target), timeout=TIMEOUT_SECONDS)


def stats(node, volume, path):
    return node.NodeGetVolumeStats(csi.NodeGetVolumeStatsRequest(volume_id=volume, volume_path=path), timeout=TIMEOUT_SECONDS)


def main(socket, call, *arguments):
    channel = grpc.insecure_channel(f"unix:{socket}")
    grpc.channel_ready_future(channel).result(timeout=10)
    try:
        said = {"publish": publish, "unpublish": unpublish, "stats": stats}[call](csi_grpc.NodeStub(channel), *arguments)
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")
    if said is not None:
        print(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
