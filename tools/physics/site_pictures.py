"""Draw real records beside generated ones at boreholes and with surface waves, and the ratio of depth to surface.

    python -m tools.physics.site_pictures DATA [-o docs/_static/sites]

DATA holds ``ridgecrest_2019/`` and ``germany_regional/``. The event is the first M4, the clearest one at the boreholes;
generated records have
seed 1 and the depths of `compare_boreholes`.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

import seissynth
from seissynth_plugins.stochastic.borehole import depth_over_surface, mean_power
from seissynth_plugins.stochastic.site_profile import generic_profile
from tools.physics._envelopes import generate, load
from tools.physics.compare_boreholes import BURIED, DEPTHS_M, OUT, without_geophone
from tools.real_records import _real_records as real
from tools.real_records.compare_ridgecrest import LEAD_S, OPTIONS, Data

BAND_HZ, SHOWN_S = (1.0, 20.0), (-2.0, 18.0)
RAY_S_KM = 0.2
LOW_BAND_HZ = (0.08, 0.4)


@real.styled
def draw_boreholes(data):
    """Velocity of an M4 at the three boreholes, generated over real, one scale per record."""
    index = 0
    stream = seissynth.generate(
        data.inventory, data.events[index], start=-LEAD_S, duration=80.0, seed=1, conditions=BURIED, **OPTIONS
    )
    made = real.by_station(stream)
    figure = real.new_figure(11, 7.5)
    panels = figure.subplots(3, 3, sharex=False)
    for column, name in enumerate(DEPTHS_M):
        p = data.onsets[index][name][0]
        observed, quantity, _ = data.window(index, name)
        observed = without_geophone(real.in_band(observed, 100.0, quantity, "velocity", BAND_HZ), 100.0, 2.0)
        generated = real.band_pass(np.array([t.data for t in made[name]], dtype=float), 100.0, BAND_HZ)
        info = made[name][0].stats.seissynth
        time = np.arange(min(observed.shape[-1], generated.shape[-1])) / 100.0 - LEAD_S
        for row, component in enumerate(("Z", "1", "2")):
            axes = panels[row, column]
            for shift, trace, colour in ((1, observed, real.BLACK), (-1, generated, real.GREEN)):
                part = trace[row, : len(time)]
                size = np.abs(part[(time > p - 1) & (time < p + SHOWN_S[1])]).max()
                axes.plot(time, part / size + shift, color=colour, linewidth=0.6)
                axes.text(p + SHOWN_S[1], shift + 0.5, f"{1e6 * size:.3g} µm/s", ha="right", fontsize=8)
            for onset in (info.p_s, info.s_s):
                axes.axvline(onset, color=real.BLACK, linestyle=":", linewidth=0.8)
            axes.set_xlim(p + SHOWN_S[0], p + SHOWN_S[1])
            axes.set_yticks([])
            axes.set_ylabel(component)
        panels[0, column].set_title(f"{name}, {DEPTHS_M[name]:g} m")
        panels[2, column].set_xlabel("s after origin")
    return figure


@real.styled
def draw_ratio():
    """Ratio of depth to surface for S in generic layers: one velocity, and the mean over velocities."""
    frequency = np.linspace(0.05, 20.0, 2000)
    figure = real.new_figure(8, 4)
    axes = figure.subplots()
    for depth_m, colour in ((50.0, real.GREEN), (150.0, real.BLUE), (500.0, real.PURPLE)):
        above = generic_profile(760.0, depth_m).above(depth_m)
        layers = [(h / 1000, v / 1000, rho, q) for h, v, rho, q in above[[0, 1, 3, 4]].T]
        sharp = np.abs(depth_over_surface(frequency, layers, RAY_S_KM))
        axes.loglog(frequency, sharp, color=colour, linewidth=0.5)
        axes.loglog(frequency, np.sqrt(mean_power(frequency, layers, RAY_S_KM)), color=colour, label=f"{depth_m:g} m")
    axes.set_ylim(0.03, 1.5)
    axes.set_xlabel("frequency, Hz")
    axes.set_ylabel("depth over surface")
    axes.legend()
    return figure


@real.styled
def draw_surface_waves(folder):
    """A shallow earthquake in Germany below 0.5 Hz: real, and generated without and with surface waves."""
    found = [one for one in load("germany", folder) if one.depth_km < 5 and 150 < one.distance_km < 250]
    one = found[0]
    rows = [("real", real.BLACK, one.data)]
    for share, label, colour in ((0.0, "without", real.BLUE), (0.95, "with", real.GREEN)):
        rows.append((label, colour, generate([one], preset="stable", surface_wave_share=share)[0]))
    figure = real.new_figure(10, 6)
    panels = figure.subplots(3, 1, sharex=True)
    time = one.start + np.arange(one.data.shape[1]) / one.rate
    sections = butter(3, LOW_BAND_HZ, "bandpass", fs=one.rate, output="sos")
    for axes, place, component in zip(panels, range(3), ("Z", "horizontal", "other horizontal"), strict=True):
        for k, (label, colour, data) in enumerate(rows):
            part = sosfilt(sections, data[place] - data[place][: int(one.p * one.rate)].mean())
            axes.plot(time, part / np.abs(part).max() - 2 * k, color=colour, linewidth=0.8, label=label)
        axes.axvline(one.start + one.s, color=real.BLACK, linestyle=":", linewidth=0.8)
        axes.set_yticks([])
        axes.set_ylabel(component)
        axes.set_xlim(one.start + one.p - 5, one.start + one.p + 150)
    panels[0].legend(loc="upper right", ncols=3)
    panels[0].set_title(f"{one.station}, {one.distance_km:.0f} km, depth {one.depth_km:g} km")
    panels[-1].set_xlabel("s after origin")
    return figure


def main():
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    real.save_picture(draw_boreholes(Data(arguments.data)), arguments.out / "boreholes.png")
    real.save_picture(draw_ratio(), arguments.out / "borehole_ratio.png")
    real.save_picture(draw_surface_waves(arguments.data), arguments.out / "surface_waves.png")


if __name__ == "__main__":
    main()
