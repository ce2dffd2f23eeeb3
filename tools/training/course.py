"""The course of a training: batch after batch, with regular measurements and checkpoints to resume from."""

import csv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pipeline.base import atomic
from tools.training import crops, network
from tools.training.crops import Group
from tools.training.network import Levels

Array = np.ndarray
Row = dict[str, float]
Teacher = Callable[[Any], dict[str, Any]]

HELD_OUT = 2**31
"""Added to the number of a step for crops that are not trained on, though of the same pictures."""


@dataclass(frozen=True)
class Course:
    """A part of a training, which starts or continues from its last checkpoint.

    Attributes:
        name: of its folder.
        seed: of crops and first weights.
        steps: batches.
        folder: checkpoint and log are kept below it.
        report_every: steps between two measurements, each kept.
        batch: crops of one step.
    """

    name: str
    seed: int
    steps: int
    folder: Path
    report_every: int = 250
    batch: int = 8

    def run(
        self,
        teacher: Teacher,
        levels: Levels,
        groups: Sequence[Group],
        set_first: Callable[[keras.Model], None],
    ) -> tuple[keras.Model, list[Row]]:
        """The trained student, and its errors by layer at each measurement.

        Args:
            teacher: from :func:`tools.training.teacher.of`.
            levels: of the teacher's activations.
            groups: the pictures that crops are taken from.
            set_first: sets the weights that a new student begins with.
        """
        folder = self.folder / self.name
        folder.mkdir(parents=True, exist_ok=True)
        model, log = self._begun(folder, teacher, set_first)
        done = int(model.optimizer.iterations)
        train, examine = _steps(model, teacher, levels)
        held_out = tf.constant(crops.training(groups, self.seed, HELD_OUT, 4 * self.batch))
        with ThreadPoolExecutor(1) as ahead, tqdm(total=self.steps, initial=done, desc=self.name) as bar:
            following = ahead.submit(crops.training, groups, self.seed, done, self.batch)
            for step in range(done + 1, self.steps + 1):
                batch = following.result()
                following = ahead.submit(crops.training, groups, self.seed, step, self.batch)
                train(tf.constant(batch))
                bar.update()
                if step % self.report_every == 0 or step == self.steps:
                    found = {name: round(float(error), 4) for name, error in examine(held_out).items()}
                    log.append({"step": step, **found})
                    bar.set_postfix_str(" ".join(f"{found[layer]:.2f}" for layer in network.PRESET_LAYERS))
                    _keep(folder, model, log)
        return model, log

    def _begun(
        self, folder: Path, teacher: Teacher, set_first: Callable[[keras.Model], None]
    ) -> tuple[keras.Model, list[Row]]:
        """The student and log of the last checkpoint, or new ones."""
        if _checkpoint(folder).is_file():
            model = keras.models.load_model(_checkpoint(folder))
            with _log(folder).open(newline="") as file:
                rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
            return model, [row for row in rows if row["step"] <= int(model.optimizer.iterations)]
        keras.utils.set_random_seed(self.seed)
        activations = teacher(tf.zeros((1, 16, 16, 3)))
        model = network.build({layer: array.shape[-1] for layer, array in activations.items()})
        set_first(model)
        model.compile(network.optimizer(self.steps))
        return model, []


def levels_of(teacher: Teacher, groups: Sequence[Group], seed: int) -> Levels:
    """The root mean square of the teacher's activations in each layer, on some crops."""
    activations = teacher(tf.constant(crops.training(groups, seed, HELD_OUT + 1, 32)))
    return {
        layer: float(tf.sqrt(tf.reduce_mean(tf.cast(array, tf.float32) ** 2)))
        for layer, array in activations.items()
    }


def _steps(model: keras.Model, teacher: Teacher, levels: Levels) -> tuple[Any, Any]:
    """A step of training on a batch, and the errors on one; both compiled."""

    @tf.function
    def train(images: Any) -> None:
        desired = teacher(images)
        with tf.GradientTape() as tape:
            total = network.loss(network.errors(desired, model(images), levels))
        gradients = tape.gradient(total, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)

    @tf.function
    def examine(images: Any) -> dict[str, Any]:
        return network.errors(teacher(images), model(images), levels)

    return train, examine


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
