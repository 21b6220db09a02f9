"""Sizes and choices of the latent diffusion baseline (appendix E.4 of the HEGGS paper)."""

from dataclasses import dataclass, field, replace

from seissynth.errors import InputError
from seissynth_plugins.heggs.networks.config import (
    SPECTROGRAM,
    ACMConfig,
    AutoencoderConfig,
    ConditionConfig,
    UNetConfig,
)
from seissynth_plugins.heggs.networks.named_configs import SIZES as HEGGS_SIZES
from seissynth_plugins.torchkit.named_configs import build_named


@dataclass(frozen=True)
class LdmConfig:
    """Everything that defines the baseline and its two losses.

    Parameters
    ----------
    autoencoder, unet, condition : dataclasses of `seissynth_plugins.heggs.networks.config`
    acm : ACMConfig or None
        Amplitude correction as the decoder's last part, trained with the autoencoder.
    pairs : bool
        Add the noise to the latent of another record of the same earthquake (eq. 16), else to the target's (eq. 15).
    kl_weight : float
        Weight of the divergence, summed over the latent and divided by the cells of a spectrogram.
    adversarial_weight : float
        Weight of the patch critic.
    adversarial_start : int
        Steps of the optimisers in the first stage before the critic is used.
    critic_channels : int
    schedule, zero_terminal_snr, steps, loss_weight, normalised_waveforms, residuals, residual_records,
    residual_flow, flow_stations
        As in `seissynth_plugins.heggs.networks.config.HeggsConfig`.
    """

    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    unet: UNetConfig = field(default_factory=UNetConfig)
    condition: ConditionConfig = field(default_factory=ConditionConfig)
    acm: ACMConfig | None = None
    pairs: bool = False
    kl_weight: float = 1e-6
    adversarial_weight: float = 0.1
    adversarial_start: int = 1000
    critic_channels: int = 32
    schedule: str = "scaled_linear"
    zero_terminal_snr: bool = True
    steps: int = 1000
    loss_weight: str = "uniform"
    normalised_waveforms: bool = False
    residuals: int = 0
    residual_records: int = 0
    residual_flow: int = 0
    flow_stations: int = 0

    def __post_init__(self):
        for name in ("kl_weight", "adversarial_weight", "adversarial_start", "residuals", "residual_records",
                     "residual_flow", "flow_stations"):  # fmt: skip
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}={getattr(self, name)} must be 0 or more.")
        if self.critic_channels < 1:
            raise InputError(f"critic_channels={self.critic_channels} must be 1 or more.")

    @property
    def latent_shape(self):
        """Shape of one latent: channels, rows, columns."""
        factor = self.autoencoder.factor
        return (self.autoencoder.latent_channels, *(n // factor for n in SPECTROGRAM[1:]))


def _like_heggs(size, **changes):
    heggs = HEGGS_SIZES[size]
    shared = {name: getattr(heggs, name) for name in ("autoencoder", "unet", "condition", "zero_terminal_snr", "steps")}
    return LdmConfig(**shared, **changes)


SIZES = {
    "paper": _like_heggs("paper", critic_channels=64),
    "small": _like_heggs("small"),
    "tiny": _like_heggs("tiny", critic_channels=4, adversarial_start=0),
}


def _with_acm(config):
    heggs = {SIZES[name].autoencoder: size.acm for name, size in HEGGS_SIZES.items()}
    return replace(config, acm=heggs[config.autoencoder])


_VARIANTS = {
    "pairs": lambda c: replace(c, pairs=True),
    "acm": _with_acm,
    "normalised": lambda c: replace(c, normalised_waveforms=True),
    "onsets": lambda c: replace(c, unet=replace(c.unet, onset_maps=2)),
}

#: rows of table 3 of the paper -> model, and the variants in the name of its configuration
TABLE_3 = {
    "LDM*": ("ldm", "+normalised"),
    "LDM + pairs*": ("ldm", "+normalised+pairs"),
    "+ end-to-end": ("heggs", "+without_acm"),
    "+ ACM (HEGGS)": ("heggs", ""),
    "LDM + ACM": ("ldm", "+acm"),
    "LDM + ACM + pairs": ("ldm", "+acm+pairs"),
    "HEGGS without pairs": ("heggs", "+without_pairs"),
}


def named_config(name):
    """Return a configuration by its name: a size, or a size and variants joined by ``+``.

    Parameters
    ----------
    name : str
        `paper`, `small` or `tiny`, followed by any of `pairs`, `acm`, `normalised` and `onsets`: ``"small+acm+pairs"``.

    Returns
    -------
    LdmConfig

    Raises
    ------
    InputError
        No such size or variant.

    Examples
    --------
    >>> from seissynth_plugins.ldm.config import named_config
    >>> named_config("small+acm+pairs").pairs
    True
    """
    return build_named(name, SIZES, _VARIANTS, "ldm")
