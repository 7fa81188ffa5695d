"""Diffusion and flow models: network, objective and sampler apart.

A new one is a ``Method`` with a configuration of its own (from ``config.DiffusionConfig``). Its
``fit`` has an objective, which says what the network learns to predict (``denoising``,
``straight_paths``), and a sampler, which turns noise into images by such predictions
(``noise_levels``, ``path_sampler``, both with the steps of ``ode``). ``training.fit_diffusion``
trains the U-Net of ``regene_bench_plugins.networks.unet`` by any objective and returns a
``model.DiffusionModel``, which draws with any sampler. ``flow_matching`` is the shortest example.
"""
