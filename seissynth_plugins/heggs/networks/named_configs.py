"""The configurations of HEGGS that have a name: the published size and ours, and the ablations."""

from dataclasses import replace

from seissynth_plugins.heggs.networks.config import (
    CONDITION_SIZE,
    ACMConfig,
    AutoencoderConfig,
    ConditionConfig,
    HeggsConfig,
    UNetConfig,
)
from seissynth_plugins.torchkit.named_configs import build_named

_SMALL = HeggsConfig()
_PAPER = HeggsConfig(
    autoencoder=AutoencoderConfig(128, (1, 2, 4), 2, 64, middle_attention=True, groups=32, patch=1),
    unet=UNetConfig(128, (1, 2, 2), 2, (True, True, True), head_channels=32, groups=32, adaln=False, positions=False),
    condition=ConditionConfig(hidden=512, width=256, tokens=1),
    acm=ACMConfig(64, (2, 1), kernel=31, norm="instance", dropout=0.2),
    zero_terminal_snr=False,
    same_share=0.0,
    last_share=0.0,
    normalise_latents=False,
    autoencoder_weight=0.0,
    latent_weight=0.0,
)
_TINY = HeggsConfig(
    autoencoder=AutoencoderConfig(8, (1, 1, 2), 1, 4, groups=4, patch=1),
    unet=UNetConfig(16, (1, 1), 1, (False, True), head_channels=8, groups=4),
    condition=ConditionConfig(hidden=16, width=16, tokens=3),
    acm=ACMConfig(8, (8, 8), blocks=1, heads=2, kernel=3, dense_layers=2),
    steps=100,
)

SIZES = {"paper": _PAPER, "small": _SMALL, "tiny": _TINY}

#: settings that each variant changes; table 3 of the paper and our own experiments
_VARIANTS = {
    "without_acm": lambda c: replace(c, acm=None),
    "without_pairs": lambda c: replace(c, same_share=1.0),
    "log1p": lambda c: replace(c, acm=replace(c.acm, domain="log1p")),
    "one_token": lambda c: replace(c, condition=replace(c.condition, tokens=1), unet=replace(c.unet, adaln=False)),
    "tokens": lambda c: replace(
        c, condition=replace(c.condition, tokens=CONDITION_SIZE), unet=replace(c.unet, adaln=False)
    ),
    "adaln": lambda c: replace(c, unet=replace(c.unet, attention=(False,) * len(c.unet.attention), adaln=True)),
    "untied": lambda c: replace(c, same_share=0.0, normalise_latents=False, autoencoder_weight=0.0, latent_weight=0.0),
    "condition_start": lambda c: replace(c, noised="target", source_input=True, same_share=0.0),
    "onsets": lambda c: replace(c, unet=replace(c.unet, onset_maps=2)),
    "even_steps": lambda c: replace(c, last_share=0.0),
    "without_positions": lambda c: replace(c, unet=replace(c.unet, positions=False)),
    "min_snr_x0": lambda c: replace(c, loss_weight="min_snr_x0"),
    "min_snr_eps": lambda c: replace(c, loss_weight="min_snr_eps"),
    "ldm_schedule": lambda c: replace(c, zero_terminal_snr=False),
}


def named_config(name):
    """Return a configuration by its name: a size, or a size and variants joined by ``+``.

    Parameters
    ----------
    name : str
        A size (`paper`, `small`, `tiny`), followed by any of `variant_names`: ``"small+without_acm"``.

    Returns
    -------
    HeggsConfig

    Raises
    ------
    InputError
        No such size or variant.

    Examples
    --------
    >>> from seissynth_plugins.heggs.networks.named_configs import named_config
    >>> named_config("small").latent_shape, named_config("small+without_acm").acm
    ((8, 16, 94), None)
    """
    return build_named(name, SIZES, _VARIANTS, "heggs")


def variant_names():
    """Return the variants that can follow a size."""
    return tuple(_VARIANTS)
