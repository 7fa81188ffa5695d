"""One colour a method on all charts of a board, and shades of it for its lines on one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from regene_bench.charts.chart import name_of
from regene_bench.leaderboard.board import Board, Line

# Okabe and Ito's, then Paul Tol's muted ones: colour-blind readers tell each set apart
PALETTE: Final = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f7f7f"),
    *("#332288", "#117733", "#882255", "#44aa99", "#999933", "#aa4499", "#661100", "#6699cc"),
)
# the lightest shade of a method's lines still stands out from white
_LIGHTEST = 0.65


@dataclass(frozen=True)
class Colours:
    """Colours of a board.

    Attributes:
        methods: Of each method, by its name.
    """

    methods: Mapping[str, str]

    @classmethod
    def of(cls, board: Board) -> Colours:
        """Colour the methods of a board in the order of their names."""
        names = sorted({name_of(line.method) for line in board.lines})
        methods = {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names)}
        return cls(methods)

    def shades(self, lines: Sequence[Line]) -> list[str]:
        """Colour some lines by shades of their methods' colours, as far apart as so few allow."""
        methods = [name_of(line.method) for line in lines]
        return [
            _shade(
                self.methods[method], methods[:i].count(method) / max(methods.count(method) - 1, 1)
            )
            for i, method in enumerate(methods)
        ]


def _shade(colour: str, share: float) -> str:
    """Mix a colour with white: not at all at share 0, up to ``_LIGHTEST`` at 1."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    mixed = (round(part + (255 - part) * share * _LIGHTEST) for part in parts)
    return "#" + "".join(f"{part:02x}" for part in mixed)
