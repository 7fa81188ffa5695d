"""The model's class of each class of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regene_bench.api import MethodError, did_you_mean
from regene_bench_plugins.methods.pipeline.sampler import Names

_EXAMPLE = "--set 'pipeline.classes={{\"{}\": 0, …}}'"


def names_of(labels: Mapping[int, str]) -> Names:
    """Find the classes by name, of names with commas between several of one class.

    Args:
        labels: Names by number; the whole text is a name, too.

    Returns:
        Numbers by name.
    """
    found: dict[str, list[int]] = {}
    for number, text in labels.items():
        for name in dict.fromkeys([text.strip(), *(part.strip() for part in text.split(","))]):
            found.setdefault(name, []).append(number)
    return found


def map_classes(
    wanted: Sequence[str],
    chosen: Mapping[str, int | str],
    names: Names,
    count: int | None,
    none: int | None = None,
) -> list[int]:
    """Find the model's number of each class of the benchmark.

    A class that is chosen has the number or the name that was chosen. The others go by their names,
    whatever their case, where the model has names and one of them fits; where it has none, by their
    place, if it has as many classes or does not tell how many.

    Args:
        wanted: Names of the benchmark's classes in label order.
        chosen: Numbers or names of the model's by names of the benchmark's.
        names: The names of the model's classes.
        count: How many classes the model has, if it tells.
        none: The number that stands for no class.

    Returns:
        A number a class.

    Raises:
        MethodError: A name is of neither side or of several classes, a number is none of the
            model's, or nobody knows what a class is there.
    """
    for name in chosen:
        if name not in wanted:
            raise MethodError(
                f"pipeline.classes has {name!r}, which is no class of the benchmark.",
                hint=did_you_mean(name, wanted),
            )
    folded: dict[str, list[int]] = {}
    for name, numbers in names.items():
        folded.setdefault(name.casefold(), []).extend(numbers)
    found = [
        _number(name, place, chosen.get(name), folded, names, len(wanted), count)
        for place, name in enumerate(wanted)
    ]
    for name, number in zip(wanted, found, strict=True):
        if number == none or number < 0 or (count is not None and number >= count):
            known = "" if count is None else f" The model has the classes 0 to {count - 1}."
            besides = "" if none is None else f" {none} stands for none."
            raise MethodError(
                f"The class {number} of the model cannot be {name!r}.{known}{besides}",
                hint=f"Choose another by name or number: {_EXAMPLE.format(name)}.",
            )
    return found


def _number(
    name: str,
    place: int,
    chosen: int | str | None,
    folded: Mapping[str, Sequence[int]],
    names: Names,
    wanted: int,
    count: int | None,
) -> int:
    if isinstance(chosen, int):
        return chosen
    text = name if chosen is None else chosen
    numbers = sorted(set(folded.get(text.casefold(), ())))
    if len(numbers) == 1:
        return numbers[0]
    if numbers:
        raise MethodError(
            f"Several classes of the model are called {text!r}: {', '.join(map(str, numbers))}.",
            hint=f"Say which: {_EXAMPLE.format(name)}.",
        )
    if chosen is not None:
        if chosen.isascii() and chosen.isdecimal():
            return int(chosen)
        known = did_you_mean(chosen, list(names)) if names else "Its classes have numbers alone."
        raise MethodError(
            f"pipeline.classes has {chosen!r} for {name!r}, which is no class of the model.",
            hint=known,
        )
    if not names and count in (None, wanted):
        return place
    told = f"{count} classes" if count is not None else "classes of other names"
    raise MethodError(
        f"Nobody knows which class of the model {name!r} is: it has {told}.",
        hint=f"Say which, by name or number: {_EXAMPLE.format(name)}.",
    )
