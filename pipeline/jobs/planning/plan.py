"""The plan of a job: which output for which content and styles, and what depends on the kind of job."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pipeline.jobs.planning import output_names

FRAMES_FOLDER = "frames"
"""The folder of a video's frames, in the job's folder."""


@dataclass(frozen=True)
class Item:
    """One output file of a job.

    Attributes:
        name: its path inside the job's output, with forward slashes; its key in the journal.
        output: where it is written.
        content: the picture, or the clip that the frame is of.
        style_set: which of the plan's style sets it takes.
    """

    name: str
    output: Path
    content: Path
    style_set: int = 0


@dataclass(frozen=True)
class Plan:
    """The work of one command, and everything that depends on its kind.

    Attributes:
        source: the picture, folder or clip.
        output: the picture, folder or clip to make.
        style_sets: the styles; those within a set are blended.
        items: the outputs, those of one style set together. A video's are known once its clip was probed.
    """

    kind: ClassVar[str]
    """The command that makes such a plan."""
    is_of_video: ClassVar[bool] = False
    """Whether items are frames, which depend on earlier ones."""
    one_failure_ends_it: ClassVar[bool] = False
    """Whether the job ends with the error of the first item that fails."""

    source: Path
    output: Path
    style_sets: tuple[tuple[Path, ...], ...]
    items: tuple[Item, ...] = ()

    @property
    def folder(self) -> Path:
        """The job's folder, beside the output: journal, log, and a video's frames."""
        return output_names.job_folder_in_use(self.output)

    @property
    def input_file(self) -> Path | None:
        """The one file whose bytes the job depends on; None where each item has a file of its own."""
        return self.source

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files that the user gets."""
        return tuple(item.output for item in self.items)

    @property
    def named_outputs(self) -> tuple[tuple[str, Path], ...]:
        """:attr:`outputs`, each with its name in the journal."""
        return tuple((item.name, item.output) for item in self.items)

    def snapshot_folder(self, item: Item) -> Path:
        """Where the snapshots of an item go: ``a_snapshots/`` beside ``a.png``."""
        return item.output.with_name(f"{item.output.stem}_snapshots")


@dataclass(frozen=True)
class ImagePlan(Plan):
    """One picture."""

    kind = "image"
    one_failure_ends_it = True


@dataclass(frozen=True)
class BatchPlan(Plan):
    """The pictures of a folder."""

    kind = "batch"

    @property
    def input_file(self) -> None:
        """A folder has no bytes of its own: each picture is compared by itself."""


@dataclass(frozen=True)
class VideoPlan(Plan):
    """One clip.

    Attributes:
        shots: the first frame of each shot, 0 among them, rising; None: to be detected.
    """

    kind = "video"
    is_of_video = True
    one_failure_ends_it = True

    shots: tuple[int, ...] | None = None

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The clip; its frames lie in the job's folder."""
        return (self.output,)

    @property
    def named_outputs(self) -> tuple[tuple[str, Path], ...]:
        """The clip, by its file's name."""
        return ((self.output.name, self.output),)

    def snapshot_folder(self, item: Item) -> Path:
        """Where the snapshots of a frame go: ``a_snapshots/000001/`` beside ``a.mp4``."""
        return self.output.with_name(f"{self.output.stem}_snapshots") / item.output.stem

    def frame_items(self, count: int) -> tuple[Item, ...]:
        """The items of a video of ``count`` frames."""
        names = (f"{number:06}.png" for number in range(1, count + 1))
        return tuple(Item(name, self.folder / FRAMES_FOLDER / name, self.source) for name in names)
