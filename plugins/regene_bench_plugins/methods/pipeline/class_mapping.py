"""The model's class of each class of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regene_bench.api import MethodError, did_you_mean


def map_classes(
    wanted: Sequence[str],
    chosen: Mapping[str, int | str],
    names: Mapping[str, int],
    count: int | None,
) -> list[int]:
    """Find the model's number of each class of the benchmark.

    A class that is chosen has the number or the name that was chosen. The others go by their names,
    whatever their case, where the model has names and one of them fits; where it has none, by their
    place, if it has as many classes or does not tell how many.

    Args:
        wanted: Names of the benchmark's classes in label order.
        chosen: Numbers or names of the model's by names of the benchmark's.
        names: Numbers of the model's classes by name.
        count: How many classes the model has, if it tells.

    Returns:
        A number a class.

    Raises:
        MethodError: A name is of neither side, a number is none of the model's, or nobody knows
            what a class is there.
    """
    for name in chosen:
        if name not in wanted:
            raise MethodError(
                f"pipeline.classes has {name!r}, which is no class of the benchmark.",
                hint=did_you_mean(name, wanted),
            )
    folded = {name.casefold(): number for name, number in names.items()}
    return [
        _number(name, place, chosen.get(name), folded, names, len(wanted), count)
        for place, name in enumerate(wanted)
    ]


def _number(
    name: str,
    place: int,
    chosen: int | str | None,
    folded: Mapping[str, int],
    names: Mapping[str, int],
    wanted: int,
    count: int | None,
) -> int:
    if isinstance(chosen, int):
        if not 0 <= chosen < (chosen + 1 if count is None else count):
            raise MethodError(
                f"pipeline.classes has {chosen} for {name!r}, and the model has the classes 0 to "
                f"{(count or 1) - 1}."
            )
        return chosen
    text = name if chosen is None else chosen
    if text.casefold() in folded:
        return folded[text.casefold()]
    if chosen is not None:
        known = "it has no names" if not names else did_you_mean(chosen, list(names))
        raise MethodError(
            f"pipeline.classes has {chosen!r} for {name!r}, which is no class of the model.",
            hint=f"Give its number: {known}." if not names else known,
        )
    if not names and count in (None, wanted):
        return place
    told = f"{count} classes" if count is not None else "classes of other names"
    raise MethodError(
        f"Nobody knows which class of the model {name!r} is: it has {told}.",
        hint=f"Say which, by name or number: --set 'pipeline.classes={{\"{name}\": 0, …}}'.",
    )
