"""Tickets: some runs of a call as a note that any process, machine or day can carry out.

A campaign knows which runs are missing; an executor hands them out. What it hands out is a ticket:
the benchmark, the options and the ids, in absolute paths and plain values, so that it can be a
file, a message or an argument. ``carry_out_ticket`` is its other end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from regene_bench.base.errors import ConfigError, UsageError
from regene_bench.base.validation import validate_text
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import Campaign
from regene_bench.plan.runs import Run
from regene_bench.plan.selection import settings_with_absolute_files, with_absolute_files
from regene_bench.runtime.shared_weights import chosen_weights


class Ticket(BaseModel):
    """Runs of a call, for whoever carries them out.

    Attributes:
        form: Of this note; another version of the project may write another one.
        benchmark: A registered benchmark's name, or the absolute path of a protocol.
        options: Of the call: folders are absolute, device and precision decided. The executor is
            ``serial``, or ``stacked`` where the runs are to be trained as one. Time is for whoever
            hands tickets out to mind, so there are no limits.
        run_ids: Of the runs, in the order in which they are carried out.
        numbers: The place of each among all runs of the call, from 1.
        total: How many runs the call has.
        judges: Digests of the weights that judge in the results folder (``shared``), by recipe, as
            far as there were any: where others judge, the runs are not carried out.
        made: When it was written. With ``options.force`` runs that ended before are repeated, and
            no others, so that a ticket of a repetition can be carried out again, too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Literal[1] = 1
    benchmark: str
    options: Options
    run_ids: tuple[str, ...] = Field(min_length=1)
    numbers: tuple[int, ...]
    total: int = Field(ge=1)
    judges: dict[str, str] = {}
    made: AwareDatetime

    @model_validator(mode="after")
    def _has_a_number_for_each(self) -> Self:
        if len(self.numbers) != len(self.run_ids):
            raise ValueError(f"{len(self.numbers)} numbers for {len(self.run_ids)} runs")
        if len(set(self.run_ids)) != len(self.run_ids):
            raise ValueError("a run stands there twice")
        return self


def make_ticket(
    campaign: Campaign, numbers: Mapping[str, int], runs: Sequence[Run], *, together: bool = False
) -> Ticket:
    """Write down some runs of a call.

    Args:
        campaign: The call.
        numbers: The place of each run of the call among all that are to be done, from 1.
        runs: Some of them.
        together: Whether those that can be are to be trained as one.

    Raises:
        UsageError: A folder's name is no text.
    """
    options, setting = campaign.options, campaign.setting
    for path in (options.results, *options.data):
        _check_text(path)
    absolute = replace(
        options,
        methods=with_absolute_files(options.methods),
        settings=settings_with_absolute_files(options.settings),
        results=options.results.absolute(),
        data=tuple(folder.absolute() for folder in options.data),
        # one sweep, one arithmetic: "auto" would mean another thing on another machine
        device=str(setting.device),
        devices=(),
        mixed_devices=False,
        precision=setting.precision,
        executor="stacked" if together else "serial",
        executor_options=(),
        workers=None,
        time_limit=None,
        run_timeout=None,
    )
    name = campaign.name
    return Ticket(
        benchmark=str(Path(name).absolute()) if name.endswith(".toml") else name,
        options=absolute,
        run_ids=tuple(run.run_id for run in runs),
        numbers=tuple(numbers[run.run_id] for run in runs),
        total=len(numbers),
        judges=chosen_weights(setting.results),
        made=datetime.now(UTC),
    )


def _check_text(path: Path) -> None:
    """Refuse a path that no text says: a ticket is JSON."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"The folder {str(path)!r} has a name that is no UTF-8, and cannot be told to other "
            "processes.",
            hint="Give it another name, or use --executor serial.",
        ) from None


def read_ticket(path: Path) -> Ticket:
    """Read a ticket from a JSON file.

    Raises:
        UsageError: It cannot be read.
        ConfigError: It is no ticket; names file, key and value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no ticket: it is no text in UTF-8.") from None
    return validate_text(Ticket, text, str(path))
