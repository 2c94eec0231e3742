"""One node of the soak: ballastd and ballast-csi of its own, what is done to them, and what is on its disk."""

import collections
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model"))
from csi import csi_grpc, publish, unpublish  # noqa: E402

CALL_SECONDS = 150  # of which a file that came wrong twice waits 60 for a word about who sent it

# What may happen to a call while processes are killed, the hub has faults, and disks are full.
CSI_MAY_SAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "DATA_LOSS"}


class Node:
    """Not thread-safe, but for `sample` and `disk_bytes`."""

    def __init__(self, name, folder, programs, log):
        self.name, self.folder, self.programs, self.log = name, Path(folder), Path(programs), Path(log)
        self.processes = {}
        self.done = collections.deque(maxlen=12)  # the last that was done to it, for whoever asks how a rule came to be broken
        self.lock = threading.Lock()
        self.cache = self.folder / "cache"
        (self.folder / "pods").mkdir(parents=True, exist_ok=True)

    def tell(self, *words):
        self.done.append(f"{time.strftime('%T')}.{time.time_ns() // 1_000_000 % 1000:03} {' '.join(map(str, words))}")

    # ---- its processes

    def start(self, what):
        command = {
            "ballastd": ["--config", f"{self.folder}.yaml"],
            "ballast-csi": ["--endpoint", f"unix://{self.folder}/csi.sock", "--cache-socket", f"{self.folder}/sock",
                            "--cache-dir", self.cache, "--kubelet-registry", "", "--node-name", self.name],
        }[what]
        with open(self.log / f"{self.name}-{what}", "ab") as log:
            process = subprocess.Popen([self.programs / what, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        with self.lock:
            self.processes[what] = process

    def end(self, what, number=signal.SIGTERM):
        """Returns its exit status."""
        self.tell("signal", number, "to", what)
        self.processes[what].send_signal(number)
        return self.processes[what].wait(timeout=30)

    def ended(self):
        """What ended by itself, by status."""
        return {what: process.returncode for what, process in self.processes.items() if process.poll() is not None}

    def sample(self):
        """Descriptors, threads and anonymous KiB of ballastd; None while it is not there."""
        with self.lock:
            pid = self.processes["ballastd"].pid
        try:
            status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
            return len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]), int(status["RssAnon"].split()[0])
        except (OSError, KeyError):
            return None

    # ---- what is done to it

    def ballast(self, *words):
        """Exit code and what it printed."""
        self.tell(*words)
        done = subprocess.run([self.programs / "ballast", "--socket", self.folder / "sock", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=CALL_SECONDS, check=False)
        return done.returncode, done.stdout.decode(errors="replace")

    def models(self):
        """The models that are ready here; None while nobody answers."""
        code, text = self.ballast("ls", "--output", "json")
        return {one["model"] for one in json.loads(text)["models"] if one["phase"] == "ready"} if code == 0 else None

    def csi(self, call, *words):
        """"OK", or the code and the message of the refusal."""
        self.tell(call.__name__, *words)
        with grpc.insecure_channel(f"unix:{self.folder}/csi.sock") as channel:
            try:
                call(csi_grpc.NodeStub(channel), *words)
            except grpc.RpcError as error:
                return error.code().name, error.details()
        return "OK", ""

    def publish(self, volume, uri, layout, when):
        return self.csi(publish, volume, str(self.target(volume)), f"source={uri}", f"layout={layout}", f"publish={when}")

    def unpublish(self, volume):
        return self.csi(unpublish, volume, str(self.target(volume)))

    def target(self, volume):
        return self.folder / "pods" / volume

    def pin(self, model):
        """Returns once the node knows it: a manifest counts when the follower of its folder has read it. False: it never did."""
        self.tell("pin", model.name)
        manifest = {"apiVersion": "ballast.dev/v1alpha1", "kind": "ClusterModelCache", "metadata": {"name": model.name},
                    "spec": {"source": {"uri": model.uri}, "nodes": {}}}
        fresh = self.folder / f"{model.name}.new"
        fresh.write_text(json.dumps(manifest))
        fresh.rename(self.folder / "caches" / f"{model.name}.yaml")
        return wait_until(30, lambda: self.wants(model))

    def wants(self, model):
        code, text = self.ballast("ls", "--output", "json")
        return code == 0 and any(model.name in one["wanted_by"] for one in json.loads(text)["models"])

    def unpin(self, model):
        self.tell("unpin", model.name)
        (self.folder / "caches" / f"{model.name}.yaml").unlink()

    # ---- its disk

    def disk_bytes(self):
        """Allocated by all of the cache, each file once however many names it has."""
        seen = {}
        for folder, _, files in os.walk(self.cache):
            for file in files:
                with contextlib.suppress(OSError):  # it has gone
                    info = os.lstat(os.path.join(folder, file))
                    seen[info.st_ino] = info.st_blocks * 512
        return sum(seen.values())

    def has_blobs_of(self, model):
        return all((self.cache / "blobs/sha256" / digest).exists() or (self.cache / "pending" / digest).exists()
                   for digest in model.files.values())


class Model:
    def __init__(self, folder):
        self.name = folder.name
        self.uri = f"hf://org/{folder.name}"
        self.files = {str(file.relative_to(folder)): digest_of(file) for file in sorted(folder.rglob("*")) if file.is_file()}
        self.bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

    def wrong_in(self, view, whole):
        """What of a volume is not as it was at the hub: of layout plain, or below the only snapshot of the others."""
        snapshots = sorted(view.glob("**/snapshots/*"))
        root = snapshots[0] if snapshots else view
        wrong = []
        for name, digest in self.files.items():
            file = root / name
            if not file.exists():
                wrong += [f"{file} is missing"] if whole else []
            elif digest_of(file) != digest:
                wrong.append(f"{file} has other bytes")
        return wrong


def digest_of(file):
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def wait_until(seconds, condition):
    """Looks ten times a second; False: in vain."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
