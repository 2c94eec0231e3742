"""ballastd on a disk after the power came back."""

import json
import os
import subprocess
import time
from pathlib import Path

BOOT_ID = "/proc/sys/kernel/random/boot_id"
PATIENCE_SECONDS = 30

# In a mount namespace of its own: the disk goes with the process, and the kernel seems to have booted anew. Flushes of this disk
# nobody needs, for it is thrown away.
REVIVE = f'mount -o loop,nobarrier "$1/disk.img" "$1/disk" && mount --bind "$2" {BOOT_ID} && exec "$3" --config "$1/ballast.yaml"'

CONFIG = """\
cache: {{dir: {folder}/disk/cache, minAvailable: 0}}
socket: {{path: {folder}/sock}}
http: {{address: ""}}
scrub: {{bytesPerSecond: 0}}
origins: [{{name: hub, match: "hf://", endpoint: "{hub}", allowPrivateAddresses: true}}]
"""


class DoesNotStart(Exception):
    """With its log's end."""


class Revived:
    """`folder` holds disk.img. To be used in a `with`."""

    def __init__(self, folder, programs, hub, boot_id):
        self.folder, self.programs, self.boot_id = folder, programs, boot_id
        (folder / "disk").mkdir()
        (folder / "ballast.yaml").write_text(CONFIG.format(folder=folder, hub=hub))

    def __enter__(self):
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", REVIVE, "sh", self.folder, self.boot_id,
                   self.programs / "ballastd"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE_SECONDS
        while '] "Ready" ' not in self.log():
            if self.process.poll() is not None or time.monotonic() > end:
                self.end()
                raise DoesNotStart(self.log()[-1500:])
            time.sleep(0.01)
        return self

    def __exit__(self, *error):
        self.end()

    def end(self):
        """Returns its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    @property
    def cache(self):
        """As the process sees it."""
        return Path(f"/proc/{self.process.pid}/root{self.folder}/disk/cache")

    def ballast(self, *words):
        """Exit code and what it printed."""
        done = subprocess.run([self.programs / "ballast", "--socket", self.folder / "sock", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_SECONDS, check=False)
        return done.returncode, done.stdout.decode(errors="replace").strip()

    def json(self, *words):
        code, text = self.ballast(*words, "--output", "json")
        if code != 0:
            raise RuntimeError(f"ballast {' '.join(words)}: exit code {code}: {text}")
        return json.loads(text)

    def links(self, folder):
        """Of the files below: their inodes by path, empty ones left out."""
        found = {}
        for place, _, files in os.walk(folder):
            for file in files:
                info = os.lstat(os.path.join(place, file))
                if info.st_size > 0:
                    found[os.path.relpath(os.path.join(place, file), folder)] = info.st_ino
        return found
