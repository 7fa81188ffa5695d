"""Generative adversarial networks: losses, networks and training apart.

A new GAN is a ``Method`` with a configuration of its own (from ``config.GANConfig``). Its ``fit``
puts a generator and a discriminator (``regene_bench_plugins.networks``), a loss (``losses``) and
the distribution of the noise (``noise``) into a ``training.GANSetup``; ``training.train_gan``
trains any setup and returns the model. ``lsgan`` is the shortest example. Networks that several of
them share are in ``infogan_networks`` and ``conditional_norm_networks``. ``stacked`` trains several
setups of the same layers at once.
"""
