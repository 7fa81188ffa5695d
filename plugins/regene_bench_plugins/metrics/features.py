"""What metrics on features have in common: the extractor and the split that they compare with."""

from __future__ import annotations

from typing import ClassVar

from regene_bench.api import Metric, MetricConfig, Split


class ReferenceConfig(MetricConfig):
    """Options of a metric that compares with real images.

    Attributes:
        reference: Split of the real images, train or test; the protocol's if not given.
    """

    reference: Split | None = None


class FeatureMetricConfig(ReferenceConfig):
    """Options of a metric on the features of any extractor.

    Attributes:
        extractor: Name of the feature extractor.
    """

    extractor: str = "efficientnet_lite0"


class ReferenceMetric(Metric):
    """Base of metrics with the option ``reference``."""

    Config: ClassVar[type[MetricConfig]] = ReferenceConfig
    config: ReferenceConfig

    @property
    def reference(self) -> Split | None:
        return self.config.reference


class FeatureMetric(ReferenceMetric):
    """Base of metrics with the options ``extractor`` and ``reference``."""

    Config: ClassVar[type[MetricConfig]] = FeatureMetricConfig
    config: FeatureMetricConfig

    @property
    def extractors(self) -> tuple[str, ...]:
        return (self.config.extractor,)
