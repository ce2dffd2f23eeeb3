"""Make one item of a job: stylise it and write it whole. The job marks it in the journal."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.base import atomic
from pipeline.base.arrays import FloatArray
from pipeline.core.frame_start import TemporalTerms
from pipeline.core.style_transfer import StepInfo, StyleTransfer
from pipeline.errors import NstpipeError
from pipeline.jobs.planning.plan import Item, Plan
from pipeline.jobs.record import fingerprint, loss_curves
from pipeline.jobs.record.entries import Entry, valid_entry
from pipeline.jobs.record.loss_curves import LossCurve
from pipeline.jobs.work import ownership
from pipeline.jobs.work.snapshots import Snapshots
from pipeline.pictures import images, writing
from pipeline.pictures.images import Picture

TAG = "nstpipe"
"""Key of the PNG text by which an output that the journal does not know can be adopted."""

LEVELS = "levels"
"""Key in that text: the hash of the picture's 8-bit levels, which an editor that keeps the text changes."""

OnHash = Callable[[str], None]


def _ignore(sha256: str) -> None:
    pass


class ItemMaker:
    """Makes the items of one job.

    Args:
        keeps_losses: whether the losses of each picture are kept in the job's folder. Those of frames never
            are: they are many, and the journal has the last loss of each.
    """

    def __init__(self, plan: Plan, fingerprint: str, *, keeps_losses: bool = True) -> None:
        self._plan = plan
        self._fingerprint = fingerprint
        self._keeps_losses = keeps_losses and not plan.is_of_video

    def make(
        self,
        item: Item,
        stylizer: StyleTransfer,
        content: Picture,
        content_identity: str = "",
        *,
        init: FloatArray | None = None,
        terms: TemporalTerms | None = None,
        on_step: Callable[[StepInfo], None],
        before_writing: OnHash = _ignore,
    ) -> Entry:
        """Stylise and write.

        Args:
            content: what is stylised, at its final size.
            content_identity: SHA-256 (hex) of the content's file; empty for a video frame.
            init: the earlier pastiches (H, W, 3) that a video frame starts from.
            terms: the frame's temporal terms.
            on_step: called after every step; what it raises passes through.
            before_writing: called with the SHA-256 (hex) of the file, complete but not yet in its place; if
                it raises, nothing is written.

        Returns:
            The entry for the journal.
        """
        began = time.monotonic()
        snapshot_folder = self._plan.snapshot_folder(item)
        with (
            Snapshots(snapshot_folder, stylizer.settings.snapshot_every) as snapshots,
            LossCurve(self._losses_path(item)) as curve,
        ):

            def stepped(info: StepInfo) -> None:
                curve.add(info.step, info.scale, info.seconds, info.losses)
                snapshots.take(info)
                on_step(info)

            pastiche = stylizer.stylize(content.pixels, init, terms, on_step=stepped)
        facts = {"content": content_identity, "steps": pastiche.steps, "loss": pastiche.losses["total"]}
        picture = Picture(pastiche.pixels, content.alpha, content.metadata)
        return self._write(item, picture, facts, time.monotonic() - began, before_writing)

    def write(
        self, item: Item, pixels: FloatArray, loss: float = 0.0, before_writing: OnHash = _ignore
    ) -> Entry:
        """Write pixels (H, W, 3) that need no step, such as the last frame's pastiche for an equal frame."""
        facts = {"content": "", "steps": 0, "loss": loss}
        return self._write(item, Picture(pixels), facts, 0.0, before_writing)

    def adopted(self, item: Item, *, unverified: bool = True) -> Entry | None:
        """The entry of an output if it is complete and this job made it of the present content; else None.

        Its pixels must be those that were written. Files of earlier versions carry no hash of their pixels:
        they are adopted if ``unverified``.
        """
        tag = _tag_of(item)
        try:
            if tag is None or tag["job"] != self._fingerprint or not _has_its_pixels(item, tag, unverified):
                return None
            if tag["content"] and tag["content"] != fingerprint.of_file(item.content):
                return None
            facts = {name: tag[name] for name in ("content", "steps", "loss")}
            digest = fingerprint.of_file(item.output)
            return valid_entry({"name": item.name, "state": "done", "sha256": digest, **facts})
        except (NstpipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
            return None

    def wrote(self, item: Item) -> bool:
        """Whether this job wrote the file at an output, of whatever content, and no one edited it since."""
        tag = _tag_of(item)
        return tag is not None and tag.get("job") == self._fingerprint and _is_unedited(item, tag)

    def _losses_path(self, item: Item) -> Path | None:
        return loss_curves.path_of(self._plan.folder, item.name) if self._keeps_losses else None

    def _write(
        self, item: Item, picture: Picture, facts: dict[str, Any], seconds: float, before_writing: OnHash
    ) -> Entry:
        tag = {"job": self._fingerprint, "item": _hexadecimal(item.name), **facts}
        tag[LEVELS] = writing.levels_hash(picture.pixels, picture.alpha)
        tags = {TAG: json.dumps(tag)}
        data = writing.encoded(item.output, picture.pixels, picture.alpha, tags, picture.metadata)
        sha256 = hashlib.sha256(data).hexdigest()
        before_writing(sha256)
        with atomic.writing(item.output):
            item.output.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(item.output, data)
        return Entry(item.name, "done", sha256=sha256, seconds=seconds, **facts)


def is_unedited(item: Item) -> bool:
    """Whether nstpipe wrote the file at an output as this item, in any job, and no one edited it since."""
    tag = _tag_of(item)
    return tag is not None and LEVELS in tag and _is_unedited(item, tag)


def _tag_of(item: Item) -> dict[str, Any] | None:
    """The tag of a file that was written as this item; None where it has none."""
    try:
        tag = json.loads(images.read_tags(item.output).get(TAG, "null"))
    except ValueError:
        return None
    return tag if isinstance(tag, dict) and tag.get("item") == _hexadecimal(item.name) else None


def _has_its_pixels(item: Item, tag: dict[str, Any], unverified: bool) -> bool:
    """Whether the file's pixels are those that were written; where that is unknown, ``unverified``."""
    levels = writing.stored_levels_hash(item.output)  # raises where the file is cut off
    return levels == tag[LEVELS] if LEVELS in tag else unverified


def _is_unedited(item: Item, tag: dict[str, Any]) -> bool:
    try:
        return _has_its_pixels(item, tag, True) or ownership.is_damaged(item.output)
    except NstpipeError:
        return ownership.is_damaged(item.output)


def _hexadecimal(name: str) -> str:
    """A name of any bytes, in letters that PNG text can hold."""
    return os.fsencode(name).hex()
