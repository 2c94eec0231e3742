"""Loads all-MiniLM-L6-v2 (BERT, 6 layers) from a directory with safetensors and numpy, and embeds sentences."""

import json
import math
from pathlib import Path

import numpy
from safetensors.numpy import load_file
from tokenizers import Tokenizer


def layer_norm(x, weights, name):
    centered = x - x.mean(-1, keepdims=True)
    deviation = numpy.sqrt((centered**2).mean(-1, keepdims=True) + 1e-12)
    return centered / deviation * weights[name + ".weight"] + weights[name + ".bias"]


def dense(x, weights, name):
    return x @ weights[name + ".weight"].T + weights[name + ".bias"]


def gelu(x):
    return x * 0.5 * (1 + numpy.vectorize(math.erf, otypes=[numpy.float32])(x / math.sqrt(2)))


def softmax(x):
    powers = numpy.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


class MiniLM:
    def __init__(self, directory):
        directory = Path(directory)
        config = json.loads((directory / "config.json").read_text())
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.weights = load_file(directory / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.tokenizer.no_padding()

    def attention(self, x, name):
        def split(part):
            return dense(x, self.weights, f"{name}.self.{part}").reshape(len(x), self.heads, -1).swapaxes(0, 1)

        query, key, value = split("query"), split("key"), split("value")
        scores = softmax(query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1]))
        mixed = (scores @ value).swapaxes(0, 1).reshape(len(x), -1)
        return layer_norm(x + dense(mixed, self.weights, f"{name}.output.dense"), self.weights, f"{name}.output.LayerNorm")

    def layer(self, x, name):
        x = self.attention(x, f"{name}.attention")
        inner = gelu(dense(x, self.weights, f"{name}.intermediate.dense"))
        return layer_norm(x + dense(inner, self.weights, f"{name}.output.dense"), self.weights, f"{name}.output.LayerNorm")

    def embed(self, sentence):
        """The unit vector of one sentence: the mean over its tokens' last states."""
        ids = self.tokenizer.encode(sentence).ids
        weights = self.weights
        x = (weights["embeddings.word_embeddings.weight"][ids]
             + weights["embeddings.position_embeddings.weight"][: len(ids)]
             + weights["embeddings.token_type_embeddings.weight"][0])
        x = layer_norm(x, weights, "embeddings.LayerNorm")
        for i in range(self.layers):
            x = self.layer(x, f"encoder.layer.{i}")
        mean = x.mean(0)
        return mean / numpy.linalg.norm(mean)
