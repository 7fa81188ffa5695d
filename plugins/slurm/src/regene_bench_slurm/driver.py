"""The driver of a call: hands its runs to Slurm, looks what becomes of them, and tells."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from regene_bench.api import (
    Interrupted,
    Job,
    LostProcessError,
    Message,
    Progress,
    RegeneBenchError,
    Run,
    RunFinished,
    RunRecord,
    Ticket,
    UsageError,
    exclusive,
    trained_together,
)
from regene_bench_slurm import slurm
from regene_bench_slurm.array import Array, folder_of_arrays, open_arrays, write_array
from regene_bench_slurm.config import SlurmConfig
from regene_bench_slurm.slurm import Seen, Silence, TaskId
from regene_bench_slurm.words import counted, last_words, told_states

_SHORTEST, _GROWTH = 1.0, 1.5
_SLICE = 0.2
# a node's files may come late over a network's file system
_LATE_SECONDS = 60.0
_LOOKS = 2
_ALL_ENDED = frozenset({0, 3, 4})
_USAGE = 2
_INTERRUPTED = 130
# states in which a note may be on its way; the queue forgets a task after a while
_LEAVE_A_NOTE = frozenset({"COMPLETED", "FAILED", ""})
# states in which a task is lost that nobody has cancelled
_LOST_BY_SLURM = frozenset({"PREEMPTED", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY"})


@dataclass
class _Task:
    """A task that has not ended, as far as is known.

    Attributes:
        array: Its array.
        index: Its place in it.
        job: What Slurm calls it, ``12_3``.
        runs: Those of this call that it carries out and that have not ended.
        tries: How often they were handed over before and lost.
        times_over: How often their time was over before they were handed over again.
        joined: Whether an earlier call has handed it over.
        missed: How often in a row it was not in the queue.
        ended_at: When it was first seen that it has ended, and not yet what it has left.
        began: When it was first seen at work.
        seen: What the queue told last.
    """

    array: Array
    index: int
    job: str
    runs: list[Run]
    tries: int = 0
    times_over: int = 0
    joined: bool = False
    missed: int = 0
    ended_at: float | None = None
    began: float = field(default_factory=time.monotonic)
    seen: Seen | None = None

    @property
    def key(self) -> TaskId:
        return self.array.name, self.index

    def is_late(self) -> bool:
        """Tell whether what it should have left is not to be waited for any more."""
        self.ended_at = self.ended_at or time.monotonic()
        return time.monotonic() - self.ended_at > _LATE_SECONDS


class Driver:
    """What becomes of a call's runs.

    Args:
        job: The call.
        config: What tasks hold.
        ticket: Writes some of the runs down for a task.
    """

    def __init__(
        self, job: Job, config: SlurmConfig, ticket: Callable[[Sequence[Run]], Ticket]
    ) -> None:
        self._job = job
        self._config = config
        self._ticket = ticket
        self._results = job.options.results
        self._tasks: list[_Task] = []
        self._done = 0
        self._told = ""
        self._silent = False
        self._pause = _SHORTEST
        self._stopped_at: float | None = None
        self._error: RegeneBenchError | None = None
        self._cancelled = ""

    def hand_over(self) -> str:
        """Have Slurm carry out the runs, and look no more; what was handed over stays so.

        Returns:
            Where they are, in a sentence.
        """
        self._place(self._groups())
        jobs = sorted({task.job.partition("_")[0] for task in self._tasks}, key=int)
        count = sum(len(task.runs) for task in self._tasks)
        return f"in Slurm's queue as job {', '.join(jobs)}: {counted(count, 'run')}"

    def carried_out(self) -> Iterator[RunRecord]:
        """Hand the runs over and yield the record of each as it ends.

        Raises:
            Interrupted: A stop was asked for, here or by cancelling tasks.
            RegeneBenchError: What keeps tasks from being carried out.
        """
        # outside of what takes tasks out: a call that is refused ends nothing of another one
        self._place(self._groups())
        try:
            while self._tasks:
                yield from self._look()
                self._tell()
                self._mind_a_stop()
                self._wait()
        finally:
            # of a stop that was heeded nothing is left
            with suppress(Silence):
                slurm.take_out([task.job for task in self._tasks])
        if self._error is not None:
            raise self._error
        reason = self._job.stop.reason or self._cancelled
        if reason:
            raise Interrupted(reason)

    def _groups(self) -> list[list[Run]]:
        """The runs of each task, as the options have it."""
        runs = list(self._job.runs)
        if self._config.together:
            return trained_together(runs)
        step = self._config.runs_per_task
        return [runs[start : start + step] for start in range(0, len(runs), step)]

    def _place(self, groups: Sequence[Sequence[Run]], tries: int = 0, times_over: int = 0) -> None:
        """Join the tasks that are at work on runs, and submit the others."""
        lock = folder_of_arrays(self._results) / "lock"
        with exclusive(lock, "hands runs to Slurm", self._job.stop, self._job.emit):
            joined = self._join({run.run_id: run for group in groups for run in group})
            left = [[run for run in group if run.run_id not in joined] for group in groups]
            left = [group for group in left if group]
            if left:
                self._submit(left, tries, times_over)
        if joined:
            where = ", ".join(sorted({task.job for task in self._tasks if task.joined}))
            text = f"in Slurm's queue already, as {where}: {counted(len(joined), 'run')}"
            self._job.emit(Message(text))
        self._pause = _SHORTEST

    def _submit(self, groups: Sequence[Sequence[Run]], tries: int, times_over: int) -> None:
        tickets = [self._ticket(group) for group in groups]
        array, arguments = write_array(self._results, tickets, self._config)
        try:
            number = slurm.submit(arguments)
        except UsageError:
            array.close()
            raise
        for index, group in enumerate(groups):
            job = f"{number}_{index}"
            self._tasks.append(_Task(array, index, job, list(group), tries, times_over))
        count = sum(map(len, groups))
        text = f"Slurm job {number}: {counted(count, 'run')} in {counted(len(groups), 'task')}"
        self._job.emit(Message(f"{text}; {array.folder}"))

    def _join(self, runs: Mapping[str, Run]) -> set[str]:
        """Watch tasks of earlier calls that are in the queue; give the runs that they carry out.

        Raises:
            UsageError: Such a task was asked for something else, or the queue does not answer.
        """
        arrays = {array.name: array for array in open_arrays(self._results)}
        try:
            seen = slurm.look(arrays)
        except Silence as error:
            raise UsageError(
                f"Slurm does not say what is in its queue: {error}",
                hint="`squeue` and `sinfo` say whether it is there. Call again.",
            ) from None
        joined: set[str] = set()
        live = {key: task for key, task in seen.items() if task.is_live}
        for (name, index), task in live.items():
            try:
                ticket = arrays[name].ticket(index)
            except (OSError, ValueError):
                continue
            own = [runs[run_id] for run_id in ticket.run_ids if run_id in runs]
            own = [run for run in own if run.run_id not in joined]
            if own:
                self._check_same(ticket, self._ticket(own), task.job)
                self._tasks.append(
                    _Task(arrays[name], index, task.job, own, joined=True, seen=task)
                )
                joined |= {run.run_id for run in own}
        at_work = {name for name, _ in live}
        for name, array in arrays.items():
            if name not in at_work:
                array.close()
        return joined

    @staticmethod
    def _check_same(theirs: Ticket, ours: Ticket, job: str) -> None:
        for what in ("metrics", "preset", "precision", "device", "force"):
            one, other = getattr(theirs.options, what), getattr(ours.options, what)
            if one != other:
                raise UsageError(
                    f"Slurm's job {job} is at work on a run of this call with {what} "
                    f"{one!r}, not {other!r}.",
                    hint=f"Wait for it, or end it: scancel {job}",
                )

    def _look(self) -> Iterator[RunRecord]:
        """Take what has ended; give the records."""
        try:
            seen = slurm.look({task.array.name for task in self._tasks})
        except Silence as error:
            if not self._silent:
                text = f"Slurm does not answer ({error}); results are looked for all the same"
                self._job.emit(Message(text, "warning"))
            self._silent, seen = True, None
        else:
            self._silent = False
        for task in list(self._tasks):
            yield from self._look_at(task, seen)

    def _look_at(self, task: _Task, seen: Mapping[TaskId, Seen] | None) -> Iterator[RunRecord]:
        note = task.array.note(task.index)
        if note is not None and note.code in _ALL_ENDED:
            yield from self._ended(task)
            return
        if seen is None:
            return
        now = seen.get(task.key)
        if now is not None and now.is_live:
            if now.state == "RUNNING" and (task.seen is None or task.seen.state != "RUNNING"):
                task.began = time.monotonic()
            task.seen, task.missed, task.ended_at = now, 0, None
            return
        task.seen = now or task.seen
        task.missed += 1
        state = now.state if now else ""
        late = note is None and state in _LEAVE_A_NOTE and not task.is_late()
        if task.missed >= _LOOKS and (not late or self._stopped_at is not None):
            self._tasks.remove(task)
            yield from self._gone(task, state)

    def _ended(self, task: _Task) -> Iterator[RunRecord]:
        """Take the records of a task that has ended well."""
        yield from self._records(task)
        if not task.runs:
            self._tasks.remove(task)
            return
        if not task.is_late():
            return
        self._tasks.remove(task)
        if task.joined:  # what it found finished may be of before this call
            yield from self._hand_over_again(task, task.tries, task.times_over)
            return
        text = f"Its task ended well, and its part is not in {self._results}."
        yield from self._fail(task, text + " Do nodes see the same folder there?")

    def _gone(self, task: _Task, state: str) -> Iterator[RunRecord]:
        """Take what a task has left that is in the queue no more and has not ended well."""
        yield from self._records(task)
        if self._stopped_at is not None or not task.runs:
            return
        note, log = task.array.note(task.index), task.array.log(task.index)
        code = None if note is None else note.code
        if code == _USAGE:
            # what keeps one keeps the others
            text = f"Slurm's task {task.job} cannot be carried out: {last_words(log)}"
            self._error = self._error or UsageError(text, hint=f"All that it said: {log}")
            self._stop()
        elif note is not None and note.warned:
            times = task.times_over + note.restarts + 1
            if times <= self._config.requeues:  # Slurm did not take it back, so it is a new task
                yield from self._hand_over_again(task, task.tries, times)
            else:
                text = f"Its time was over {times} times before it had ended."
                yield from self._fail(task, f"{text} time=… gives it more, requeues=… more often.")
        elif state not in _LOST_BY_SLURM and (state == "CANCELLED" or code == _INTERRUPTED):
            # a person has, or another call: it is not to be handed over again behind their back
            self._cancelled = self._cancelled or f"the end of Slurm's job {task.job}"
        else:
            how = told_end(code, state)
            if task.tries < self._config.retries:
                text = f"{task.job} was lost ({how}) and is handed over again; {log}"
                self._job.emit(Message(text, "warning"))
                yield from self._hand_over_again(task, task.tries + 1, task.times_over)
            else:
                yield from self._fail(task, f"Its task was lost ({how}): {last_words(log)}; {log}")

    def _records(self, task: _Task) -> Iterator[RunRecord]:
        """Take the runs of a task that have ended."""
        for run in list(task.runs):
            record = self._job.kept(run)
            if record is None:
                continue
            task.runs.remove(run)
            self._done += 1
            seconds = time.monotonic() - task.began
            self._job.emit(RunFinished(run.run_id, run.title, record.status, seconds, record.why))
            yield record

    def _hand_over_again(self, task: _Task, tries: int, times_over: int) -> Iterator[RunRecord]:
        """Hand a task's runs over anew, each by itself, so that none takes the others along."""
        together = self._config.together
        groups = trained_together(task.runs) if together else [[run] for run in task.runs]
        try:
            self._place(groups, tries, times_over)
        except UsageError as error:  # the other tasks are in the queue, and stay there
            yield from self._fail(task, f"Its task was lost, and there is no new one: {error}")

    def _fail(self, task: _Task, text: str) -> Iterator[RunRecord]:
        for run in task.runs:
            record = self._job.fail(run, LostProcessError(text), "")
            if record is None:  # another call is at work on it, and this one waits for that
                self._place([[run]], task.tries, task.times_over)
            else:
                self._done += 1
                yield record

    def _tell(self) -> None:
        """Say where the tasks are, whenever that changes."""
        text = told_states(Counter(_state(task) for task in self._tasks))
        if text and text != self._told:
            self._job.emit(Message(f"Slurm: {text}"))
            self._told, self._pause = text, _SHORTEST
        self._job.emit(Progress("Slurm", self._done, len(self._job.runs), "runs"))

    def _wait(self) -> None:
        """Wait before the next look: the longer, the longer nothing has happened."""
        until = time.monotonic() + min(self._pause, self._config.poll)
        stopping = self._stopped_at is not None
        self._pause = _SHORTEST if stopping else self._pause * _GROWTH
        while self._tasks and time.monotonic() < until:
            if self._job.stop.reason and not stopping:
                break
            time.sleep(min(_SLICE, self._config.poll))

    def _mind_a_stop(self) -> None:
        if self._job.stop.reason is None and self._stopped_at is None:
            return
        self._stop()
        waited = time.monotonic() - (self._stopped_at or 0.0)
        if waited > self._job.stop.grace:
            raise self._error or Interrupted(str(self._job.stop.reason))

    def _stop(self) -> None:
        """Have all tasks save what they are at; those that wait are taken out of the queue."""
        jobs = [task.job for task in self._tasks]
        first, self._stopped_at = self._stopped_at is None, self._stopped_at or time.monotonic()
        with suppress(Silence):
            # again at each look: one may have gone back into the queue meanwhile
            slurm.take_out(jobs, waiting_only=True)
        if first:
            slurm.save_and_end(jobs)


def _state(task: _Task) -> str:
    if task.seen is None:
        return "handed over"
    waits = task.seen.state == "PENDING" and task.seen.reason not in ("", "None")
    return f"pending ({task.seen.reason})" if waits else task.seen.state.lower()


def told_end(code: int | None, state: str) -> str:
    """Say how a task ended: by its note, if it left one, or by what the queue last called it."""
    if code is not None:
        return f"signal {-code}" if code < 0 else f"exit code {code}"
    return state.lower().replace("_", " ") or "it is not in the queue any more"
