"""The plan of a job: which output for which content and styles, and what depends on the kind of job."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.footage.number_pattern import NumberPattern
from pipeline.jobs.planning import output_names

if TYPE_CHECKING:
    from pipeline.footage.picture_sequence import PictureSequence  # loads OpenCV and PyAV

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
    def styles(self) -> int:
        """How many pictures of styles there are, all sets together."""
        return sum(map(len, self.style_sets))

    @property
    def input_files(self) -> tuple[Path, ...]:
        """The files whose bytes the job depends on; none where each item has a file of its own."""
        return (self.source,)

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
    def input_files(self) -> tuple[Path, ...]:
        """A folder has no bytes of its own: each picture is compared by itself."""
        return ()


@dataclass(frozen=True)
class VideoPlan(Plan):
    """One clip, or one sequence of pictures.

    Attributes:
        shots: the first frame of each shot, 0 among them, rising; None: to be detected.
        sequence: the pictures that ``source`` stands for; None where it is a clip.
        pattern: the names of the pictures that ``output`` stands for; None where it is a clip.
    """

    kind = "video"
    is_of_video = True
    one_failure_ends_it = True

    shots: tuple[int, ...] | None = None
    sequence: "PictureSequence | None" = None
    pattern: NumberPattern | None = None

    @property
    def footage(self) -> "Path | PictureSequence":
        """What the frames are read from."""
        return self.sequence or self.source

    @property
    def input_files(self) -> tuple[Path, ...]:
        """The clip, or the pictures of the sequence."""
        return self.sequence.files if self.sequence else (self.source,)

    @property
    def frame_rate(self) -> Fraction | None:
        """Frames a second of the clip that is made of a sequence; None for anything else."""
        return self.sequence.frame_rate if self.sequence and not self.pattern else None

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The clip, or those pictures of the sequence that exist; frames lie in the job's folder."""
        return tuple(path for _, path in self.named_outputs)

    @property
    def named_outputs(self) -> tuple[tuple[str, Path], ...]:
        """:attr:`outputs`, each with its name in the journal."""
        if self.pattern is None:
            return ((self.output.name, self.output),)
        return tuple(map(_named, self.pattern.existing().values()))

    def files_of(self, count: int) -> tuple[tuple[str, Path], ...]:
        """The output files of ``count`` frames, each with its name in the journal.

        The pictures have the numbers of those that they are made from; a clip's frames count from 1.
        """
        if self.pattern is None:
            return self.named_outputs
        numbers = self.sequence.numbers[:count] if self.sequence else range(1, count + 1)
        return tuple(_named(self.pattern.path_of(number)) for number in numbers)

    def snapshot_folder(self, item: Item) -> Path:
        """Where the snapshots of a frame go: ``a_snapshots/000001/`` beside ``a.mp4``."""
        return self.output.with_name(f"{self.output.stem}_snapshots") / item.output.stem

    def frame_items(self, count: int) -> tuple[Item, ...]:
        """The items of a video of ``count`` frames."""
        names = map(frame_name, range(count))
        return tuple(Item(name, self.folder / FRAMES_FOLDER / name, self.source) for name in names)


def frame_name(index: int) -> str:
    """The name of a frame's file and item; the first frame has ``index`` 0 and the name ``000001.png``."""
    return f"{index + 1:06}.png"


def _named(output: Path) -> tuple[str, Path]:
    """A picture of a sequence with its name in the journal, which no frame has."""
    return f"output/{output.name}", output
