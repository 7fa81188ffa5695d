"""All that a plugin author imports.

``hookimpl`` and ``Register`` are imported from ``regene_bench.hookspecs``, which loads at once: a
plugin is imported whenever ``regene-bench`` starts, and this module imports torch. The author of a
data source finds in ``regene_bench.data.readers``, besides, what finds, fetches and decodes images.
The core's other modules may change between versions; what is named in these does not without a note
in the change log.
"""

from __future__ import annotations

from regene_bench.base.environment import is_offline, is_torch_only, may_run_programs
from regene_bench.base.errors import (
    ConfigError,
    DataError,
    Interrupted,
    LostProcessError,
    MethodError,
    RegeneBenchError,
    TooFewImagesError,
    TrainingDivergedError,
    UnavailableError,
    UsageError,
    did_you_mean,
)
from regene_bench.base.events import Message, Progress, RunFinished
from regene_bench.base.hashing import stable_id
from regene_bench.base.paths import cache_dir
from regene_bench.base.validation import validate
from regene_bench.data.augment import augment
from regene_bench.data.device_images import (
    BenchmarkData,
    DeviceImages,
    SelectedImages,
    to_float,
    to_uint8,
)
from regene_bench.data.shapes import Augmentation, ImageShape, Preset, Split
from regene_bench.data.source import DatasetSource, ImageSet, SourceRequest
from regene_bench.evaluation.diversity import draw_pairs, mean_pair_distance, mean_pair_ssim
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.extractor import ExtractorCard, FeatureExtractor, Features, WeightsFile
from regene_bench.evaluation.extrapolation import (
    frechet_at_infinity,
    frechet_at_infinity_from,
    subset_sizes,
)
from regene_bench.evaluation.feature_likelihood import (
    FeatureLikelihood,
    feature_likelihood,
    halves_likelihood,
)
from regene_bench.evaluation.frechet import Gaussian, check_pair, frechet_distance, frechet_from
from regene_bench.evaluation.inception_score import count_splits, inception_score
from regene_bench.evaluation.kid import kernel_distance
from regene_bench.evaluation.memorisation import Nearness, nearness
from regene_bench.evaluation.metric import Column, Metric, MetricConfig, Score, Skipped
from regene_bench.evaluation.mmd import gaussian_mmd, median_distance
from regene_bench.evaluation.nearest import Neighbours, nearest
from regene_bench.evaluation.prdc import precision_recall_density_coverage
from regene_bench.evaluation.radii import neighbour_radii
from regene_bench.evaluation.rarity import rarity_scores
from regene_bench.evaluation.ratios import Share, expected_trials, share
from regene_bench.evaluation.real_distances import split_distances
from regene_bench.evaluation.similarity import ssim_each
from regene_bench.evaluation.vendi import vendi_scores
from regene_bench.harness.carry_out_ticket import (
    OpenTicket,
    TicketOutcome,
    carry_out_ticket,
    open_ticket,
)
from regene_bench.harness.executors.executor import (
    Executor,
    ExecutorConfig,
    Job,
    MakeTicket,
    trained_together,
)
from regene_bench.harness.options import Options as RunOptions
from regene_bench.harness.run_logger import LoggedRun, RunLogger
from regene_bench.harness.ticket import Ticket, read_ticket
from regene_bench.hookspecs import Register, hookimpl
from regene_bench.leaderboard.aggregate import half_width
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.plan.reported import ReportedNumber
from regene_bench.plan.runs import Run
from regene_bench.plan.weights import find_weights, obtain_weights
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.processor import has_slow_float32_products
from regene_bench.runtime.random import SampleRng, derive_seed
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.shared_weights import hash_weights
from regene_bench.runtime.stage_report import StageReport
from regene_bench.runtime.stop import StopRequest
from regene_bench.studies.figure import Exhibit, Figure, FigureConfig
from regene_bench.studies.measures import Measure, column_of_reported
from regene_bench.studies.view import FinishedRun, StudyView, measures_of
from regene_bench.training.capabilities import (
    SAMPLING_STATE,
    Classifier,
    Decoder,
    Encoder,
    Generation,
    Generator,
    KeepsSamplingState,
    LatentVariableModel,
    Quantiser,
)
from regene_bench.training.length import TrainingLength, images_to_see
from regene_bench.training.lockstep import Stack, StackedBatch, train_together
from regene_bench.training.loop import train
from regene_bench.training.losses import mae, saturation, ssim
from regene_bench.training.method import Method, MethodConfig
from regene_bench.training.schedules import (
    Clock,
    Schedule,
    constant,
    decay_every,
    warmup_then_cosine,
)
from regene_bench.training.stage import Batch, Stage

