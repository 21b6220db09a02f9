"""Draw a station that was left out: its real record, the default backend, and the conditioned mean and draws.

    python -m tools.residuals.conditioned_pictures DATA_FOLDER [--event 0] [--station TOW2] [--out FOLDER]

Ridgecrest; the sources are the other stations of the network CI; the archive holds records of all other earthquakes.
"""

import argparse
import itertools
import tempfile
import warnings
from pathlib import Path

import numpy as np
import obspy

import seissynth
from seissynth.errors import SeisSynthWarning
from seissynth_plugins.conditioned.archive import learn_stations
from seissynth_plugins.conditioned.backend import ConditionedBackend
from tools.real_records._real_records import BLACK, BLUE, GREEN, ORANGE, PURPLE, new_figure, save_picture, styled
from tools.residuals._records import with_quantity

OUT = Path(__file__).resolve().parents[2] / "docs" / "_static" / "conditioned"
OPTIONS = {"velocity_model": "southern_california", "duration": 60.0, "start": 0, "seed": 4}
BACKEND = {"backend": ConditionedBackend, "magnitude_conversion": "southern_california"}
BAND_HZ = (1.0, 40.0)


def main():
    """Generate and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--event", type=int, default=0, help="number in the catalogue")
    parser.add_argument("--station", default="TOW2")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    folder = arguments.data / "ridgecrest_2019"
    inventory = obspy.read_inventory(str(folder / "inventory.xml")).select(network="CI")
    catalog = obspy.read_events(str(folder / "catalog.xml"))
    stream = with_quantity(obspy.read(str(folder / "waveforms.mseed")).select(network="CI"), inventory)
    event = catalog[arguments.event]
    time = event.origins[0].time
    observed = stream.slice(time - 20, time + 75)
    real = observed.select(station=arguments.station)
    source = obspy.Stream(trace for trace in observed if trace.stats.station != arguments.station)
    others = obspy.core.event.Catalog([one for one in catalog if one is not event])
    warnings.simplefilter("ignore", SeisSynthWarning)
    with tempfile.TemporaryDirectory() as place:
        weights = Path(place) / "ridgecrest.npz"
        count = learn_stations(
            weights, stream, inventory, others, velocity_model="southern_california",
            magnitude_conversion="southern_california",
        )  # fmt: skip
        print(f"archive: {count} records")
        made = {
            "default backend": _make(inventory.select(station=arguments.station), event, spread=False),
            "conditioned on 14 stations: mean": _make(inventory, event, source=source, spread=False),
            "conditioned: two draws": _make(inventory, event, source=source),
            "": _make(inventory, event, source=source, realization=1),
            "with an archive of its stations: mean": _make(
                inventory, event, source=source, spread=False, weights=weights
            ),
            "with an archive: a draw": _make(inventory, event, source=source, weights=weights),
        }
    rows = [("real, left out", real, BLACK)]
    colours = (BLUE, GREEN, ORANGE, ORANGE, PURPLE, PURPLE)
    rows += [
        (title, st.select(station=arguments.station), colour)
        for (title, st), colour in zip(made.items(), colours, strict=True)
    ]
    for title, st, _ in rows[1:]:
        about = st[0].stats.seissynth.truth
        print(f"{title or 'draw'}: ln PGA {about.get('ln_pga')} +- {about.get('ln_pga_std')}")
    save_picture(
        _draw(rows, time, f"CI.{arguments.station}, M {event.magnitudes[0].mag:.1f}"), arguments.out / "left_out.png"
    )


def _make(inventory, event, **options):
    return seissynth.generate(inventory, event, **BACKEND, **OPTIONS, **options)


@styled
def _draw(rows, time, title):
    """Component N over time, and spectra of the horizontals."""
    figure = new_figure(11, 9)
    grid = figure.add_gridspec(len(rows), 2, width_ratios=(2.4, 1))
    onsets = rows[1][1][0].stats.seissynth
    spectra = figure.add_subplot(grid[:, 1])
    first = None
    for number, (name, stream, colour) in enumerate(rows):
        axes = figure.add_subplot(grid[number, 0], sharex=first, sharey=first)
        first = axes if first is None else first
        trace = _filtered(stream.select(component="N")[0])
        axes.plot(trace.times() + (trace.stats.starttime - time), 1e3 * trace.data, color=colour, lw=0.6)
        for onset in (onsets.p_s, onsets.s_s):
            axes.axvline(onset, color="0.6", lw=0.7, zorder=0)
        axes.set_title(name if number else f"{title}: {name}", loc="left", fontsize=9)
        axes.set_xlim(0, 40)
        if number < len(rows) - 1:
            axes.tick_params(labelbottom=False)
        hz, amplitude = _spectrum(stream, time)
        spectra.loglog(hz, amplitude, color=colour, lw=0.9 if number else 1.8, zorder=2 if number else 3)
    axes.set_xlabel("Time after origin (s)")
    figure.supylabel("Velocity, north (mm/s)", fontsize=9)
    spectra.set(xlim=(0.8, 40), xlabel="Frequency (Hz)", title="Velocity spectra, horizontals (m), colours as left")
    return figure


def _filtered(trace):
    out = trace.copy()
    if out.stats.get("seissynth", {}).get("quantity") == "acceleration":
        out.detrend("demean").integrate()
    return out.detrend("demean").filter("bandpass", freqmin=BAND_HZ[0], freqmax=BAND_HZ[1])


def _spectrum(stream, time):
    """Smoothed Fourier amplitude of both horizontals from origin to 40 s after it."""
    power = 0.0
    for trace in stream.select(component="[NE]"):
        one = _filtered(trace).trim(time, time + 40, pad=True, fill_value=0.0)
        one.taper(0.05)
        spectrum = np.abs(np.fft.rfft(one.data, 4096)) / one.stats.sampling_rate
        power = power + spectrum**2
    hz = np.fft.rfftfreq(4096, 0.01)
    edges = np.geomspace(0.8, 40, 36)
    middle = np.sqrt(edges[1:] * edges[:-1])
    means = [power[(hz >= a) & (hz < b)].mean() if ((hz >= a) & (hz < b)).any() else np.nan
             for a, b in itertools.pairwise(edges)]  # fmt: skip
    return middle, np.sqrt(means)


if __name__ == "__main__":
    main()
