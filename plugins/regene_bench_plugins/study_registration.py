"""Studies of this distribution, what they draw, and the numbers they are read against."""

from __future__ import annotations

from regene_bench.hookspecs import Register, hookimpl

_HERE = "regene_bench_plugins"


@hookimpl
def register_reported(register: Register) -> None:
    register(
        "regene_2022",
        f"{_HERE}:reported/regene_2022.csv",
        summary="tables 1 to 4 of Gopalakrishnan et al. 2022 (ReGene)",
    )
    register(
        "he_cgan",
        f"{_HERE}:reported/he_cgan.csv",
        summary="He's conditional GANs with a variable noise dimension",
    )


@hookimpl
def register_figures(register: Register) -> None:
    for name, target, summary in (
        (
            "score_table",
            "score_table:ScoreTable",
            "scores of all runs in one table, reported ones beside",
        ),
        ("class_bars", "class_bars:ClassBars", "bars a class: trials, accuracy"),
        ("curve", "curve:Curve", "scores over a parameter of a method"),
        ("latent_map", "latents:LatentMap", "t-SNE map of the latents of test images"),
        ("barcodes", "latents:Barcodes", "mean latents of each class"),
        (
            "transitions",
            "transitions:Transitions",
            "from one image to another through latent space",
        ),
        ("combinations", "combinations:Combinations", "generations beside their sources"),
        (
            "combination_matrix",
            "combinations:CombinationMatrix",
            "every pair of some images combined",
        ),
        ("closest_match", "closest:ClosestMatch", "nearest training images and generations"),
        ("generations", "generations:Generations", "generations of generations"),
        ("collage", "collage:Collage", "many generations of each class"),
        (
            "mixing_ratio",
            "mixing:MixingRatio",
            "distance and accuracy from originals to reconstructions",
        ),
        ("noise_dimension", "noise_dimension:NoiseDimension", "scores over the noise dimension"),
        ("input_map", "input_map:InputMap", "images over a grid of the generator's noise"),
        (
            "frechet_matrix",
            "frechet_matrix:FrechetMatrix",
            "distances of all runs from each other",
        ),
        (
            "augmentation",
            "augmentation:Augmentation",
            "test accuracy over the share of generated training images",
        ),
    ):
        register(name, f"{_HERE}.figures.{target}", summary=summary)


@hookimpl
def register_studies(register: Register) -> None:
    for name, summary in (
        (
            "case-study",
            "an autoencoder's latents against a classifier's (ReGene, section 4, Fig. 3)",
        ),
        (
            "architectures",
            "which classifier's latents reconstruct best (ReGene, Table 1, Figs. 4 and 5)",
        ),
        ("sparse-latents", "a better classifier's latents say less (ReGene, Fig. 5)"),
        ("trials", "candidates for each valid generation, by class (ReGene, Table 2)"),
        ("combinations", "accuracy of generations from 2, 3 and 5 latents (ReGene, Figs. 6 and 7)"),
        ("matrix", "every pair of some images combined (ReGene, Figs. 8 to 11)"),
        ("closest-match", "nearest images of generations (ReGene, Figs. 12 and 13)"),
        ("generations", "generations of generations (ReGene, Fig. 14)"),
        ("frechet", "Fréchet distances three ways, and Inception scores (ReGene, Tables 3 and 4)"),
        ("table-3", "Fréchet Inception distances of all methods, measured and reported (ReGene)"),
        ("table-4", "Inception scores of conditional VAEs, measured and reported (ReGene)"),
        (
            "mixing-ratio",
            "distance and accuracy from originals to reconstructions (ReGene, Fig. 15b)",
        ),
        ("classifier-losses", "four losses of the classifier (ReGene, Fig. 16)"),
        ("augmentation", "generations as training data (ReGene, Fig. 17)"),
        ("collage", "many generations of each class (ReGene, appendix C)"),
        ("noise-dim", "how many noise dimensions a conditional GAN needs (He, Fig. 1)"),
        ("fid-matrix", "three GANs of three inputs from each other and from real (He, Table 1)"),
        ("latent-map", "what each point of three inputs stands for (He, Figs. 2 to 4)"),
    ):
        register(name, f"{_HERE}:studies/{name}.toml", summary=summary)
