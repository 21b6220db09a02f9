"""Common options of trainings of waveform GANs: the averaged part, and the figure that selects the best weights."""

#: a critic's loss does not rank weights, so the correlation of envelopes on the validation part does; batch
#: normalisation's statistics are averaged with the generator's weights
COMMON = {
    "decay": "constant", "clip": None, "weight_decay": 0.0, "ema": 0.999, "ema_parts": ("generator",),
    "ema_buffers": "average", "best_by": "envelope_correlation", "best_is": "max",
}  # fmt: skip
#: for tests
TINY = {**COMMON, "steps": 40, "batch_size": 8, "learning_rate": 1e-3, "ema": 0.9, "validate_every": 20}
