"""Nearest training images and nearest generations of a generation (ReGene, Figs. 12, 13)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from pydantic import Field
from torch import Tensor

from regene_bench.api import (
    Decoder,
    Encoder,
    Exhibit,
    Figure,
    FigureConfig,
    FinishedRun,
    StudyView,
    UnavailableError,
    nearest,
    ssim_each,
    to_float,
    to_uint8,
)
from regene_bench_plugins.figures.choices import chosen_classes, combines_latents, draw_generation
from regene_bench_plugins.figures.drawing import (
    GENERATION,
    SOURCE,
    as_png,
    box_images,
    left_out,
    panels,
    show_images,
)

_CHUNK = 256
_ORIGINALS, _RECONSTRUCTIONS, _LATENTS = "originals", "reconstructions", "in latent space"
_SQUARED_ERROR = "squared error"


class ClosestConfig(FigureConfig):
    """What is looked for.

    Attributes:
        classes: Names of classes, one generation each; the first four if empty.
        matches: Nearest training images a measure.
        matches_among_generations: Nearest generations a measure.
        extractors: Whose features are compared; those that cannot be had are left out.
    """

    classes: list[str] = Field(default_factory=list)
    matches: int = Field(default=3, ge=1, le=20)
    matches_among_generations: int = Field(default=5, ge=1, le=20)
    extractors: list[str] = Field(default=["vgg16", "efficientnet_lite0"])


@dataclass(frozen=True)
class _Row:
    """The images nearest to a generation ``[n, ...]``, among what, by what, and how far.

    A squared error is a sum over pixels, in grey levels of 0 to 255, or over dimensions of a
    latent; that of SSIM is ``1 − SSIM``; that of features is Euclidean.
    """

    among: str
    measure: str
    images: Tensor
    distances: Tensor


@dataclass(frozen=True)
class _Match:
    """A generation ``[1, ...]``, the images that it is of (none known: ``[0, ...]``), its rows."""

    label: int
    made: Tensor
    sources: Tensor
    rows: list[_Row]


class ClosestMatch(Figure):
    """A generation and its nearest images by pixels, SSIM and features.

    As in the paper, nearest originals stand above nearest reconstructions, and those that are
    nearest in the run's latent space below; a second drawing has the nearest other generations. A
    model that cannot encode and decode has originals alone. Where a run combines latents, the
    generation is the decoded mean of two, drawn for the figure, and stands between the images that
    they are of; elsewhere it is the run's first of the class.
    """

    Config = ClosestConfig
    config: ClosestConfig

    def draw(self, views: Sequence[StudyView]) -> Iterator[Exhibit]:
        """Two drawings a benchmark and run: among training images, among generations."""
        for view in views:
            for run in view.first_of(*{run.method for run in view.runs}):
                if run.evaluation.labelled:
                    yield from self._of_run(view, run)

    def _of_run(self, view: StudyView, run: FinishedRun) -> Iterator[Exhibit]:
        labels, missing = chosen_classes(view, self.config.classes), list[str]()
        stem = f"{view.name}-{run.method}-{run.run_id[:6]}"
        found = [self._among_training(view, run, label, missing) for label in labels]
        compared = len(run.evaluation.real("train"))
        combined = bool(len(found[0].sources))
        caption = (
            f"{run.label} on {view.name}: a generation (boxed blue) "
            + ("between its two sources (orange, also among matches) " if combined else "")
            + f"and the {self.config.matches} nearest training images of its class, the nearest "
            "first. Squared error, SSIM and latents are of all training images of the class, "
            f"features of those among the {compared:,} that distances are taken to."
        )
        caption += left_out(missing)
        yield _exhibit(f"closest-training-{stem}", caption, view, found)
        found = [self._among_generations(run, label) for label in labels]
        caption = (
            f"{run.label} on {view.name}: a generation (boxed blue) and the "
            f"{self.config.matches_among_generations} nearest of the run's "
            f"{len(run.evaluation.generated):,} other generations, those of its class."
        )
        yield _exhibit(f"closest-generations-{stem}", caption, view, found)

    def _among_training(
        self, view: StudyView, run: FinishedRun, label: int, missing: list[str]
    ) -> _Match:
        n, model = self.config.matches, run.model
        decodes = isinstance(model, Encoder) and isinstance(model, Decoder)
        pool = view.data.train.images[view.data.train.of_class(label)]
        latents = _encoded(run, pool) if isinstance(model, Encoder) else None
        returned = _decoded(run, latents) if decodes and latents is not None else None
        if combines_latents(run):
            generation = draw_generation(view, run, label, "closest match")
            made, sources = generation.image, generation.sources
        else:
            own = run.evaluation.generated
            made = own.images[own.of_class(label)[:1]]
            sources = made[:0]
        rows = []
        for among, images in ((_ORIGINALS, pool), (_RECONSTRUCTIONS, returned)):
            if images is not None:
                rows += [_by_pixels(among, made, images, n), _by_ssim(among, made, images, n)]
        rows += self._by_features(view, run, label, made, missing)
        if latents is not None:
            near = nearest(_encoded(run, made), latents, min(n, len(latents)))
            squared = near.distances[0].square()
            rows.append(_Row(_LATENTS, _SQUARED_ERROR, pool[near.indices[0]], squared))
        return _Match(label, made, sources, rows)

    def _by_features(
        self, view: StudyView, run: FinishedRun, label: int, made: Tensor, missing: list[str]
    ) -> Iterator[_Row]:
        """Among those that all Fréchet distances compare with, whose features are kept."""
        real = run.evaluation.real("train")
        places = real.of_class(label)
        n = min(self.config.matches, len(places))
        if not n:
            return
        images = real.images[places]
        for extractor in self.config.extractors:
            if extractor in missing:
                continue
            try:
                own = view.features(extractor, made, "nearest images").features
                known = run.evaluation.reference_features(extractor, "train").features[places]
            except UnavailableError:
                missing.append(extractor)
                continue
            measure = f"features ({extractor})"
            near = nearest(own, known, n)
            yield _Row(_ORIGINALS, measure, images[near.indices[0]], near.distances[0])
            if isinstance(run.model, Encoder) and isinstance(run.model, Decoder):
                returned = _decoded(run, _encoded(run, images))
                known = view.features(extractor, returned, "nearest reconstructions").features
                near = nearest(own, known, n)
                chosen = near.indices[0]
                yield _Row(_RECONSTRUCTIONS, measure, returned[chosen], near.distances[0])

    def _among_generations(self, run: FinishedRun, label: int) -> _Match:
        generated = run.evaluation.generated
        own = generated.images[generated.of_class(label)]
        made, pool, n = own[:1], own[1:], self.config.matches_among_generations
        among = "other generations"
        rows = [_by_pixels(among, made, pool, n), _by_ssim(among, made, pool, n)]
        return _Match(label, made, made[:0], rows)


def _exhibit(stem: str, caption: str, view: StudyView, found: Sequence[_Match]) -> Exhibit:
    """A row of panels a class: the generation, then a panel a measure with a row a set."""
    measures = list(dict.fromkeys(row.measure for match in found for row in match.rows))
    sets = list(dict.fromkeys(row.among for match in found for row in match.rows))
    longest = max(len(row.images) for match in found for row in match.rows)
    first = max(len(match.sources) for match in found) + 1
    drawing, axes = panels(
        len(found),
        1 + len(measures),
        width=0.62 * longest + 0.5,
        height=0.62 * len(sets) + 0.35,
        widths=[first, *[longest] * len(measures)],
    )
    if engine := drawing.get_layout_engine():
        engine.set(w_pad=0.12)  # type: ignore[call-arg]
    for own, match in zip(axes, found, strict=True):
        _show_generation(own[0], match)
        own[0].set_title(view.data.class_names[match.label], fontsize="small", loc="left")
        for panel, measure in zip(own[1:], measures, strict=True):
            of_set = {row.among: row.images for row in match.rows if row.measure == measure}
            blank = match.made[:0]
            rows = [of_set.get(among, blank) for among in sets]
            show_images(panel, rows, labels=sets if panel is own[1] else ())
            box_images(panel, match.made.shape, _sources_among(match, rows), SOURCE)
            if match is found[0]:
                panel.set_title(f"by {measure}", fontsize="small")
    data: dict[str, list[object]] = {
        key: [] for key in ("class", "among", "measure", "rank", "distance", "png")
    }
    for match in found:
        known = torch.zeros(len(match.made)), torch.full((len(match.sources),), torch.nan)
        shown = [
            _Row("generation", "", match.made, known[0]),
            _Row("sources", "", match.sources, known[1]),
            *match.rows,
        ]
        for row in shown:
            n = len(row.images)
            data["class"] += [view.data.class_names[match.label]] * n
            data["among"] += [row.among] * n
            data["measure"] += [row.measure] * n
            data["rank"] += list(range(1, n + 1))
            data["distance"] += row.distances.tolist()
            data["png"] += as_png(row.images)
    return Exhibit(stem, caption, data, drawing)


def _sources_among(match: _Match, rows: Sequence[Tensor]) -> list[tuple[int, int]]:
    """Row and column of each shown image that is one of the generation's sources."""
    known = list(match.sources)
    return [
        (i, j)
        for i, row in enumerate(rows)
        for j, image in enumerate(row)
        if any(torch.equal(image, source) for source in known)
    ]


