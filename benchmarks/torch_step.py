"""Steps of plain PyTorch, for :mod:`benchmarks.steps_beside_torch`: it answers each line with a step's cost.

    peer/bin/python benchmarks/torch_step.py FOLDER

Runs in an interpreter that has torch, and needs nothing else: no NumPy, nothing of nstpipe. The network and
the picture are channels-last; the weights take no gradient; each Gram matrix is one product; nothing else is
tuned. FOLDER is what :func:`benchmarks.step_inputs.write` writes.
"""

import json
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional

CHANNEL_MEANS_BGR = (103.939, 116.779, 123.68)

LAST = torch.channels_last


class Floats:
    """Arrays that follow each other in a file of float32."""

    def __init__(self, path):
        self._rest = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32)

    def next(self, *shape):
        count = torch.Size(shape).numel()
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken.reshape(shape)

    def picture(self, side):
        """(1, 3, side, side) of (side, side, 3)."""
        return self.next(1, side, side, 3).permute(0, 3, 1, 2).contiguous(memory_format=LAST)


class Step:
    """The losses of ``balanced`` at one picture, and their gradient."""

    def __init__(self, folder):
        self.task = json.loads((folder / "step.json").read_text())
        arrays = Floats(folder / "step.f32")
        self.network = [
            (name, *self._convolution(arrays, below, above)) for name, below, above in self.task["layers"]
        ]
        self.means = torch.tensor(CHANNEL_MEANS_BGR)[:, None, None]
        content, style, self.x = (arrays.picture(self.task["side"]) for _ in range(3))
        with torch.no_grad():
            found = self.activations(content)
            self.contents = {name: found[name] for name in self.task["content"]}
            found = self.activations(style)
            self.grams = {name: self.gram(found[name]) for name in self.task["style"]}
        self.x.requires_grad_()

    @staticmethod
    def _convolution(arrays, below, above):
        kernel = arrays.next(3, 3, below, above).permute(3, 2, 0, 1)
        return kernel.contiguous(memory_format=LAST), arrays.next(above)

    def activations(self, picture):
        """Of a picture (1, 3, H, W), RGB, 0..255."""
        used = {**self.task["content"], **self.task["style"]}
        x, block, found = picture.flip(1) - self.means, "block1", {}
        for name, kernel, bias in self.network:
            if name[:6] != block:
                x, block = functional.max_pool2d(x, 2), name[:6]
            x = functional.relu(functional.conv2d(x, kernel, bias, padding=1), inplace=True)
            if name in used:
                found[name] = x
        return found

    @staticmethod
    def gram(activations):
        """G/M of (1, N, h, w): a product of a view, since the channels are last."""
        flat = activations.permute(0, 2, 3, 1).flatten(0, 2)
        return flat.t() @ flat / len(flat)

    def loss(self):
        found = self.activations(self.x)
        x, mean = self.x, lambda tensor: tensor.square().mean()
        total = mean(x[:, :, 1:] - x[:, :, :-1]) + mean(x[:, :, :, 1:] - x[:, :, :, :-1])
        total = self.task["tv"] * total
        for name, weight in self.task["content"].items():
            total = total + weight * mean(found[name] - self.contents[name]) / mean(self.contents[name])
        for name, weight in self.task["style"].items():
            total = total + weight * mean(self.gram(found[name]) - self.grams[name]) / mean(self.grams[name])
        return total

    def take(self):
        """One step: its seconds, the loss, and the norm of the gradient."""
        self.x.grad = None
        began, cpu_began = time.monotonic(), time.process_time()
        loss = self.loss()
        loss.backward()
        value = loss.item()
        cost = {"cpu_seconds": time.process_time() - cpu_began, "seconds": time.monotonic() - began}
        return {**cost, "loss": value, "gradient": self.x.grad.norm().item()}


def main():
    step = Step(Path(sys.argv[1]))
    for _ in sys.stdin:
        print(json.dumps(step.take()), flush=True)


if __name__ == "__main__":
    main()
