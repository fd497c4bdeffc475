"""Builds light.onnx (hashed embedding bag) and heavy.onnx (MiniLM-L6 shape) with fixed seeds: random weights, no downloads."""

import os

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

OUT = f"{os.environ['PEERS_HOME']}/data"


def ints(*values):
    return np.array(values, np.int64)


class Graph:
    """Nodes and weights as they are added; `op` and `weight` return the name of what they made."""

    def __init__(self):
        self.nodes, self.weights = [], {}

    def weight(self, name, value):
        self.weights[name] = value
        return name

    def op(self, kind, inputs, output=None, **attributes):
        name = output or f"{kind}_{len(self.nodes) + 1}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def save(self, name, inputs):
        given = [helper.make_tensor_value_info(key, kind, ["n", "l"]) for key, kind in inputs.items()]
        result = [helper.make_tensor_value_info("probs", T.FLOAT, ["n", 3])]
        weights = [numpy_helper.from_array(value, key) for key, value in self.weights.items()]
        graph = helper.make_graph(self.nodes, name, given, result, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, f"{OUT}/{name}.onnx")
        print(name, os.path.getsize(f"{OUT}/{name}.onnx") >> 20, "MiB")


def light():
    """Mean of 16-wide embeddings of 2^18 hashes, one linear layer, softmax over three labels."""
    r, g = np.random.default_rng(7), Graph()
    g.weight("emb", r.standard_normal((1 << 18, 16), dtype=np.float32))
    g.weight("w", 3 * r.standard_normal((16, 3), dtype=np.float32))
    g.weight("b", np.zeros(3, np.float32))
    g.weight("ax1", ints(1))
    g.weight("one", np.array(1, np.float32))
    embedded = g.op("Gather", ["emb", "ids"])
    summed = g.op("Squeeze", [g.op("MatMul", [g.op("Unsqueeze", ["mask", "ax1"]), embedded]), "ax1"])
    count = g.op("Max", [g.op("ReduceSum", ["mask", "ax1"], keepdims=1), "one"])
    logits = g.op("Add", [g.op("MatMul", [g.op("Div", [summed, count]), "w"]), "b"])
    g.op("Softmax", [logits], output="probs", axis=-1)
    g.save("light", {"ids": T.INT64, "mask": T.FLOAT})


class Encoder(Graph):
    """A BERT-shaped encoder with random weights."""

    def __init__(self, hidden, heads):
        super().__init__()
        self.random = np.random.default_rng(11)
        self.hidden, self.heads = hidden, heads
        self.weight("r2", np.array(2**0.5, np.float32))
        self.weight("half", np.array(0.5, np.float32))
        self.weight("onef", np.array(1, np.float32))
        self.weight("sq", np.array((hidden // heads) ** 0.5, np.float32))
        self.weight("split", ints(0, 0, heads, hidden // heads))
        self.weight("join", ints(0, 0, hidden))

    def normal(self, name, *shape, std=0.05):
        return self.weight(name, std * self.random.standard_normal(shape, dtype=np.float32))

    def norm(self, x, name):
        gain = self.weight(f"{name}.g", np.ones(self.hidden, np.float32))
        bias = self.weight(f"{name}.b", np.zeros(self.hidden, np.float32))
        return self.op("LayerNormalization", [x, gain, bias], axis=-1, epsilon=1e-12)

    def linear(self, x, name, width_in, width_out):
        product = self.op("MatMul", [x, self.normal(f"{name}.w", width_in, width_out)])
        return self.op("Add", [product, self.normal(f"{name}.b", width_out, std=0.02)])

    def head(self, x, name, order):
        split = self.op("Reshape", [self.linear(x, name, self.hidden, self.hidden), "split"])
        return self.op("Transpose", [split], perm=order)

    def attend(self, x, name, bias):
        query = self.head(x, f"{name}.q", [0, 2, 1, 3])
        key = self.head(x, f"{name}.k", [0, 2, 3, 1])
        value = self.head(x, f"{name}.v", [0, 2, 1, 3])
        scores = self.op("Add", [self.op("Div", [self.op("MatMul", [query, key]), "sq"]), bias])
        mixed = self.op("MatMul", [self.op("Softmax", [scores], axis=-1), value])
        joined = self.op("Reshape", [self.op("Transpose", [mixed], perm=[0, 2, 1, 3]), "join"])
        return self.linear(joined, f"{name}.o", self.hidden, self.hidden)

    def gelu(self, x):
        curve = self.op("Add", [self.op("Erf", [self.op("Div", [x, "r2"])]), "onef"])
        return self.op("Mul", [self.op("Mul", [x, curve]), "half"])

    def layer(self, x, name, bias, inner):
        x = self.norm(self.op("Add", [self.attend(x, name, bias), x]), f"{name}.ln1")
        wide = self.gelu(self.linear(x, f"{name}.f1", self.hidden, inner))
        return self.norm(
            self.op("Add", [self.linear(wide, f"{name}.f2", inner, self.hidden), x]), f"{name}.ln2"
        )


def heavy(layers=6, hidden=384, heads=12, inner=1536, words=30522, positions=512):
    g = Encoder(hidden, heads)
    length = g.op("Gather", [g.op("Shape", ["input_ids"]), g.weight("i1", np.array(1, np.int64))], axis=0)
    start, step = g.weight("i0", np.array(0, np.int64)), g.weight("i1s", np.array(1, np.int64))
    word = g.op("Gather", [g.normal("word", words, hidden, std=1.0), "input_ids"])
    place = g.op(
        "Gather", [g.normal("pos", positions, hidden, std=0.1), g.op("Range", [start, length, step])]
    )
    x = g.op("Add", [word, place])
    x = g.norm(x, "emb.ln")
    mask = g.op("Cast", ["attention_mask"], to=T.FLOAT)
    absent = g.op("Sub", ["onef", g.op("Unsqueeze", [mask, g.weight("ax12", ints(1, 2))])])
    bias = g.op("Mul", [absent, g.weight("neg", np.array(-10000, np.float32))])
    for number in range(layers):
        x = g.layer(x, f"l{number}", bias, inner)
    real = g.op("Mul", [x, g.op("Unsqueeze", [mask, g.weight("ax2", ints(2))])])
    total = g.op("ReduceSum", [real, g.weight("ax1", ints(1))], keepdims=0)
    pooled = g.op("Div", [total, g.op("ReduceSum", [mask, "ax1"], keepdims=1)])
    logits = g.op("Mul", [g.linear(pooled, "cls", hidden, 3), g.weight("temp", np.array(4, np.float32))])
    g.op("Softmax", [logits], output="probs", axis=-1)
    g.save("heavy", {"input_ids": T.INT64, "attention_mask": T.INT64})


os.makedirs(OUT, exist_ok=True)
light()
heavy()
