"""The Python way: ``regene_bench.run`` and the leaderboard that a notebook shows."""
