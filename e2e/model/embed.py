"""Finds a model as any program would, offline, embeds three sentences with it, and checks the cosines.

usage: embed.py DIRECTORY            the model's files (layout plain)
       embed.py --hub ORG/NAME       through huggingface_hub: HF_HUB_CACHE is the mount, HF_HUB_OFFLINE=1
"""

import sys
import time

from minilm import MiniLM

EATING, BREAD, MARKET = "A man is eating food.", "A man is eating a piece of bread.", "The stock market fell sharply on Monday."
EXPECTED_BREAD, EXPECTED_MARKET, TOLERANCE = 0.7553, 0.0157, 0.0005


def find(arguments):
    if arguments[0] != "--hub":
        return arguments[0]
    from huggingface_hub import snapshot_download

    return snapshot_download(arguments[1])


def check(what, cosine, expected):
    if abs(cosine - expected) > TOLERANCE:
        sys.exit(f"{what}: the cosine is {cosine:.4f}, it must be {expected}")


def main(arguments):
    begin = time.monotonic()
    model = MiniLM(find(arguments))
    loaded = time.monotonic()
    eating, bread, market = (model.embed(sentence) for sentence in (EATING, BREAD, MARKET))
    check(BREAD, float(eating @ bread), EXPECTED_BREAD)
    check(MARKET, float(eating @ market), EXPECTED_MARKET)
    print(f"{eating @ bread:.4f} {eating @ market:.4f} {loaded - begin:.2f}")


main(sys.argv[1:])
