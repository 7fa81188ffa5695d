"""Every figure of a small study: its files, and what its numbers must obey."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from regene_bench.harness.options import Options
from regene_bench.studies.conduct import StudyOutcome, run_study
from tests.conftest import tiny_protocol_text
from tests.first_party import entries

METHODS = (
    "regene[classifier_images=12000,decoder_images=12000,encoder_width=32,decoder_width=32],"
    "autoencoder[images=6000,encoder_width=16,decoder_width=16],"
    "cgan[images=640,width=4,discriminator_width=4,noise_dim=0|1|2],"
    "ugan[images=640,width=4,discriminator_width=4,noise_dim=3]"
)
KINDS = {
    "score_table": 'columns = ["mae_test", "trials_image", "accuracy_neutral"]',
    "class_bars": 'columns = ["trials_latent", "trials_image"]\nper_image = true',
    "curve": 'parameter = "n_combined"\ncolumns = ["accuracy_neutral"]',
    "latent_map": "n = 100",
    "barcodes": "n = 100",
    "activation_bars": 'n = 100\nclasses = ["0", "7"]',
    "transitions": "steps = 3",
    "combinations": 'classes = ["3"]\nnumbers = [2, 4]',
    "combination_matrix": "side = 3",
    "closest_match": "matches = 2\nmatches_among_generations = 2\n"
    'extractors = ["efficientnet_lite0"]',
    "generations": "levels = 3\ncolumns = 4",
    "collage": "columns = 3",
    "mixing_ratio": "n = 100\nsteps = 3",
    "noise_dimension": 'columns = ["fd_efficientnet_lite0"]',
    "frechet_matrix": 'extractors = ["efficientnet_lite0"]',
    "frechet_over_n": 'extractors = ["efficientnet_lite0"]\nsmallest = 10\nsteps = 3\ndraws = 2',
    "input_map": "side = 3\nslices = 2",
    "augmentation": "percentages = [0, 100]\npasses = 1.0",
}


def test_every_figure_is_drawn_here() -> None:
    assert set(KINDS) == {entry.name for entry in entries("figure")}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> StudyOutcome:
    folder = tmp_path_factory.mktemp("study")
    protocol = tiny_protocol_text(
        "fd_efficientnet_lite0", "reconstruction", "neutral", "trials", rank_by="mae_test"
    )
    (folder / "tiny.toml").write_text(protocol)
    text = (
        'name = "all"\nversion = 1\ntitle = "All figures"\nsource = "nobody"\n'
        f'benchmarks = ["{folder / "tiny.toml"}"]\nmethods = "{METHODS}"\n'
    )
    text += "".join(
        f'[[figures]]\nkind = "{kind}"\n[figures.options]\n{options}\n'
        for kind, options in KINDS.items()
    )
    (folder / "all.toml").write_text(text)
    options = Options(preset="quick", results=folder / "results", device="cpu")
    return run_study(str(folder / "all.toml"), options)


def data(outcome: StudyOutcome, name: str) -> dict[str, np.ndarray]:
    """The Parquet file of an exhibit, found by the beginning of its name."""
    (path,) = list(outcome.folder.glob(f"{name}*.parquet"))
    return {key: np.array(column) for key, column in pq.read_table(path).to_pydict().items()}


def test_all_of_them_can_be_made(outcome: StudyOutcome) -> None:
    assert [missed.reason for missed in outcome.missed] == []
    for shown in outcome.shown:
        suffixes = {path.suffix for path in shown.files}
        drawn = {".png", ".svg"} if shown.exhibit.drawing is not None else set()
        assert suffixes == {".parquet"} | drawn
        assert all(path.stat().st_size > 0 for path in shown.files)
        assert shown.exhibit.caption.endswith(".")


def test_mixtures_go_from_the_originals_to_the_reconstructions(outcome: StudyOutcome) -> None:
    rows = data(outcome, "mixing-ratio")
    for method in set(rows["method"]):
        own = rows["method"] == method
        assert rows["ratio"][own].tolist() == [0.0, 0.5, 1.0]
        distances = rows["distance"][own]
        assert distances[0] == pytest.approx(0, abs=1e-3)
        assert distances[0] < distances[1] < distances[2]


def test_trials_an_image_are_at_least_one_and_images_need_no_fewer(outcome: StudyOutcome) -> None:
    rows = data(outcome, "classes-tiny")
    latent = rows["value"][rows["score"] == "trials_latent"]
    image = rows["value"][rows["score"] == "trials_image"]
    assert len(latent) == len(image) == 10
    assert (latent >= 1).all()
    assert (image >= latent).all()


def test_augmentation_keeps_the_originals_and_adds(outcome: StudyOutcome) -> None:
    rows = data(outcome, "augmentation")
    assert rows["originals"].tolist() == [40, 40]
    assert rows["generations"].tolist() == [0, 40]
    assert rows["images_seen"].tolist() == [40, 40]
    assert ((rows["accuracy"] >= 0) & (rows["accuracy"] <= 1)).all()


def test_the_map_has_a_place_for_every_image_of_every_method(outcome: StudyOutcome) -> None:
    rows = data(outcome, "latent-map")
    assert len(rows["x"]) == 200
    (shown,) = (one for one in outcome.shown if one.exhibit.name.startswith("latent-map"))
    assert f" {200 // len(set(rows['method']))} test images" in shown.exhibit.caption
    assert np.isfinite(rows["x"]).all()
    assert np.isfinite(rows["y"]).all()


def test_bars_of_a_code_are_means_over_the_class(outcome: StudyOutcome) -> None:
    rows = data(outcome, "barcodes")
    assert ((rows["silent_share"] >= 0) & (rows["silent_share"] <= 1)).all()
    for method in set(rows["method"]):
        own = rows["method"] == method
        dimensions = rows["dimension"][own].max() + 1
        assert own.sum() == 10 * dimensions


def test_nearest_come_first(outcome: StudyOutcome) -> None:
    rows = data(outcome, "closest-training-tiny-regene")
    features = "features (efficientnet_lite0)"
    measures = {"squared error", "SSIM", features}
    for name in set(rows["class"]):
        of_class = rows["class"] == name
        assert (of_class & (rows["among"] == "sources")).sum() == 2
        for among, expected in (
            ("originals", measures),
            ("reconstructions", measures),
            ("in latent space", {"squared error"}),
        ):
            of_set = of_class & (rows["among"] == among)
            assert set(rows["measure"][of_set]) == expected
            for measure in expected:
                own = of_set & (rows["measure"] == measure)
                assert rows["rank"][own].tolist() == [1, 2]
                assert (np.diff(rows["distance"][own]) >= 0).all()
    assert {"generation", "originals"} in [
        set(pq.read_table(path)["among"].to_pylist())
        for path in outcome.folder.glob("closest-training-tiny-cgan*.parquet")
    ]


def test_a_transition_goes_from_image_to_image_in_equal_steps(outcome: StudyOutcome) -> None:
    rows = data(outcome, "transitions")
    assert set(rows["ratio"].tolist()) == {0.25, 0.5, 0.75}


def test_levels_of_generations_follow_each_other(outcome: StudyOutcome) -> None:
    rows = data(outcome, "generations-tiny-regene")
    assert sorted(set(rows["level"].tolist())) == [1, 2, 3]
    assert set(rows["from"].tolist()) == {"training images", "latents", "images"}


def test_distances_of_a_matrix_are_symmetric_and_nothing_is_far_from_itself(
    outcome: StudyOutcome,
) -> None:
    rows = data(outcome, "frechet-matrix")
    names = list(dict.fromkeys(rows["first"].tolist()))
    assert names[-1] == "real images"
    assert set(rows["of"]) == {"efficientnet_lite0"}
    matrix = rows["distance"].reshape(len(names), len(names))
    assert np.allclose(matrix, matrix.T)
    assert (np.diag(matrix) == 0).all()
    assert (matrix + np.eye(len(names)) > 0).all()


def test_bars_are_the_means_that_barcodes_show(outcome: StudyOutcome) -> None:
    bars, codes = data(outcome, "activation-bars"), data(outcome, "barcodes")
    assert set(bars["class"]) == {"0", "7"}
    assert set(bars["images"]) == {10}
    for method in set(bars["method"]):
        for name in ("0", "7"):
            shown = bars["mean"][(bars["method"] == method) & (bars["class"] == name)]
            known = codes["mean"][(codes["method"] == method) & (codes["class"] == name)]
            assert np.allclose(shown, known)


def test_maps_hold_every_point_of_the_grid(outcome: StudyOutcome) -> None:
    images = sorted(
        pq.read_table(path).num_rows for path in outcome.folder.glob("input-map-*.parquet")
    )
    # one dimension: 3 images of each of 10 classes; two: 9 of each; three: 2 slices of 9
    assert images == [18, 30, 90]
