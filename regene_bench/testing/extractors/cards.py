"""The card of an extractor is complete and true of its weights."""

from __future__ import annotations

import re

from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.extractors.prepared import ExtractorSubject

_SHA256 = re.compile(r"[0-9a-f]{64}")


def the_card_is_complete(subject: ExtractorSubject) -> None:
    """After ``prepare`` the card names the extractor as it is registered, its convention and its
    weights; prepared anew on the same images, it is the same card.

    Mend: fill every field of ``ExtractorCard``; take the SHA-256 of the weights file, or of a text
    that defines the extractor if it has no weights. What changes the features changes the card.
    """
    card = subject.grey.card
    require(card.id == subject.entry.name, f"the card's id is {card.id!r}")
    low, high = card.value_range
    require(low < high, f"the card's value range is {low} to {high}")
    require(card.input_size >= 0, f"the card's input size is {card.input_size}")
    require(card.feature_dim >= 1, f"the card's feature dimension is {card.feature_dim}")
    require(bool(card.preprocess_id), "the card has no preprocess id")
    hashed = bool(_SHA256.fullmatch(card.weights_sha256))
    require(hashed, f"the card's weights hash is {card.weights_sha256!r}, no SHA-256 in hex")
    again = subject.again.card
    require(again == card, f"prepared again, the card is {again}, not {card}")


def the_weights_hash_is_the_files(subject: ExtractorSubject) -> None:
    """The hash on the card is that of a published file in ``weights``, with the address and size
    that ``regene-bench weights fetch`` needs.

    Mend: pin the file as ``WeightsFile(name, filename, url, sha256, size)`` and put its hash on
    the card; leave ``weights`` empty where weights are embedded, trained, or none.
    """
    files = subject.entry.load().weights
    if not files:
        raise NotApplicable("it declares no published weights")
    for file in files:
        require(bool(_SHA256.fullmatch(file.sha256)), f"{file.name} has the hash {file.sha256!r}")
        require(file.url.startswith("https://"), f"{file.name} has the address {file.url!r}")
        require(file.size > 0, f"{file.name} has {file.size} bytes")
    known = {file.sha256 for file in files}
    require(subject.grey.card.weights_sha256 in known, "the card's hash is none of its weights'")
