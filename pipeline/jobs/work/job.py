"""An open job: what becomes of its items, marked once each is written."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.base.machine import library_versions
from pipeline.base.messages import shown
from pipeline.errors import DiskFullError, OutputError, SettingsError, StoppedError, WeightsError
from pipeline.jobs.planning.item_times import ItemTime
from pipeline.jobs.planning.plan import Item, Plan, VideoPlan
from pipeline.jobs.record import expected_times, fingerprint, input_files
from pipeline.jobs.record.entries import Entry, Facts
from pipeline.jobs.record.input_files import Input
from pipeline.jobs.record.journal import Journal
from pipeline.jobs.work import done_items, ownership
from pipeline.jobs.work.item_maker import ItemMaker
from pipeline.jobs.work.messages import Began, Done, Failed, Message, Noted, Stepped, Waiting, Writing
from pipeline.jobs.work.observer import Observer
from pipeline.video import damage as video_damage

NamedFile = tuple[str, Path]
"""An output file with its name in the journal."""

ENDS_THE_JOB = (StoppedError, DiskFullError, SettingsError, WeightsError)
"""Errors that every other item would run into as well."""


class Job:
    """An open job, see :mod:`pipeline.jobs.work.job_folder`. Its progress is kept only in the journal."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        parts: Mapping[str, Any],
        observer: Observer,
        log: logging.Logger,
        source: Input | None = None,
    ) -> None:
        self.plan = plan
        self.source = source
        """The files whose bytes the job depends on; None where each item has a file of its own."""
        self.observer = observer
        self.maker = ItemMaker(plan, fingerprint.of_parts(parts))
        self.stylized = 0
        """Items stylised by this run."""
        self.replaces: dict[Item, str | None] = {}
        """The items still to do, with what each may overwrite; see :class:`done_items.Decision`."""
        self._journal = journal
        self._log = log
        self._notes: set[str] = set()
        self._styles = parts["styles"]

    @property
    def facts(self) -> Facts:
        """What the journal holds about the job as a whole."""
        facts = self._journal.facts()
        assert facts is not None  # recorded when the job was begun
        return facts

    def record(self, **changes: Any) -> None:
        """Record other values for some fields of :class:`Facts`."""
        self._journal.update(**changes)

    def entries(self) -> dict[str, Entry]:
        """Every item that ended, by name."""
        return self._journal.entries()

    def entry(self, item: Item) -> Entry | None:
        """The journal's entry of one item, if it ended."""
        return self._journal.entry(item.name)

    def forget(self, items: Iterable[Item]) -> None:
        """Forget items, so that they are done again."""
        for item in items:
            self._journal.forget(item.name)

    def left(self, items: Sequence[Item]) -> list[Item]:
        """The items still to do, see :mod:`pipeline.jobs.work.done_items`; the observer hears how many.

        Those that would overwrite a file of others fail.

        Raises:
            OutputError: the only item would.
        """
        decision = done_items.decide(
            items,
            self._journal,
            self.maker,
            adopts=self.facts.adopts,
            in_own_folder=self.plan.is_of_video,
            warn=self.observer.warn,
        )
        if decision.refused and self.plan.one_failure_ends_it:
            raise next(iter(decision.refused.values()))
        self.replaces = decision.left
        done = len(items) - len(decision.left) - len(decision.refused)
        self._compare_libraries(done, len(decision.left))
        self.record(total=len(items), finished=False)
        self.observer.began(len(items), done)
        for item, error in decision.refused.items():
            self.hear(Failed.of(item, error))
        return list(decision.left)

    def expect(self, times: Mapping[str, ItemTime], workers: int) -> None:
        """Record how long the items that are left are expected to take, by name; the observer hears of it."""
        before = expected_times.of_ended(self.facts, self.entries())
        self.record(workers=workers, expected=before | expected_times.recorded(times))
        self.observer.foreseen(times)

    def replaceable(self, outputs: Iterable[NamedFile]) -> dict[Path, str | None]:
        """The content at each file of a video's output, which the job may overwrite; None where nothing is.

        Raises:
            OutputError: a file is not the job's.
        """
        allowed, facts = self._journal.overwritable(), self.facts
        written = ownership.written_of_video(self.plan, facts.output_sha256, allowed)
        return {
            path: ownership.replaceable(
                path, allowed.get(name, set()), written.get(name, ""), facts.output_start
            )
            for name, path in outputs
        }

    def allow_overwriting(self, name: str, sha256: str) -> None:
        """Record that a file of the job's is about to be renamed into its place."""
        self._journal.allow_overwriting({name: sha256})

    def record_output(self, outputs: Sequence[NamedFile]) -> None:
        """Record that the files of a video's output are in their places, and that the job ended."""
        hashes = {name: fingerprint.of_file(path) for name, path in outputs}
        files = [(path.name, hashes[name]) for name, path in outputs]
        clip = self.plan.output
        start = video_damage.start_of(clip).hex() if clip.is_file() else None
        self.record(finished=True, output_sha256=fingerprint.of_hashes(files), output_start=start)
        self._journal.allow_overwriting(hashes, only=True)

    def forget_output(self, outputs: Iterable[NamedFile], replaces: Mapping[Path, str | None]) -> None:
        """Record that a video's output is to be made again; the one that the job wrote may be overwritten.

        Args:
            replaces: what is there now and may be overwritten, too; None where nothing is.
        """
        sha256 = self.facts.output_sha256
        if sha256:
            self.allow_overwriting(self.plan.output.name, sha256)
            for name, path in outputs:
                if content := replaces.get(path):
                    self.allow_overwriting(name, content)
            self.record(finished=False, output_sha256=None, output_start=None)

    def check_styles(self) -> None:
        """Check that the styles, which were read just before, are those of the job's fingerprint.

        Raises:
            InputError: one changed since.
        """
        for styles, hashes in zip(self.plan.style_sets, self._styles, strict=True):
            for style, sha256 in zip(styles, hashes, strict=True):
                if fingerprint.of_file(style) != sha256:
                    raise input_files.changed(style)

    def check_outputs(self) -> None:
        """Forget the outputs that are done and that are gone.

        Raises:
            OutputError: there is one: it was removed while the job ran.
        """
        failed = {name for name, entry in self.entries().items() if entry.state == "failed"}
        missing = [item for item in self.plan.items if item.name not in failed and not item.output.is_file()]
        paths = [item.output for item in missing]
        if isinstance(self.plan, VideoPlan):
            paths = [path for _, path in self.plan.files_of(self.facts.total) if not path.is_file()]
        if paths:
            self.forget(missing)
            self.record(finished=False)
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            raise OutputError(
                f"{shown(paths[0])}{more}: was made and is gone: it was removed while the job ran; "
                "type the same line again to make it again"
            )

    def _compare_libraries(self, done: int, left: int) -> None:
        """Warn where the items left would be made with other versions than those done."""
        now = library_versions()
        changed = self.facts.changed_libraries(now)
        if changed and not done:
            self.record(libraries=now)
        elif changed and left:
            self.observer.warn(
                f"{shown(self.plan.output)}: its job was begun with {', '.join(changed)}: the items left may "
                "be rounded differently; --restart makes all of them again with the installed versions"
            )

    def note(self, note: str) -> None:
        """Log a note about a file and warn the user, once however often the file is read."""
        if note not in self._notes:
            self._notes.add(note)
            self._log.warning("%s", note)
            self.observer.warn(note)

    def hear(self, message: Message) -> None:
        """Handle a message of an executor: mark the item, log it, call the observer.

        Raises:
            Exception: the error of a failed item, if it ends the job; or an error of the observer.
        """
        match message:
            case Began(item):
                self._log.info("stylising %s", shown(item.name))
                self.observer.item_began(item)
            case Stepped(info):
                self.observer.step(info)
            case Waiting():
                self.observer.waiting()
            case Noted(note):
                self.note(note)
            case Writing(item, sha256):
                self.allow_overwriting(item.name, sha256)
            case Done(entry):
                self._mark_done(entry)
            case Failed():
                self._mark_failed(message)

    def _mark_done(self, entry: Entry) -> None:
        self._journal.mark(entry)
        self._log.info("done %s: loss %.6g after %d steps", shown(entry.name), entry.loss, entry.steps)
        self.stylized += 1
        self.observer.item_ended(entry)

    def _mark_failed(self, failure: Failed) -> None:
        if isinstance(failure.error, ENDS_THE_JOB):
            raise failure.error
        if failure.item is not None:
            entry = self._failed(failure.item.name, failure.reason)
            self._journal.mark(entry)
            self._log.error("failed %s: %s", shown(entry.name), entry.reason, exc_info=failure.error)
        if failure.item is None or self.plan.one_failure_ends_it:
            raise failure.error
        self.observer.item_ended(entry)

    def _failed(self, name: str, reason: str) -> Entry:
        """The entry of an item that failed; it keeps the hash of what was written before, if anything was."""
        before = self._journal.entry(name) or Entry(name, "failed")
        return replace(before, state="failed", reason=reason, ended_at=0.0)
