"""Steps a second of six methods at quick on 28×28 grey images: captured or not, fast or not.

Usage: ``python benchmarks/gpu/steps.py [--device cuda] [--small]``
"""

from __future__ import annotations

from itertools import product

from common import GREY, Trainer, Way, arguments, made_up, row

_METHODS = ("cgan", "cvae", "wgan_gp", "vqvae", "regene", "edm")


def main() -> None:
    given = arguments(__doc__)
    trainer = Trainer(given.device)
    data = made_up(GREY, trainer.device)
    few, many = (2, 4) if given.small else (20, 120)
    for name in ("cgan",) if given.small else _METHODS:
        values = trainer.host.find("method", name).load().preset("quick", GREY)
        for captured, fast in product((False, True), (False, True)):
            way = Way(captured=captured, fast=fast)
            try:
                rates, _ = trainer.rates(name, data, few, many, way, values)
            except Exception as error:
                row("steps", f"{name}, {way}", f"FAILED: {type(error).__name__}: {error}")
                continue
            for stage, (rate, time) in rates.items():
                replayed = f", {time.replayed} of {time.steps} replayed" if captured else ""
                row("steps", f"{name}, {stage}, {way}", f"{rate:.0f} steps/s{replayed}")


if __name__ == "__main__":
    main()