one_cycle = warmup_then_cosine  # its name in version 0.1; it never was torch's OneCycleLR

__all__ = [
    "SAMPLING_STATE",
    "Augmentation",
    "Batch",
    "BenchmarkData",
    "CheckpointStore",
    "Classifier",
    "Clock",
    "Column",
    "ConfigError",
    "DataError",
    "DatasetSource",
    "Decoder",
    "DeviceImages",
    "Encoder",
    "Evaluation",
    "Executor",
    "ExecutorConfig",
    "Exhibit",
    "ExtractorCard",
    "FeatureExtractor",
    "FeatureLikelihood",
    "Features",
    "Figure",
    "FigureConfig",
    "FinishedRun",
    "Gaussian",
    "Generation",
    "Generator",
    "ImageSet",
    "ImageShape",
    "Interrupted",
    "Job",
    "KeepsSamplingState",
    "LatentVariableModel",
    "LoggedRun",
    "LostProcessError",
    "MakeTicket",
    "Measure",
    "Message",
    "Method",
    "MethodConfig",
    "MethodError",
    "Metric",
    "MetricConfig",
    "Nearness",
    "Neighbours",
    "OpenTicket",
    "Preset",
    "Progress",
    "Quantiser",
    "RegeneBenchError",
    "Register",
    "ReportedNumber",
    "Run",
    "RunFinished",
    "RunLogger",
    "RunOptions",
    "RunRecord",
    "Runtime",
    "SampleRng",
    "Schedule",
    "Score",
    "ScoreRow",
    "SelectedImages",
    "Share",
    "Skipped",
    "SourceRequest",
    "Split",
    "Stack",
    "StackedBatch",
    "Stage",
    "StageReport",
    "StopRequest",
    "StudyView",
    "Ticket",
    "TicketOutcome",
    "TooFewImagesError",
    "TrainingDivergedError",
    "TrainingLength",
    "UnavailableError",
    "UsageError",
    "WeightsFile",
    "augment",
    "cache_dir",
    "carry_out_ticket",
    "check_pair",
    "column_of_reported",
    "constant",
    "count_splits",
    "decay_every",
    "derive_seed",
    "did_you_mean",
    "draw_pairs",
    "exclusive",
    "expected_trials",
    "feature_likelihood",
    "find_weights",
    "frechet_at_infinity",
    "frechet_at_infinity_from",
    "frechet_distance",
    "frechet_from",
    "gaussian_mmd",
    "half_width",
    "halves_likelihood",
    "has_slow_float32_products",
    "hash_weights",
    "hookimpl",
    "images_to_see",
    "inception_score",
    "is_offline",
    "is_torch_only",
    "kernel_distance",
    "mae",
    "may_run_programs",
    "mean_pair_distance",
    "mean_pair_ssim",
    "measures_of",
    "median_distance",
    "nearest",
    "nearness",
    "neighbour_radii",
    "obtain_weights",
    "one_cycle",
    "open_ticket",
    "precision_recall_density_coverage",
    "rarity_scores",
    "read_ticket",
    "saturation",
    "share",
    "split_distances",
    "ssim",
    "ssim_each",
    "stable_id",
    "subset_sizes",
    "to_float",
    "to_uint8",
    "train",
    "train_together",
    "trained_together",
    "validate",
    "vendi_scores",
    "warmup_then_cosine",
]
