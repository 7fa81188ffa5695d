"""timm's networks with their published weights, from the hub or from a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import nn

from regene_bench.api import ConfigError, MethodConfig, UnavailableError, did_you_mean, is_offline

_FILENAME = "model.safetensors"


class TimmConfig(MethodConfig):
    """Options of the protocol's ``[presets.NAME.extractors."timm:MODEL"]`` table.

    Attributes:
        weights: A safetensors file of the model's weights; empty for the published ones.
    """

    weights: str = ""


def check_model(name: str) -> None:
    """Refuse a name that timm does not have.

    Args:
        name: ``architecture`` or ``architecture.tag``.

    Raises:
        ConfigError: Unknown; names the nearest known one.
    """
    import timm

    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        hint = did_you_mean(architecture, timm.list_models())
        raise ConfigError(f"timm has no model {architecture!r}.", hint=hint)
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        hint = did_you_mean(tag, tags)
        raise ConfigError(f"timm has no weights {tag!r} for {architecture}.", hint=hint)


def load_model(
    name: str, config: TimmConfig, *, option: str = "`weights` of the extractor"
) -> nn.Module:
    """Build a model without its classifier and load its weights.

    Args:
        name: A name that ``check_model`` accepts.
        config: Where the weights are.
        option: What a user sets to say where; named where the file is not there.

    Returns:
        A network in evaluation mode, on the CPU, that gives pooled features ``[N, D]``.

    Raises:
        UnavailableError: The weights are not to be had, or are of another model; says how to get
            them.
    """
    import timm

    path = _local(config.weights, option) if config.weights else _from_hub(name)
    try:
        # With its classifier: without one, timm passes over tensors that are missing or too many.
        network: nn.Module = timm.create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay={"file": str(path), "custom_load": False},
        )
    except (RuntimeError, KeyError, OSError) as error:
        raise UnavailableError(
            f"{path} does not hold the weights of timm's {name}: {str(error)[:300]}",
            hint="Give the model's own file in safetensors format.",
        ) from error
    network.reset_classifier(0)  # type: ignore[operator]
    return network.eval().requires_grad_(False)


def state_sha256(network: nn.Module) -> str:
    """Return the SHA-256 of a network's state, by names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _local(weights: str, option: str) -> Path:
    path = Path(weights).expanduser()
    if path.suffix != ".safetensors" or not path.is_file():
        raise UnavailableError(
            f"{path} is not a safetensors file that is here.",
            hint=f"Set {option} to one; pickled files are not read.",
        )
    return path


def _from_hub(name: str) -> Path:
    import timm
    from huggingface_hub import hf_hub_download

    published = timm.get_pretrained_cfg(name)
    repository = published.hf_hub_id if published else None
    if not repository:
        raise UnavailableError(
            f"timm publishes no weights of {name} on the hub.",
            hint="Set `weights` of the extractor to a safetensors file.",
        )
    filename = published.hf_hub_filename or _FILENAME
    offline = is_offline()
    try:
        return Path(hf_hub_download(repository, filename, local_files_only=offline))
    except Exception as error:  # the hub's client raises what its transport does
        first_line = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise UnavailableError(
            f"The weights of timm's {name} are not on this machine and cannot be fetched: "
            f"{first_line}",
            hint=(
                f"Connect to the network, or download {filename} of "
                f"https://huggingface.co/{repository} elsewhere and set `weights` of the extractor "
                f"to its path."
            ),
        ) from error
