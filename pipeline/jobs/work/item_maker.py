"""Make one item of a job: stylise it and write it whole. The job marks it in the journal."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

from pipeline.base import atomic
from pipeline.base.arrays import FloatArray
from pipeline.core.frame_start import TemporalTerms
from pipeline.core.style_transfer import StepInfo, StyleTransfer
from pipeline.errors import NstpipeError
from pipeline.jobs.planning.plan import Item, Plan
from pipeline.jobs.record import fingerprint
from pipeline.jobs.record.entries import Entry, valid_entry
from pipeline.jobs.work.snapshots import Snapshots
from pipeline.pictures import images
from pipeline.pictures.images import Picture

TAG = "nstpipe"
"""Key of the PNG text by which an output that the journal does not know can be adopted."""


class ItemMaker:
    """Makes the items of one job."""

    def __init__(self, plan: Plan, fingerprint: str) -> None:
        self._plan = plan
        self._fingerprint = fingerprint

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
    ) -> Entry:
        """Stylise and write.

        Args:
            content: what is stylised, at its final size.
            content_identity: SHA-256 (hex) of the content's file; empty for a video frame.
            init: the earlier pastiches (H, W, 3) that a video frame starts from.
            terms: the frame's temporal terms.
            on_step: called after every step; what it raises passes through.

        Returns:
            The entry for the journal.
        """
        began = time.monotonic()
        with Snapshots(self._plan.snapshot_folder(item), stylizer.settings.snapshot_every) as snapshots:

            def stepped(info: StepInfo) -> None:
                snapshots.take(info)
                on_step(info)

            pastiche = stylizer.stylize(content.pixels, init, terms, on_step=stepped)
        facts = {"content": content_identity, "steps": pastiche.steps, "loss": pastiche.losses["total"]}
        picture = Picture(pastiche.pixels, content.alpha, content.metadata)
        return self._write(item, picture, facts, time.monotonic() - began)

    def repeat(self, item: Item, pastiche: FloatArray, loss: float) -> Entry:
        """Write the last frame's pastiche again, for a frame that is the same as the last."""
        return self._write(item, Picture(pastiche), {"content": "", "steps": 0, "loss": loss}, 0.0)

    def adopted(self, item: Item) -> Entry | None:
        """The entry of an output if it is complete and this job made it of the present content; else None."""
        try:
            tag = json.loads(images.read_tags(item.output).get(TAG, "{}"))
            is_ours = (tag.pop("job"), tag.pop("item")) == (self._fingerprint, _hexadecimal(item.name))
            if not is_ours or (tag["content"] and tag["content"] != fingerprint.of_file(item.content)):
                return None
            images.read(item.output)  # raises where it is cut off
            digest = fingerprint.of_file(item.output)
            return valid_entry({"name": item.name, "state": "done", "sha256": digest, **tag})
        except (NstpipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
            return None

    def _write(self, item: Item, picture: Picture, facts: dict[str, Any], seconds: float) -> Entry:
        tag = {"job": self._fingerprint, "item": _hexadecimal(item.name), **facts}
        with atomic.writing(item.output):
            item.output.parent.mkdir(parents=True, exist_ok=True)
        images.write(item.output, picture.pixels, picture.alpha, {TAG: json.dumps(tag)}, picture.metadata)
        return Entry(item.name, "done", sha256=fingerprint.of_file(item.output), seconds=seconds, **facts)


def _hexadecimal(name: str) -> str:
    """A name of any bytes, in letters that PNG text can hold."""
    return os.fsencode(name).hex()
