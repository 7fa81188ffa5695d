"""ReGene: a classifier's latents, convex combinations of them, rejection sampling, a decoder."""
