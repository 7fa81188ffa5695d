"""Registers everything; nothing heavy is imported here."""

from regene_bench.hookspecs import Register, hookimpl


@hookimpl
def register_datasets(register: Register) -> None:
    register("dusk", "twilight.dusk:Dusk", summary="bright corners on a dark ground")


@hookimpl
def register_benchmarks(register: Register) -> None:
    register("dusk", "twilight:dusk.toml", summary="bright corners, 8×8 grey")


@hookimpl
def register_methods(register: Register) -> None:
    register("moments", "twilight.moments:Moments", summary="a learned mean image a class, and noise")


@hookimpl
def register_metrics(register: Register) -> None:
    register("brightness", "twilight.brightness:Brightness", summary="difference of mean brightness")


@hookimpl
def register_feature_extractors(register: Register) -> None:
    register("quadrants", "twilight.quadrants:Quadrants", summary="mean grey level of 2×2 fields")


@hookimpl
def register_publishers(register: Register) -> None:
    """A hook that 0.1 had and never called."""
