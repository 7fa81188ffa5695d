"""Generative adversarial networks: loss, networks and loop apart.

A new GAN is a loss (``losses``), a pair of networks (``regene_bench_plugins.networks``) and a
configuration; ``training.play`` trains them all.
"""
