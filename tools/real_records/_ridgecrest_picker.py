"""PhaseNet on the real and on the generated records of the Ridgecrest sequence; needs SeisBench."""

import numpy as np

import seissynth
from tools.real_records import _real_records as real

THRESHOLD = 0.3
NEAR_S = {"P": 2.0, "S": 3.0}  # a pick belongs to a record within this of its reference
FOUND_S = 0.5
WINDOW_S = 60.0
CLASSES = ((-1.0, 1.5), (1.5, 3.0), (3.0, 7.0))


def load_picker(path):
    """PhaseNet of SeisBench with the weights of a file."""
    import seisbench.models
    import torch

    picker = seisbench.models.PhaseNet(phases="NPS", norm="std", component_order="ENZ")
    picker.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    return picker.eval()


def probabilities(picker, stream):
    """(station, phase) -> (start time, rate, probability)."""
    out = {}
    for trace in picker.annotate(stream):
        phase = trace.stats.channel[-1]
        if phase in NEAR_S:
            key = (f"{trace.stats.network}.{trace.stats.station}", phase)
            out[key] = (trace.stats.starttime, trace.stats.sampling_rate, trace.data)
    return out


def most_probable(found, time, reach_s):
    """Pick minus `time`, s, of the most probable sample within `reach_s`; NaN below the threshold."""
    start, rate, probability = found
    middle = (time - start) * rate
    first, last = max(int(np.ceil(middle - reach_s * rate)), 0), int(middle + reach_s * rate) + 1
    part = probability[first:last]
    if not len(part) or np.isnan(part).all() or np.nanmax(part) < THRESHOLD:
        return np.nan
    return (first + int(np.nanargmax(part)) - middle) / rate


def pick_real(data, picker, models):
    """Rows: event, station, phase, model -> pick - model onset on the real, continuous records."""
    found = probabilities(picker, data.stream)
    rows = []
    for model in models:
        for i, origin in enumerate(data.origins):
            for name, (p, s, _) in data.model_onsets(i, model).items():
                for phase, onset in (("P", p), ("S", s)):
                    late = most_probable(found[name, phase], origin + onset, NEAR_S[phase])
                    rows.append((model, data.magnitudes[i], name, phase, late, i))
    return rows


def pick_generated(data, picker, noise, model, seed=7):
    """The same on generated counts with noise, against their own labels; windows start at random."""
    rng = np.random.default_rng(seed)
    rows = []
    for i, event in enumerate(data.events):
        stream = seissynth.generate(
            data.inventory, event, output="RAW", noise=noise, start=-float(rng.uniform(3.0, 30.0)), duration=WINDOW_S,
            velocity_model=model, magnitude_conversion="closure", seed=seed,
        )  # fmt: skip
        found = probabilities(picker, stream)
        for trace in stream.select(channel="*Z"):
            info, name = trace.stats.seissynth, f"{trace.stats.network}.{trace.stats.station}"
            for phase, onset in (("P", info.p_s), ("S", info.s_s)):
                late = most_probable(found[name, phase], info.origin_time + onset, NEAR_S[phase])
                rows.append((model, data.magnitudes[i], name, phase, late, i))
    return rows


def compare_picks(data, path, out):
    """Write the tables of onsets and of the picker's picks, and a picture of both."""
    picker = load_picker(path)
    models = ("southern_california", "iasp91")
    observed = pick_real(data, picker, models)
    quiet = data.stream.slice(endtime=data.origins[0] - 1.0)
    made = {
        "real noise": pick_generated(data, picker, quiet, models[0]),
        "noise='nlnm'": pick_generated(data, picker, "nlnm", models[0]),
    }
    lines = []
    for model in models:
        for phase in NEAR_S:
            late = [row[4] for row in observed if row[0] == model and row[3] == phase]
            stats = real.summary([-x for x in late])
            absolute = np.nanmean(np.abs(late))
            lines.append(
                [
                    model,
                    phase,
                    len(late),
                    stats["n"],
                    real.with_interval(stats),
                    f"{stats['sd']:.2f}",
                    f"{absolute:.2f}",
                ]
            )
    real.write_markdown(
        out / "ridgecrest_onsets.md",
        ["model", "phase", "records", "with a pick", "model - pick (s), median [95 %]", "sd (s)", "mean absolute (s)"],
        lines,
    )  # fmt: skip
    lines = []
    sources = {"real": [row for row in observed if row[0] == models[0]], **made}
    for low, high in CLASSES:
        for phase in NEAR_S:
            for source, rows in sources.items():
                late = np.array([row[4] for row in rows if row[3] == phase and low <= row[1] < high])
                near = np.isfinite(late)
                close = near & (np.abs(np.nan_to_num(late, nan=99.0)) <= FOUND_S)
                stats = real.summary(late[near])
                lines.append(
                    [
                        f"{max(low, 0):g} to {high:g}",
                        phase,
                        source,
                        len(late),
                        f"{100 * near.mean():.1f}",
                        f"{100 * close.mean():.1f}",
                        real.with_interval(stats, 3),
                        f"{stats['sd']:.2f}",
                    ]
                )
    header = [
        "ML",
        "phase",
        "records",
        "n",
        f"picked within ±{NEAR_S['P']:g} s (P), ±{NEAR_S['S']:g} s (S), %",
        "within ±0.5 s, %",
        "pick - label (s), median [95 %]",
        "sd (s)",
    ]
    real.write_markdown(out / "ridgecrest_picker.md", header, lines)
    real.save_picture(_draw(sources), out / "ridgecrest_picks.png")


@real.styled
def _draw(sources):
    figure = real.new_figure(9.5, 3.6)
    axes = figure.subplots(1, 2)
    colours = {"real": real.BLACK, "real noise": real.GREEN, "noise='nlnm'": real.ORANGE}
    names = {
        "real": "real records, label: model onset",
        "real noise": "generated, real noise",
        "noise='nlnm'": "generated, noise='nlnm'",
    }
    for panel, phase in zip(axes, NEAR_S, strict=True):
        for source, rows in sources.items():
            late = [row[4] for row in rows if row[3] == phase and np.isfinite(row[4])]
            panel.hist(
                late,
                bins=np.arange(-1.5, 1.55, 0.05),
                histtype="step",
                color=colours[source],
                linewidth=1.3,
                label=names[source],
            )
        panel.set(title=f"{phase}, picks with probability 0.3 or more", xlabel="Pick - label (s)", ylabel="Records")
        panel.grid(True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
