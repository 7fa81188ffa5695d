"""Labels of samples in a tar: members ``.cls``, ``.json`` or ``.txt`` beside the images."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES, labels_of_names
from regene_bench.data.tar_files import TarFile
from regene_bench.samples.agreement import Told, as_word, check_agreement
from regene_bench.samples.labelling import labels_of_array, without_labels
from regene_bench.samples.tar_keys import LABEL_KINDS, TarSample

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True)
class MemberLabels:
    """Labels that members give.

    Attributes:
        values: int64 ``[N]``, or None if no member does.
        kind: Suffix of the members, or empty.
        notes: What a reader of the scores must know about them.
    """

    values: np.ndarray | None
    kind: str = ""
    notes: tuple[str, ...] = ()


def labels_of_members(
    samples: Sequence[TarSample], class_names: Sequence[str], label_name: str, where: str
) -> MemberLabels:
    """Read one label a sample.

    Args:
        samples: N samples.
        class_names: K names in label order.
        label_name: ``cls``, ``txt``, ``json``, or the field of JSON members that holds the label;
            if empty the first that there is of ``cls``, a JSON field of a usual name
            (``LABEL_NAMES``), and ``txt`` where its words are names of classes, not captions.
        where: Names the samples in error messages.

    Raises:
        DataError: There is no such member or field, a sample has none where others have, a label
            is no class, or ``cls`` and a JSON field of a usual name say different ones.
    """

    def name_of(i: int) -> str:
        return f"{samples[i].image.name} in {where}"

    kinds = [kind for kind in LABEL_KINDS if any(kind in sample.labels for sample in samples)]
    if label_name in ("cls", "txt") and label_name in kinds:
        words = _words(samples, label_name, where)
        return MemberLabels(_labels(words, class_names, f"{where} (.{label_name})"), label_name)
    if label_name and "json" not in kinds:
        have = ", ".join(f".{kind}" for kind in kinds) or "none that could be labels"
        raise DataError(
            f"{where} has no {label_name!r} beside its images; it has {have}.",
            hint=f"Give --labels {kinds[0]}."
            if kinds
            else "Without --labels, folders are classes.",
        )
    if "cls" in kinds and not label_name:
        words = _words(samples, "cls", where)
        beside = _usual_fields([_parsed(sample.labels.get("json")) for sample in samples])
        check_agreement([Told("cls", words), *beside], class_names, name_of)
        return MemberLabels(_labels(words, class_names, f"{where} (.cls)"), "cls")
    notes: tuple[str, ...] = ()
    if "json" in kinds:
        fields = _fields(samples, where)
        values = _field(fields, "" if label_name == "json" else label_name, samples, where)
        if values is not None:
            if label_name in ("", "json"):
                check_agreement(_usual_fields(fields), class_names, name_of)
            return MemberLabels(labels_of_array(values, class_names, f"{where} (.json)"), "json")
        if label_name:
            raise _no_field(fields[0], label_name, where)
        notes = without_labels("field", tuple(fields[0]))
    if "txt" in kinds:
        words = _words(samples, "txt", where)
        # where classes have names, numbers beside images are counts or seeds
        if labels_of_names(set(words), class_names):
            return MemberLabels(_labels(words, class_names, f"{where} (.txt)"), "txt")
        notes = (*notes, f"unlabelled: .txt members are no class names (the first: {words[0]!r})")
    return MemberLabels(None, "", notes)


def _labels(words: Sequence[str], class_names: Sequence[str], where: str) -> np.ndarray:
    if all(map(_INTEGER.fullmatch, words)):
        return labels_of_array(np.array([int(word) for word in words]), class_names, where)
    return labels_of_array(np.array(words, dtype=np.str_), class_names, where)


def _words(samples: Sequence[TarSample], kind: str, where: str) -> list[str]:
    return [
        _decoded(_member(sample, kind, where)).removeprefix("\ufeff").strip() for sample in samples
    ]


def _fields(samples: Sequence[TarSample], where: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for sample in samples:
        member = _member(sample, "json", where)
        try:
            value = json.loads(_decoded(member))
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{member.name} in {member.archive} is no JSON: {error}.",
                hint="Make the tar again, or give --labels none.",
            ) from None
        if not isinstance(value, dict):
            raise DataError(
                f"{member.name} in {member.archive} holds {type(value).__name__}, no fields.",
                hint='Write {"label": …} into it, or give --labels none.',
            )
        found.append(value)
    return found


def _usual_fields(fields: Sequence[Mapping[str, Any]]) -> list[Told]:
    """Take the fields of usual names, each with what it says of every sample."""
    usual = [name for name in LABEL_NAMES if any(name in own for own in fields)]
    return [Told(name, [as_word(own.get(name)) for own in fields]) for name in usual]


def _parsed(member: TarFile | None) -> Mapping[str, Any]:
    """Read the fields of a member that need not be one of fields, nor be there."""
    try:
        value = json.loads(member.content or b"") if member else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _field(
    fields: Sequence[Mapping[str, Any]], name: str, samples: Sequence[TarSample], where: str
) -> np.ndarray | None:
    """Take one field of all samples, an object array ``[N]``; None if the first has none."""
    usual = (one for one in LABEL_NAMES if any(one in own for own in fields))
    name = name or next(usual, "")
    if not any(name in own for own in fields):
        return None
    values = np.empty(len(fields), dtype=object)
    for i, (own, sample) in enumerate(zip(fields, samples, strict=True)):
        if name not in own:
            member = sample.labels["json"]
            raise _missing(f"field {name!r}", f"{member.name} in {member.archive}")
        values[i] = own[name]
    return values


def _member(sample: TarSample, kind: str, where: str) -> TarFile:
    member = sample.labels.get(kind)
    if member is None:
        raise _missing(f".{kind}", f"{sample.image.name} in {where}")
    return member


def _decoded(member: TarFile) -> str:
    if member.content is None:
        raise DataError(
            f"{member.name} in {member.archive} has {member.size} bytes: too many for a label.",
            hint="Take it out, or give --labels none.",
        )
    try:
        return member.content.decode("utf-8")
    except UnicodeError as error:
        raise DataError(
            f"{member.name} in {member.archive} is no text in UTF-8: {error}.",
            hint="Write labels as text, or give --labels none.",
        ) from None


def _missing(what: str, name: str) -> DataError:
    return DataError(
        f"{name} has no {what}, which other samples have.",
        hint="Give one label an image, or --labels none.",
    )


def _no_field(first: Mapping[str, Any], name: str, where: str) -> DataError:
    if name == "json":
        shown = ", ".join(map(str, first)) or "none"
        return DataError(
            f"The JSON members of {where} have no field that labels usually have; they have "
            f"{shown}.",
            hint="Name the field that holds them: --labels FIELD.",
        )
    return DataError(
        f"The JSON members of {where} have no field {name!r}.",
        hint=did_you_mean(name, [str(field) for field in first]),
    )
