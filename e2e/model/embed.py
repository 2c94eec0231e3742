"""Finds a model as servers do, offline, embeds three sentences with it, and checks the cosines.

usage: embed.py [--serve] --model MODEL [MORE]
MODEL is a directory (layout plain), or ORG/NAME, which huggingface_hub finds: HF_HUB_CACHE is the mount, HF_HUB_OFFLINE=1.
--serve: it stays, as a server does. What else a server is told is not looked at.
"""

import argparse
import os
import signal
import sys
import time

from minilm import MiniLM

EATING, BREAD, MARKET = "A man is eating food.", "A man is eating a piece of bread.", "The stock market fell sharply on Monday."
EXPECTED_BREAD, EXPECTED_MARKET, TOLERANCE = 0.7553, 0.0157, 0.0005


def find(model):
    if os.path.isdir(model):
        return model
    from huggingface_hub import snapshot_download

    return snapshot_download(model)


def check(what, cosine, expected):
    if abs(cosine - expected) > TOLERANCE:
        sys.exit(f"{what}: the cosine is {cosine:.4f}, it must be {expected}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--serve", action="store_true")
    arguments, _ = parser.parse_known_args()
    begin = time.monotonic()
    model = MiniLM(find(arguments.model))
    loaded = time.monotonic()
    eating, bread, market = (model.embed(sentence) for sentence in (EATING, BREAD, MARKET))
    check(BREAD, float(eating @ bread), EXPECTED_BREAD)
    check(MARKET, float(eating @ market), EXPECTED_MARKET)
    print(f"{eating @ bread:.4f} {eating @ market:.4f} {loaded - begin:.2f}", flush=True)
    if arguments.serve:
        signal.pause()


main()
