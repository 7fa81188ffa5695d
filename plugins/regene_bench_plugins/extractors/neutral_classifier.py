"""The neutral classifier: ResNet56 v1, trained once per benchmark on real images, then cached.

It judges generated images from outside, as in section 6.1 of the ReGene paper. A protocol's preset
may give it another number of layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    Batch,
    BenchmarkData,
    CheckpointStore,
    ExtractorCard,
    FeatureExtractor,
    Features,
    Message,
    MethodConfig,
    RegeneBenchError,
    Runtime,
    Stage,
    cache_dir,
    exclusive,
    hash_weights,
    stable_id,
    train,
    validate,
    warmup_then_cosine,
)
from regene_bench_plugins.backbones.resnet_cifar import CifarResNet, kaiming_init, standardise
from regene_bench_plugins.extractors.chunks import in_chunks_on_cpu
from regene_bench_plugins.extractors.float32 import full_float32
from regene_bench_plugins.extractors.openvino_network import (
    Network,
    computed_by,
    faster,
    probe_images,
)

_RECIPE = 2
_STAGE = "neutral classifier"
_ACCURACY = "test accuracy"
# of smaller images the features take less time than OpenVINO needs to compile the network
_FEWEST_PIXELS = 28 * 28
# images at a time on a CPU
_CHUNK = 32


class NeutralConfig(MethodConfig):
    """Options of the protocol's ``[presets.NAME.extractors.neutral]`` table.

    Attributes:
        epochs: Passes over the training split.
        depth: Layers of the residual network.
        batch_size: Images a step.
        learning_rate: Peak of the one-cycle schedule (SGD with Nesterov momentum 0.9).
        weight_decay: On convolutions and the linear layer.
    """

    epochs: float = Field(default=20.0, gt=0)
    depth: int = Field(default=56, ge=8)
    batch_size: int = Field(default=128, ge=2)
    learning_rate: float = Field(default=0.2, gt=0)
    weight_decay: float = Field(default=5e-4, ge=0)

    @field_validator("depth")
    @classmethod
    def _is_a_depth(cls, depth: int) -> int:
        if depth % 6 != 2:
            raise ValueError("a CIFAR ResNet has 6n + 2 layers")
        return depth


class NeutralClassifier(FeatureExtractor):
    """Features (64) before the linear layer, and logits, of the neutral classifier.

    It depends on data and recipe alone, not on any run: its seed is fixed. Its weights lie in the
    cache, and in the results folder whose runs it judges, which all who write there judge by: other
    machines' sums round otherwise. Their hash stands in each row that used it.
    """

    trained_on_data: ClassVar[bool] = True
    augmented_stages = (_STAGE,)

    def prepare(self, data: BenchmarkData, runtime: Runtime) -> None:
        config = validate(NeutralConfig, self.options, "extractor neutral")
        key = stable_id(
            {
                "recipe": _RECIPE,
                "config": config.model_dump(mode="json"),
                "data": data.fingerprint,
                "augmentation": data.augmentation.model_dump(mode="json"),
            }
        )
        store = CheckpointStore(
            cache_dir() / "neutral" / key, runtime.checkpoints.interval, _told_once(runtime)
        )
        own = Runtime(
            runtime.device, runtime.precision, 0, store, runtime.stop, runtime.emit, data.name
        )
        network = _build(data, config, own)
        what = f"trains the neutral classifier of {data.name}"

        def trained() -> Mapping[str, Tensor]:
            with exclusive(store.folder / "lock", what, own.stop, own.emit, needed=False):
                _fit(network, data, config, own)
            return network.state_dict()

        weights = runtime.judging_weights(f"neutral-{key}", network.state_dict(), trained, what)
        network.load_state_dict(weights)
        self._sha256 = hash_weights(weights)
        self._head = network.eval().head
        self._features = _features_of(network, data, runtime)
        self.computed_by = computed_by(self._features)
        accuracy = _kept_accuracy(self, data, store)
        text = f"{data.name}: the neutral classifier gets {accuracy:.2%} of the test images right"
        runtime.tell(Message(text))

    @property
    def card(self) -> ExtractorCard:
        return ExtractorCard(
            id="neutral",
            input_size=0,
            value_range=(-2.0, 2.0),
            feature_dim=CifarResNet.feature_dim,
            weights_sha256=self._sha256,
            preprocess_id="native-minus0.5-times4",
        )

    def extract(self, images: Tensor) -> Features:
        with full_float32(images.device):
            features = in_chunks_on_cpu(self._features, _inputs, images, _CHUNK)
            return Features(features, self._head(features))


def _told_once(runtime: Runtime) -> Callable[[RegeneBenchError], None]:
    """Warn that the weights are not kept, at the first of many checkpoints that are not."""
    told: list[RegeneBenchError] = []

    def tell(error: RegeneBenchError) -> None:
        if not told:
            text = f"The neutral classifier is not kept in the cache. {error.message}"
            hint = "Free some disk space, or set REGENE_BENCH_CACHE to another folder."
            runtime.tell(Message(f"{text}\n{hint}", "warning"))
        told.append(error)

    return tell


def _build(data: BenchmarkData, config: NeutralConfig, runtime: Runtime) -> CifarResNet:
    with runtime.seeded("init"):
        network = CifarResNet(data.shape.channels, data.shape.n_classes, config.depth)
        kaiming_init(network)
    return network.to(runtime.device).to(memory_format=torch.channels_last)


def _fit(
    network: CifarResNet, data: BenchmarkData, config: NeutralConfig, runtime: Runtime
) -> None:
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD(
        [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        momentum=0.9,
        nesterov=True,
        fused=runtime.device.type in ("cpu", "cuda"),
    )

    def forward(batch: Batch) -> Tensor:
        with runtime.autocast():
            logits: Tensor = network(standardise(batch.images))
        return logits

    def step(batch: Batch) -> dict[str, Tensor]:
        loss = F.cross_entropy(forward(batch).float(), batch.labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return {"cross-entropy": loss.detach()}

    stage = Stage(
        name=_STAGE,
        modules={"network": network},
        optimizers={"sgd": optimizer},
        step=step,
        batch_size=min(config.batch_size, len(data.train)),
        total_images=round(config.epochs * len(data.train)),
        schedule=warmup_then_cosine(warmup=0.3),
        augmentation=data.augmentation,
        forward=forward,
    )
    train(stage, data.train, runtime)


def _features_of(network: CifarResNet, data: BenchmarkData, runtime: Runtime) -> Network:
    """The network up to its features, which are half of a run's measuring on larger images."""
    body = _Body(network).eval()
    if data.shape.height * data.shape.width < _FEWEST_PIXELS:
        return body
    size = (data.shape.height, data.shape.width)
    images = F.interpolate(probe_images(runtime.device)[:, : data.shape.channels], size)
    return faster(body, _inputs(images), "neutral", runtime)


class _Body(nn.Module):
    def __init__(self, network: CifarResNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network.features(images)


def _inputs(images: Tensor) -> Tensor:
    return standardise(images.to(torch.float32, memory_format=torch.channels_last) / 255.0)


def _kept_accuracy(
    extractor: NeutralClassifier, data: BenchmarkData, store: CheckpointStore
) -> float:
    """The share of the test split that it gets right, computed once for its weights.

    It is of no run, and on a CPU it would take longer than the rest of a call's beginning.
    """
    weights = extractor.card.weights_sha256
    # folders may judge by different ones, and share a cache
    name = f"{_ACCURACY} {weights[:16]}"
    kept = store.load(name)
    match kept:
        case {"weights": str(own), "accuracy": float(accuracy)} if own == weights:
            return accuracy
    right = 0
    with torch.inference_mode():
        for start in range(0, len(data.test), 512):
            logits = extractor.extract(data.test.images[start : start + 512]).logits
            assert logits is not None
            right += int((logits.argmax(1) == data.test.labels[start : start + 512]).sum())
    accuracy = right / len(data.test)
    store.save(name, {"weights": weights, "accuracy": accuracy})
    return accuracy
