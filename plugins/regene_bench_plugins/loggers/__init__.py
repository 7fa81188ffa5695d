"""Loggers for what people already watch runs with; each is an optional extra."""
