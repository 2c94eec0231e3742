"""The log of a disk: what it was asked to write and when to flush, in this order.

A record is a head of 13 bytes, little-endian: kind, offset, length; the bytes of a write follow. How much of the log there is
is a moment of the disk's life.
"""

import struct
from typing import NamedTuple

HEAD = struct.Struct("<cQI")
WRITE, FLUSH = b"w", b"f"
BLOCK = 4096  # what a disk writes wholly or not at all


def record(kind, offset=0, data=b""):
    return HEAD.pack(kind, offset, len(data)) + data


class Entry(NamedTuple):
    end: int            # bytes of the log up to here
    offset: int
    data: bytes | None  # None: a flush

    @property
    def is_flush(self):
        return self.data is None

    def blocks(self):
        """The write as the disk takes it: (offset, bytes) within one block each."""
        at = 0
        while at < len(self.data):
            size = min(len(self.data) - at, BLOCK - (self.offset + at) % BLOCK)
            yield self.offset + at, self.data[at:at + size]
            at += size


def read_log(path):
    log = memoryview(path.read_bytes())
    entries, at = [], 0
    while at < len(log):
        kind, offset, length = HEAD.unpack_from(log, at)
        at += HEAD.size + length
        entries.append(Entry(at, offset, log[at - length:at] if kind == WRITE else None))
    return entries
