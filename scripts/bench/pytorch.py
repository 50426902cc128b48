"""Plain float32 training steps of the built-in models in PyTorch, one thread: what the exact graphs are compared with.

Reads one JSON job a line, answers one JSON line: {"prepare": {...}} sets a model up, {"steps": n} trains n steps from its
first parameters and tells wall and processor time in milliseconds and the most memory so far in megabytes. The end of the input ends it.
"""

import ctypes
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def start(spec):
    """One parameter as PyTorch would hold it: matrices of linear layers are [out, in]."""
    name, shape, init = spec["name"], spec["shape"], spec["init"]
    value = torch.zeros(shape)
    if init["kind"] == "ones":
        value.fill_(1)
    if init["kind"] == "normal":
        value.normal_(0, init["std"])
    if len(shape) == 2 and name.endswith(".weight"):
        value = value.t().contiguous()
    return value


def digits(batch_of, p, images, labels, forward):
    rows = images[batch_of].float() / 256
    return F.cross_entropy(forward(rows, p), labels[batch_of])


def mlp(rows, p):
    hidden = F.relu(F.linear(rows, p["hidden.weight"], p["hidden.bias"]))
    return F.linear(hidden, p["head.weight"], p["head.bias"])


def cnn(rows, p):
    x = rows.view(-1, 1, 28, 28)
    for layer in ("conv1", "conv2"):
        x = F.relu(F.max_pool2d(F.conv2d(x, p[layer + ".weight"], p[layer + ".bias"]), 2))
    return F.linear(x.flatten(1), p["head.weight"], p["head.bias"])


def attention(x, batch, window, width, heads, hidden):
    q, k, v = (part.view(batch, window, heads, -1).transpose(1, 2) for part in x.split(width, 1))
    scores = q @ k.transpose(2, 3) * (width // heads) ** -0.5
    looked = F.softmax(scores.masked_fill(hidden, float("-inf")), 3) @ v
    return looked.transpose(1, 2).reshape(batch * window, width)


def transformer(batch_of, p, tokens, offsets, heads, hidden):
    text = tokens[batch_of[:, None] + offsets].long()
    window, width = p["embedding.positions"].shape
    batch = len(batch_of)
    x = (p["embedding.tokens"][text[:, :-1]] + p["embedding.positions"]).reshape(batch * window, width)
    block = 0
    while "block%d.qkv.weight" % block in p:
        at = "block%d." % block
        qkv = F.linear(F.layer_norm(x, (width,)), p[at + "qkv.weight"])
        looked = attention(qkv, batch, window, width, heads, hidden)
        x = x + F.linear(looked, p[at + "out.weight"], p[at + "out.bias"])
        up = F.gelu(F.linear(F.layer_norm(x, (width,)), p[at + "up.weight"], p[at + "up.bias"]))
        x = x + F.linear(up, p[at + "down.weight"], p[at + "down.bias"])
        block += 1
    logits = F.linear(F.layer_norm(x, (width,)), p["head.weight"], p["head.bias"])
    return F.cross_entropy(logits, text[:, 1:].flatten())


class Model:
    """A model, its made-up data, and the training of one unit."""

    def __init__(self, job):
        self.batch = job["batch"]
        self.options = job["optimizer"]
        self.first = {spec["name"]: start(spec) for spec in job["parameters"]}
        self.loss = self.loss_of(job["heads"])

    def loss_of(self, heads):
        if "embedding.positions" in self.first:
            window = self.first["embedding.positions"].shape[0]
            tokens = torch.randint(0, len(self.first["embedding.tokens"]), (100000,), dtype=torch.uint8)
            self.samples = len(tokens) - window
            offsets = torch.arange(window + 1)
            hidden = torch.ones(window, window, dtype=torch.bool).triu(1)
            return lambda rows, p: transformer(rows, p, tokens, offsets, heads, hidden)
        forward = cnn if "conv1.weight" in self.first else mlp
        self.samples = 10000
        images = torch.randint(0, 256, (self.samples, 784), dtype=torch.uint8)
        labels = torch.randint(0, 10, (self.samples,))
        return lambda rows, p: digits(rows, p, images, labels, forward)

    def optimizer(self, p):
        o = self.options
        if o["kind"] == "sgd":
            return torch.optim.SGD(p.values(), lr=o["learningRate"], momentum=o["momentum"])
        groups = [
            {"params": [v for v in p.values() if v.dim() >= 2], "weight_decay": o["weightDecay"]},
            {"params": [v for v in p.values() if v.dim() < 2], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=o["learningRate"], betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])

    def train(self, steps):
        p = {name: value.clone().requires_grad_() for name, value in self.first.items()}
        optimizer = self.optimizer(p)
        rows = torch.randint(0, self.samples, (steps, self.batch))
        wall, cpu = time.perf_counter(), time.process_time()
        for step in range(steps):
            loss = self.loss(rows[step], p)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {"wallMs": wall * 1000, "cpuMs": cpu * 1000, "loss": loss.item()}


def peak():
    """The most memory that this process held so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def openblas(path):
    """Which processor's kernels OpenBLAS chose."""
    library = ctypes.CDLL(path)
    library.openblas_get_corename.restype = ctypes.c_char_p
    return "OpenBLAS (%s kernels)" % library.openblas_get_corename().decode()


def blas():
    """The matrix library behind torch, and why it would be unfair to measure with it."""
    config = torch.__config__.show()
    if "mkl" in config.split("BLAS_INFO=")[-1].split(",")[0]:
        return "MKL", None
    torch.ones(64, 64) @ torch.ones(64, 64)
    try:
        with open("/proc/self/maps") as maps:
            paths = sorted({line.split()[-1] for line in maps if ".so" in line})
    except OSError:
        return "a BLAS that cannot be named here", None
    for path in paths:
        if "openblas" in path.lower():
            return openblas(path), None
    if any("blas" in path.lower() for path in paths):
        return "the reference BLAS", "its matrix library is the reference BLAS, several times slower: install libopenblas0"
    return "a BLAS that cannot be named here", None


def about(library):
    """Version, matrix library, and what of the processor torch's own kernels use."""
    uses = [line.split(":")[1].strip() for line in torch.__config__.show().splitlines() if "CPU capability" in line]
    extra = ", %s" % uses[0] if uses else ""
    dnn = ", oneDNN" if torch.backends.mkldnn.is_available() else ""
    return "torch %s with %s%s%s" % (torch.__version__, library, extra, dnn)


def main():
    torch.manual_seed(1)
    library, unfair = blas()
    print(json.dumps({"about": about(library), "unfair": unfair, "idleMb": peak()}), flush=True)
    model = None
    for line in sys.stdin:
        job = json.loads(line)
        if "prepare" in job:
            model = Model(job["prepare"])
            answer = {"ready": True}
        else:
            answer = {**model.train(job["steps"]), "peakMb": peak()}
        print(json.dumps(answer), flush=True)


main()