def _show_generation(panel: Axes, match: _Match) -> None:
    """The generation between its sources, boxed."""
    if not len(match.sources):
        show_images(panel, [match.made])
        box_images(panel, match.made.shape, [(0, 0)], GENERATION)
        return
    show_images(panel, [torch.cat([match.sources[:1], match.made, match.sources[1:]])])
    box_images(panel, match.made.shape, [(0, 1)], GENERATION)
    box_images(panel, match.made.shape, [(0, 0), (0, 2)], SOURCE)


def _by_pixels(among: str, made: Tensor, pool: Tensor, n: int) -> _Row:
    near = nearest(made, pool, min(n, len(pool)))
    return _Row(among, _SQUARED_ERROR, pool[near.indices[0]], near.distances[0].square())


def _by_ssim(among: str, made: Tensor, pool: Tensor, n: int) -> _Row:
    likeness = torch.cat(
        [ssim_each(made.expand_as(part), part) for part in torch.split(pool, _CHUNK)]
    )
    best = likeness.argsort(descending=True, stable=True)[:n]
    return _Row(among, "SSIM", pool[best], 1 - likeness[best])


@torch.inference_mode()
def _encoded(run: FinishedRun, images: Tensor) -> Tensor:
    return torch.cat([run.model.encode(to_float(part)) for part in torch.split(images, _CHUNK)])


@torch.inference_mode()
def _decoded(run: FinishedRun, latents: Tensor) -> Tensor:
    parts = [to_uint8(run.model.decode(part)) for part in torch.split(latents, _CHUNK)]
    return torch.cat(parts)
