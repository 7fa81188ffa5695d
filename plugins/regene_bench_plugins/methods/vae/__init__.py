"""Autoencoders that generate: networks, objective and sampler apart.

A new one is a ``Method`` with a configuration of its own (from the parts in ``config``). Its
``fit`` builds a network (``network.Autoencoding``, ready-made in ``build``) and an
objective (``objectives``) over a density of the pixels (``pixels``), trains both with
``training.fit_autoencoder``, and fits a sampler of codes (``samplers.fit_sampler``). ``model`` has
the models that a benchmark is given. ``vae`` is the shortest example. The VQ-VAE (``vqvae`` and the
``vq_*`` files) has networks and stages of its own.
"""
