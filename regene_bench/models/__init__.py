"""Trained models after their benchmark: loaded again, drawn from, exported."""
