"""HEGGS: latent diffusion of log spectrograms that learns from pairs of records of one earthquake."""

from seissynth.shared.former_names import keep_former_names

_NETWORKS = (
    "acm", "autoencoder", "blocks", "condition_encoder", "config", "model", "named_configs", "phase", "unet",
)  # fmt: skip
_TRAINING = (
    "augmentation", "data", "monitoring", "onset_terms", "run_folder", "site_noise_fit", "spread_fit",
)  # fmt: skip
#: moved to the module that all learned backends share
_SHARED = ("noise_rows", "stages", "training_rows")

keep_former_names(
    __name__,
    {name: f"networks.{name}" for name in _NETWORKS}
    | {name: f"training.{name}" for name in _TRAINING}
    | {f"training.{name}": f"seissynth_plugins.torchkit.{name}" for name in _SHARED}
    | {"stages": "seissynth_plugins.torchkit.stages"},
)
