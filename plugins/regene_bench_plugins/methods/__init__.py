"""Methods: the generators that are compared, a family a package.

``common`` is what all families share, ``gan``, ``vae``, ``diffusion`` and ``regene`` are families;
their package docstrings say how a new method of the family is written. ``autoencoder`` and ``real``
are families of one. A method is found by the name that ``registration.register_methods`` gives it.
"""
