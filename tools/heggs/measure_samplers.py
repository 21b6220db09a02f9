"""Measure the samplers on a Gaussian, where the exact result is known.

    python -m tools.heggs.measure_samplers [--out FOLDER]

Needs PyTorch, some seconds. Tables go to ``docs/_static/models``; ``docs/learned_models.md`` includes them.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from seissynth_plugins.torchkit.noise import NoiseSchedule
from seissynth_plugins.torchkit.samplers import record_generators, sample, start_noise

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "models"
MEAN = 0.7
COUNTS = (20, 40, 80, 160, 320)
STEPS = (2, 3, 5, 8, 10, 15, 20, 50)
TRIED = (
    ("ddpm", "time"), ("ddpm", "log_snr"), ("ddim", "time"), ("ddim", "log_snr"), ("dpmpp_2m", "time"),
    ("dpmpp_2m", "log_snr"),
)  # fmt: skip


def denoiser(schedule, spread):
    """Return the perfect network: E[x0 | z_t] of data that are normal with mean MEAN and that spread."""

    def denoise(z, t):
        a, v = schedule.alpha(t, z), schedule.sigma(t, z) ** 2
        return MEAN + a * spread**2 / (a**2 * spread**2 + v) * (z - a * MEAN)

    return denoise


def orders():
    """Errors against the exact flow between two steps that are not the ends, and the order they fall with."""
    lines = ["| sampler | schedule | " + " | ".join(f"{n} steps" for n in COUNTS) + " | order |"]
    lines.append("|---" * (len(COUNTS) + 3) + "|")
    z, spread = torch.linspace(-2, 2, 9, dtype=torch.float64).reshape(-1, 1), 0.4
    for method in ("ddim", "dpmpp_2m"):
        for kind in ("scaled_linear", "cosine"):
            schedule = NoiseSchedule(kind, 20_000, beta_start=0.00085 / 20, beta_end=0.012 / 20)
            kept = schedule.alpha_bar
            (a, w), (b, x) = (
                (kept[i].sqrt(), (kept[i] * spread**2 + 1 - kept[i]).sqrt()) for i in (16_000, 1_000)
            )  # the flow keeps the standardised value
            exact = b * MEAN + x / w * (z - a * MEAN)
            errors = [
                float((sample(denoiser(schedule, spread), z, schedule, method, n, start_step=16_000, end_step=1_000)
                       - exact).abs().max())
                for n in COUNTS
            ]  # fmt: skip
            order = np.log2(errors[-2] / errors[-1])
            cells = " | ".join(f"{error:.1e}" for error in errors)
            lines.append(f"| `{method}` | {kind} | {cells} | {order:.2f} |")
    return lines


def spreads():
    """Spread of the samples over that of the data, from pure noise to clean data."""
    lines = ["| sampler | spacing | schedule | data's spread | " + " | ".join(f"{n}" for n in STEPS) + " |"]
    lines.append("|---" * (len(STEPS) + 4) + "|")
    for method, spacing in TRIED:
        for kind in ("scaled_linear", "cosine"):
            for spread in (0.1, 0.4):
                schedule = NoiseSchedule(kind)
                z = start_noise(range(8), (500,), dtype=torch.float64)
                cells = []
                for steps in STEPS:
                    draws = record_generators(range(8))
                    out = sample(
                        denoiser(schedule, spread), z, schedule, method, steps, generators=draws, spacing=spacing
                    )
                    cells.append(f"{float(out.std()) / spread:.2f}")
                lines.append(f"| `{method}` | {spacing} | {kind} | {spread} | {' | '.join(cells)} |")
    return lines


def main():
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    torch.set_num_threads(1)  # the tensors are small
    out.mkdir(parents=True, exist_ok=True)
    for name, lines in (("sampler_order", orders()), ("sampler_spread", spreads())):
        text = "\n".join([*lines, "", "Made by `python -m tools.heggs.measure_samplers`."]) + "\n"
        (out / f"{name}.md").write_text(text, encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
