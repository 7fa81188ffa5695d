"""Which labels are generated, and which real images they are compared with."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regene_bench.data.device_images import DeviceImages
from regene_bench.evaluation.comparison import reference_images, stratified_labels

counts_of_classes = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def labels_of(counts: list[int]) -> torch.Tensor:
    return torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))


@given(counts_of_classes, st.integers(0, 500))
@settings(deadline=None)
def test_labels_are_sorted_and_in_proportion(counts: list[int], n: int) -> None:
    wanted = stratified_labels(labels_of(counts), n)
    assert wanted.dtype == torch.int64
    assert len(wanted) == n
    assert wanted.tolist() == sorted(wanted.tolist())
    for label, count in enumerate(counts):
        share = int((wanted == label).sum())
        assert abs(share - n * count / sum(counts)) < 1


@given(counts_of_classes, st.integers(1, 500), st.data())
@settings(deadline=None)
def test_only_the_kept_classes_are_generated(
    counts: list[int], n: int, data: st.DataObject
) -> None:
    classes = st.sets(st.sampled_from(range(len(counts))), min_size=1)
    keep = data.draw(classes)
    wanted = stratified_labels(labels_of(counts), n, keep)
    assert len(wanted) == n
    assert set(wanted.tolist()) <= keep
    total = sum(counts[label] for label in keep)
    for label in keep:
        assert abs(int((wanted == label).sum()) - n * counts[label] / total) < 1


def test_the_order_of_the_split_does_not_matter() -> None:
    labels = labels_of([5, 9, 2])
    shuffled = labels[torch.randperm(16, generator=torch.Generator().manual_seed(0))]
    assert torch.equal(stratified_labels(labels, 11), stratified_labels(shuffled, 11))


def test_ties_go_to_the_first_classes() -> None:
    assert stratified_labels(labels_of([1, 1, 1]), 4).tolist() == [0, 0, 1, 2]


def numbered(n: int, n_classes: int) -> DeviceImages:
    """Images whose only pixel is their index."""
    pixels = torch.arange(n, dtype=torch.uint8).reshape(n, 1, 1, 1)
    return DeviceImages(pixels, torch.arange(n) % n_classes)


def indices_of(images: DeviceImages) -> list[int]:
    return [int(pixel) for pixel in images.images.flatten()]


def test_reference_images_are_distinct_fixed_and_chosen_by_the_fingerprint() -> None:
    images = numbered(200, 4)
    chosen = reference_images(images, 50, "abc")
    indices = indices_of(chosen)
    assert len(set(indices)) == len(indices) == 50
    assert chosen.labels.tolist() == [index % 4 for index in indices]
    torch.manual_seed(123)
    assert indices_of(reference_images(images, 50, "abc")) == indices
    assert indices_of(reference_images(images, 50, "abd")) != indices
    # a choice, not the first fifty
    assert max(indices) > 100


def test_all_images_are_the_reference_where_there_are_no_more() -> None:
    images = numbered(20, 4)
    assert indices_of(reference_images(images, 20, "abc")) == list(range(20))
    assert indices_of(reference_images(images, 999, "abc")) == list(range(20))


def test_reference_images_of_kept_classes() -> None:
    images = numbered(200, 4)
    assert set(reference_images(images, 30, "abc", [1, 3]).labels.tolist()) == {1, 3}
    everything = reference_images(images, 999, "abc", [2])
    assert indices_of(everything) == list(range(2, 200, 4))
