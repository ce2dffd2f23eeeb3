"""The course of a training: batch after batch, with regular measurements and checkpoints to resume from."""

import csv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pipeline.base import atomic
from tools.training import crops, gallery, network

Array = np.ndarray
Row = dict[str, float]

REPLAYS = 3
"""How often each batch is trained on, each time with pixels changed against the network."""

TRAINING = (*gallery.DRAWING, *sorted(Path(__file__).parent.glob("*.py")))
"""The code that the result depends on."""


@dataclass(frozen=True)
class Course:
    """A training that starts, or continues from its last checkpoint.

    Attributes:
        seed: of crops and first weights.
        steps: of the whole course, each a batch that is trained on REPLAYS times.
        folder: checkpoint and log are kept below it, in a folder of this course's own.
        report_every: steps between two measurements on the held-out pictures, each kept.
        batch: crops of one step.
    """

    seed: int
    steps: int
    folder: Path
    report_every: int = 100
    batch: int = 96

    def run(self, pictures: Array) -> tuple[keras.Model, list[Row]]:
        """The trained network, and its accuracy on held-out pictures, by layer, at each measurement.

        Args:
            pictures: of :func:`tools.training.gallery.draw`.
        """
        folder = self.folder / f"run-{self.seed}-{len(pictures)}-{self.steps}-{gallery.code(*TRAINING)}"
        folder.mkdir(parents=True, exist_ok=True)
        model, log = self._begun(folder, len(pictures))
        done = int(model.optimizer.iterations) // REPLAYS
        held_out = crops.held_out(pictures, self.seed)
        with ThreadPoolExecutor(1) as ahead, tqdm(total=self.steps, initial=done, desc="training") as bar:
            train = network.hardened_step(model)
            following = ahead.submit(crops.training, pictures, self.seed, done, self.batch)
            for step in range(done + 1, self.steps + 1):
                batch = following.result()
                following = ahead.submit(crops.training, pictures, self.seed, step, self.batch)
                rng = np.random.default_rng([self.seed, step, REPLAYS])
                loss = _replayed(train, batch, rng, network.worst(step, self.steps))
                bar.update()
                if step % self.report_every == 0 or step == self.steps:
                    log.append({"step": step, "loss": round(loss, 4), **_examined(model, held_out)})
                    bar.set_postfix_str(" ".join(f"{value:.2f}" for value in list(log[-1].values())[2:]))
                    _keep(folder, model, log)
        return model, log

    def _begun(self, folder: Path, classes: int) -> tuple[keras.Model, list[Row]]:
        """The network and log of the last checkpoint, or new ones."""
        if not _checkpoint(folder).is_file():
            keras.utils.set_random_seed(self.seed)
            model = network.build(classes)
            network.compile_for(model, self.steps * REPLAYS)
            return model, []
        model = keras.models.load_model(_checkpoint(folder))
        with _log(folder).open(newline="") as file:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
        return model, [row for row in rows if row["step"] * REPLAYS <= int(model.optimizer.iterations)]


def _replayed(train: Any, batch: crops.Batch, rng: np.random.Generator, worst: float) -> float:
    """Train on a batch, its pixels changed against the network by up to ``worst`` levels; the last loss."""
    images, answers = tf.constant(batch.images), network.answers_to(batch)
    changes = tf.constant(rng.uniform(-worst, worst, images.shape), tf.float32)
    limit = tf.constant(worst, tf.float32)
    for _ in range(REPLAYS):
        loss, changes = train(images, changes, answers, limit)
    return float(loss)


def _keep(folder: Path, model: keras.Model, log: list[Row]) -> None:
    """Write the log, then the checkpoint: a row too many is dropped when training continues."""
    with atomic.replacing(_log(folder)) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(log[-1]))
        writer.writeheader()
        writer.writerows(log)
    with atomic.replacing(_checkpoint(folder)) as partial:
        model.save(partial)


def _checkpoint(folder: Path) -> Path:
    return folder / "checkpoint.keras"


def _log(folder: Path) -> Path:
    return folder / "log.csv"


def _examined(model: keras.Model, held_out: crops.Batch) -> Row:
    """The share of held-out crops whose class each layer's head names."""
    answers = model.predict(held_out.images, verbose=0)
    classes = held_out.shares.argmax(1)
    return {
        layer: round(float(np.mean(answers[f"{layer}_texture"].argmax(1) == classes)), 4)
        for layer in network.TEXTURE_LAYERS
    }
