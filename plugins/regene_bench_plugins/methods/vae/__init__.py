"""Autoencoders that generate: networks, objective and sampler apart.

A new method is a network (``network``), an objective (``objectives``) over a model of the pixels
(``pixels``), and a sampler of codes (``samplers``); ``training.fit_autoencoder`` trains them all.
"""
