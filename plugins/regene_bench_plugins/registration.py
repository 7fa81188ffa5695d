"""What this distribution registers, kind by kind.

Nothing heavy is imported here: a target is a string, ``package.module:Class`` or ``package:file``,
and is loaded when it is first used.
"""

from __future__ import annotations

from regene_bench.hookspecs import Register, hookimpl

_HERE = "regene_bench_plugins"


@hookimpl
def register_datasets(register: Register) -> None:
    register(
        "digits",
        f"{_HERE}.datasets.digits:Digits",
        summary="scikit-learn's 8×8 handwritten digits, embedded",
    )
    register(
        "mnist",
        f"{_HERE}.datasets.published_sets:Mnist",
        summary="28×28 handwritten digits, 60,000 + 10,000",
    )
    register(
        "fashion-mnist",
        f"{_HERE}.datasets.published_sets:FashionMnist",
        summary="28×28 articles of clothing, 60,000 + 10,000",
    )
    register(
        "cifar10",
        f"{_HERE}.datasets.published_sets:Cifar10",
        summary="32×32 colour images of ten classes, 50,000 + 10,000",
    )
    register(
        "folder",
        f"{_HERE}.datasets.folder:Folder",
        summary="anybody's images in class folders",
    )
    register(
        "parquet",
        f"{_HERE}.datasets.parquet:ParquetImages",
        summary="anybody's images in Parquet files",
    )
    register(
        "torchvision",
        f"{_HERE}.datasets.torchvision_source:Torchvision",
        summary="what torchvision downloaded: KMNIST, EMNIST, QMNIST, CIFAR-100, SVHN, …",
    )
    register(
        "npz",
        f"{_HERE}.datasets.npz:Npz",
        summary="anybody's images in a .npz, as Keras and MedMNIST keep them",
    )
    register(
        "pixel-csv",
        f"{_HERE}.datasets.pixel_csv:PixelCsv",
        summary="anybody's images in CSV files with a column a pixel, as on Kaggle",
    )
    register(
        "hub",
        f"{_HERE}.datasets.hub:HubImages",
        summary="images of a repository of the Hugging Face Hub, at one commit",
    )


@hookimpl
def register_benchmarks(register: Register) -> None:
    for name, summary in (
        ("digits", "8×8 grey digits, embedded: no download, about a minute on two CPU cores"),
        ("mnist", "28×28 grey handwritten digits"),
        ("fashion-mnist", "28×28 grey articles of clothing"),
        ("cifar10", "32×32 colour images of ten classes"),
        (
            "celeba64",
            "64×64 CelebA faces (140×140 crop), with Anime as the other class",
        ),
        ("celeba128", "128×128 CelebA faces, with Anime as the other class"),
        ("anime128", "128×128 Anime faces, with CelebA as the other class"),
        ("clothing", "64×64 clothing pictures in two classes: cloth only, cloth with model"),
    ):
        register(name, f"{_HERE}:protocols/{name}.toml", summary=summary)


@hookimpl
def register_methods(register: Register) -> None:
    register(
        "real",
        f"{_HERE}.methods.real:Real",
        summary="held-out real images: what a perfect generator would score",
    )
    register(
        "autoencoder",
        f"{_HERE}.methods.autoencoder:Autoencoder",
        summary="plain autoencoder, generating by convex combinations of latents",
    )
    register(
        "regene",
        f"{_HERE}.methods.regene.regene:ReGene",
        summary="classifier latents, convex combinations with two-step judging, decoder",
    )
    register(
        "cgan",
        f"{_HERE}.methods.gan.cgan:CGAN",
        summary="conditional GAN with any noise dimension from 0 up",
    )
    register(
        "ugan",
        f"{_HERE}.methods.gan.cgan:UGAN",
        summary="cgan's networks without labels: samples have no class",
    )
    for name, target, summary in (
        ("nsgan", "nsgan:NSGAN", "non-saturating GAN on the networks of Lucic et al."),
        ("lsgan", "lsgan:LSGAN", "least-squares GAN on the networks of Lucic et al."),
        ("wgan_gp", "wgan_gp:WGANGP", "Wasserstein GAN with gradient penalty"),
        ("began", "began:BEGAN", "GAN whose discriminator is an autoencoder, errors in balance"),
        ("dcgan", "dcgan:DCGAN", "deep convolutional GAN"),
        ("sngan", "sngan:SNGAN", "GAN with spectral normalisation and a projection discriminator"),
    ):
        register(name, f"{_HERE}.methods.gan.{target}", summary=summary)
    register(
        "cvae", f"{_HERE}.methods.vae.cvae:CVAE", summary="conditional variational autoencoder"
    )
    for name, target, summary in (
        ("vae", "vae:VAE", "variational autoencoder"),
        ("ccvae", "ccvae:CCVAE", "conditional VAE with one standard normal for all classes"),
        ("cv_vae", "cv_vae:CVVAE", "VAE of constant variance"),
        ("wae", "wae:WAE", "Wasserstein autoencoder with maximum mean discrepancy"),
        ("rae_sn", "rae_sn:RAESN", "regularised autoencoder with spectral normalisation"),
        ("two_stage_vae", "two_stage_vae:TwoStageVAE", "VAE with a second VAE of its codes"),
        ("ccapscvae", "ccapscvae:CCapsCVAE", "conditional VAE with a capsule encoder"),
        ("lvpga", "lvpga:LVPGA", "perceptual generative autoencoder with both objectives"),
        ("vqvae", "vqvae:VQVAE", "discrete codes with an autoregressive prior for each class"),
    ):
        register(name, f"{_HERE}.methods.vae.{target}", summary=summary)
    register(
        "edm",
        f"{_HERE}.methods.diffusion.edm:EDM",
        summary="class-conditional diffusion of Karras et al. with Heun's sampler",
    )
    register(
        "flow_matching",
        f"{_HERE}.methods.diffusion.flow_matching:FlowMatching",
        summary="class-conditional flow along straight paths from noise to images",
    )
    register(
        "pipeline",
        f"{_HERE}.methods.pipeline.pipeline:Pipeline",
        summary="a model trained elsewhere: diffusers, TorchScript, torch.export, a function",
    )


