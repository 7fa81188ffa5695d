"""ReGene (Gopalakrishnan et al. 2022): generate from the latents of a classifier.

``training`` trains a classifier and a decoder that inverts its latents. ``convex`` makes convex
combinations of latents of one class, in the order of ``combinations``; ``densities`` draws latents
instead. Both are ``candidates``; ``rejection_sampling`` takes those that ``confidence_judge``
accepts. ``regene`` puts them together, and ``generations`` combines
what was generated once more.
"""
