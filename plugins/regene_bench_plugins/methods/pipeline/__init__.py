"""Models that somebody else trained, as a row of the leaderboard.

``source`` tells what a source is and hashes it, ``folder`` which files of a folder of diffusers are
opened; ``diffusion`` and ``programs`` open one and give a ``sampler``; ``class_mapping`` brings the
benchmark's classes together with the model's; ``model`` draws.
"""
