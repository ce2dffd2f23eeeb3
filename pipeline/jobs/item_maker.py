"""One item of a job in the making: stylised, and written whole. To mark it is the job's."""

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
from pipeline.jobs import fingerprint
from pipeline.jobs.journal import Entry
from pipeline.jobs.plan import Item, Plan
from pipeline.jobs.snapshots import Snapshots
from pipeline.pictures import images
from pipeline.pictures.images import Picture

TAG = "nstpipe"
"""Key of the PNG text that lets an output be adopted which the journal does not know."""


class Maker:
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
            content_identity: of the content's bytes, where an item has a file of its own.
            init: what it starts from (H, W, 3), where it follows others.
            terms: its temporal terms, where it follows others.
            on_step: told of every step; what it raises passes through.

        Returns:
            What the journal is to say of it.
        """
        began = time.monotonic()
        with Snapshots(self._snapshot_folder(item), stylizer.settings.snapshot_every) as snapshots:

            def stepped(info: StepInfo) -> None:
                snapshots.take(info)
                on_step(info)

            pastiche = stylizer.stylize(content.pixels, init, terms, on_step=stepped)
        facts = {"content": content_identity, "steps": pastiche.steps, "loss": pastiche.losses["total"]}
        made = Picture(pastiche.pixels, content.alpha)
        return self._write(item, made, facts, time.monotonic() - began)

    def repeat(self, item: Item, pastiche: FloatArray, loss: float) -> Entry:
        """Write the last pastiche again, of a frame that is the same as the last one."""
        return self._write(item, Picture(pastiche, None), {"content": "", "steps": 0, "loss": loss}, 0.0)

    def adopted(self, item: Item) -> Entry | None:
        """The entry of an output that is whole, and that this job made of the content that is there now."""
        try:
            tag = json.loads(images.read_tags(item.output).get(TAG, "{}"))
            ours = (tag.pop("job"), tag.pop("item")) == (self._fingerprint, _hexadecimal(item.name))
            if not ours or (tag["content"] and tag["content"] != fingerprint.of_file(item.content)):
                return None
            images.read(item.output)  # whole, or it raises
            return Entry(item.name, "done", sha256=fingerprint.of_file(item.output), **tag)
        except (NstpipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
            return None

    def _write(self, item: Item, made: Picture, facts: dict[str, Any], seconds: float) -> Entry:
        tag = {"job": self._fingerprint, "item": _hexadecimal(item.name), **facts}
        with atomic.writing(item.output):
            item.output.parent.mkdir(parents=True, exist_ok=True)
        images.write(item.output, made.pixels, made.alpha, {TAG: json.dumps(tag)})
        return Entry(item.name, "done", sha256=fingerprint.of_file(item.output), seconds=seconds, **facts)

    def _snapshot_folder(self, item: Item) -> Path:
        """``a_snapshots/`` beside ``a.png``; of a frame a folder in its clip's, where people look."""
        output = self._plan.output if self._plan.kind == "video" else item.output
        folder = output.with_name(f"{output.stem}_snapshots")
        return folder / item.output.stem if self._plan.kind == "video" else folder


def _hexadecimal(name: str) -> str:
    """A name of any bytes, in letters that PNG text can hold."""
    return os.fsencode(name).hex()