@hookimpl
def register_feature_extractors(register: Register) -> None:
    register(
        "efficientnet_lite0",
        f"{_HERE}.extractors.efficientnet_lite0:EfficientNetLite0",
        summary="ImageNet EfficientNet-Lite0, embedded: works everywhere",
    )
    register(
        "inception",
        f"{_HERE}.extractors.inception:Inception",
        summary="the 2015 Inception network with clean-fid's preprocessing",
    )
    register(
        "vgg16",
        f"{_HERE}.extractors.vgg16:VGG16",
        summary="VGG-16 with torchvision's weights, at the images' own size",
    )
    register(
        "neutral",
        f"{_HERE}.extractors.neutral_classifier:NeutralClassifier",
        summary="ResNet56 v1 trained once per benchmark on its real images",
    )
    register(
        "dinov2",
        f"{_HERE}.extractors.dinov2:DinoV2",
        summary="DINOv2 ViT-L/14 at 224 pixels (from the hub or a file)",
    )
    register(
        "timm",
        f"{_HERE}.extractors.timm_models:Timm",
        summary="any of timm's models, as timm:NAME (from the hub or a file)",
    )


@hookimpl
def register_metrics(register: Register) -> None:
    register(
        "fid",
        f"{_HERE}.metrics.frechet:InceptionFrechet",
        summary="Fréchet Inception distance (clean-fid convention)",
    )
    register(
        "fd_efficientnet_lite0",
        f"{_HERE}.metrics.frechet:EfficientNetFrechet",
        summary="Fréchet distance of EfficientNet-Lite0 features",
    )
    register(
        "fd",
        f"{_HERE}.metrics.frechet:FrechetDistance",
        summary="Fréchet distance on any extractor's features",
    )
    register(
        "fd_per_class",
        f"{_HERE}.metrics.frechet:FrechetPerClass",
        summary="Fréchet distance within each class, and its mean (intra FID)",
    )
    register(
        "fd_reconstruction",
        f"{_HERE}.metrics.frechet:FrechetReconstruction",
        summary="Fréchet distances of reconstructed from original and from generated images",
    )
    register(
        "fd_infinity",
        f"{_HERE}.metrics.frechet:FrechetInfinity",
        summary="Fréchet distance extrapolated to infinitely many generated images",
    )
    register(
        "fd_real",
        f"{_HERE}.metrics.frechet:FrechetReal",
        summary="Fréchet distance of real images from real images",
    )
    register(
        "kid",
        f"{_HERE}.metrics.kid:KernelDistance",
        summary="kernel Inception distance on any extractor's features",
    )
    register(
        "mmd",
        f"{_HERE}.metrics.mmd:GaussianMmd",
        summary="discrepancy under a Gaussian kernel; CMMD's on CLIP features",
    )
    register(
        "fld",
        f"{_HERE}.metrics.fld:FeatureLikelihoodDivergence",
        summary="how much less likely test images are than under real ones",
    )
    register(
        "vendi",
        f"{_HERE}.metrics.vendi:Vendi",
        summary="effective number of different generated images, at four orders",
    )
    register(
        "vendi_per_class",
        f"{_HERE}.metrics.vendi:VendiPerClass",
        summary="effective number of images within a class, relative to real ones",
    )
    register(
        "rarity",
        f"{_HERE}.metrics.rarity:Rarity",
        summary="how uncommon generated images are among the real ones",
    )
    register(
        "prdc",
        f"{_HERE}.metrics.prdc:Prdc",
        summary="precision, recall, density and coverage on any extractor's features",
    )
    register(
        "is",
        f"{_HERE}.metrics.inception_score:InceptionScore",
        summary="Inception score on the 1008 outputs of Inception, or any extractor's logits",
    )
    register(
        "neutral",
        f"{_HERE}.metrics.neutral_scores:NeutralClassifierScores",
        summary="accuracy and Inception score by the neutral classifier",
    )
    register(
        "reconstruction",
        f"{_HERE}.metrics.reconstruction:Reconstruction",
        summary="absolute error, SSIM and PSNR of reconstructed test images",
    )
    register(
        "codebook",
        f"{_HERE}.metrics.codebook:CodebookUse",
        summary="codes in use of a vector-quantised model's codebook",
    )
    register(
        "elbo",
        f"{_HERE}.metrics.likelihood:EvidenceLowerBound",
        summary="negative evidence lower bound of test images, and its two terms",
    )
    register(
        "log_likelihood",
        f"{_HERE}.metrics.likelihood:LogLikelihood",
        summary="importance-weighted bound of the log-likelihood of test images",
    )
    register(
        "active_units",
        f"{_HERE}.metrics.active_units:ActiveUnits",
        summary="latent dimensions that vary with the image; says posterior collapse",
    )
    register(
        "interpolation",
        f"{_HERE}.metrics.interpolation:Interpolation",
        summary="pace of decoded straight lines between latents of a class",
    )
    register(
        "probe",
        f"{_HERE}.metrics.probe:Probe",
        summary="test accuracy of a linear layer on the latents of training images",
    )
    register(
        "trials",
        f"{_HERE}.metrics.trials:RejectionTrials",
        summary="candidates drawn until the wanted number was valid, per class",
    )
    register(
        "trials_neutral",
        f"{_HERE}.metrics.trials:NeutralTrials",
        summary="generations until the neutral classifier accepts as many as were asked for",
    )
    register(
        "memorisation",
        f"{_HERE}.metrics.memorisation:Memorisation",
        summary="nearest training images in pixels and SSIM; copies of them",
    )
    register(
        "authenticity",
        f"{_HERE}.metrics.memorisation:Authenticity",
        summary="nearest training images in features; share that is not learnt by heart",
    )
    register(
        "diversity",
        f"{_HERE}.metrics.diversity:Diversity",
        summary="feature distance between two images of a class, against real ones",
    )
    register(
        "diversity_ssim",
        f"{_HERE}.metrics.diversity:SsimDiversity",
        summary="SSIM of two images of a class, against real ones",
    )
    register(
        "classifier",
        f"{_HERE}.metrics.own_classifier:OwnClassifierAccuracy",
        summary="test accuracy of the model's own classifier",
    )
    register(
        "own_accuracy",
        f"{_HERE}.metrics.own_classifier:OwnGenerationsAccuracy",
        summary="generations that the model's own classifier takes for their class",
    )
    register(
        "classification_accuracy",
        f"{_HERE}.metrics.classification_accuracy_score:ClassificationAccuracyScore",
        summary="test accuracy of a classifier that is trained on the generated images",
    )


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
            "activation_bars",
            "activation_bars:ActivationBars",
            "mean latents of classes as bars",
        ),
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
            "frechet_over_n",
            "frechet_over_n:FrechetOverN",
            "Fréchet distance over the number of generated images, and FD∞",
        ),
        (
            "augmentation",
            "augmentation:AugmentationCurve",
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
        ("latent-samplers", "convex combinations of ReGene's latents against densities of them"),
        ("newer-methods", "diffusion and flow matching beside ReGene, a GAN and a VAE"),
        (
            "conditional-gans",
            "accuracy and distance of conditional GANs (ReGene, Figs. 6(b), 15(a))",
        ),
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
        ("collage", "many generations of each class (ReGene, appendix D.1)"),
        ("noise-dim", "how many noise dimensions a conditional GAN needs (He, Fig. 1)"),
        ("fid-matrix", "three GANs of three inputs from each other and from real (He, Table 1)"),
        (
            "label-dim",
            "how many degrees of freedom the label stands for (He, section 6.1)",
        ),
        ("latent-map", "what each point of three inputs stands for (He, Figs. 2 to 4)"),
        ("fd-over-n", "how much of the Fréchet distance is too few images (Chong and Forsyth)"),
    ):
        register(name, f"{_HERE}:studies/{name}.toml", summary=summary)


@hookimpl
def register_loggers(register: Register) -> None:
    register(
        "tensorboard",
        f"{_HERE}.loggers.tensorboard:TensorBoardLogger",
        summary="event files for TensorBoard in results/tensorboard",
    )
    register(
        "mlflow",
        f"{_HERE}.loggers.mlflow:MlflowLogger",
        summary="runs of MLflow, where its settings say",
    )
    register(
        "wandb",
        f"{_HERE}.loggers.wandb:WandbLogger",
        summary="runs of Weights & Biases, online or offline",
    )
    register(
        "trackio",
        f"{_HERE}.loggers.trackio:TrackioLogger",
        summary="runs of trackio, kept on this machine",
    )
