"""Metrics. They ask a model for what it can do and know no method; ``feature_metric`` has bases."""
