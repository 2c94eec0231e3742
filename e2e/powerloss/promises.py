"""What ballastd promised at each moment of the disk's life."""

import hashlib
import json
from bisect import bisect_right
from typing import NamedTuple


class Model:
    """As the hub has it: digest by path."""

    def __init__(self, folder):
        self.uri = f"hf://org/{folder.name}"
        self.files = {str(file.relative_to(folder)): digest_of(file) for file in sorted(folder.rglob("*")) if file.is_file()}

    @property
    def digests(self):
        return set(self.files.values())


def digest_of(file):
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


class Step(NamedTuple):
    """What somebody asked for and got. Moments are numbers of entries of the log: so much had reached the disk by then."""

    name: str
    begun: int
    acknowledged: int
    models: dict  # from then on ready: manifest by URI
    views: dict   # their directories: manifest by path below the cache
    blobs: set    # digests of what is stored


class Promise(NamedTuple):
    """What must hold where the power fails at one moment."""

    when: str
    ready: set    # URIs
    views: dict   # URI by path below the cache
    removed: set  # URIs
    coming: set   # URIs that were being fetched
    blobs: set    # digests of what may be stored, of models that were known; None: of any


def read_steps(path, entries):
    """A line of the file is a JSON object: name; begin and end as bytes of the log; models of `ballast ls`; views and blobs on the disk."""
    ends = [entry.end for entry in entries]
    steps = []
    for line in path.read_text().splitlines():
        said = json.loads(line)
        steps.append(Step(said["name"], bisect_right(ends, said["begin"]), bisect_right(ends, said["end"]),
                          {one["model"].removesuffix("@main"): one["manifest"] for one in said["models"]},
                          {one["view"]: one["manifest"] for one in said["views"]},
                          set(said["blobs"])))
    return steps


def promise_at(steps, moment):
    """What a step takes away is promised no more once it has begun; what it brings, once it is acknowledged."""
    done = [step for step in steps if step.acknowledged <= moment]
    under_way = next((step for step in steps if step.begun < moment < step.acknowledged), None)
    if not done:
        return Promise("at the start", set(), {}, set(), set(), None)
    now, after = done[-1], under_way or done[-1]
    ready = {uri for uri, manifest in now.models.items() if after.models.get(uri) == manifest}
    uris = {now.models[uri]: uri for uri in ready}
    views = {view: uris[manifest] for view, manifest in now.views.items() if view in after.views and manifest in uris}
    ever = {uri for step in done for uri in step.models}
    when = f"during '{under_way.name}'" if under_way else f"after '{now.name}'"
    removed, coming = ever - set(now.models) - set(after.models), set(after.models) - set(now.models)
    return Promise(when, ready, views, removed, coming, None if under_way else now.blobs)
