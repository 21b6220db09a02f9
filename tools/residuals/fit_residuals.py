"""Fit the portable residual model to the Ridgecrest records: patterns, hyper-parameters, calibration of peaks.

    python -m tools.residuals.fit_residuals DATA_FOLDER [--psa-only] [--out FILE]

Writes the file that comes with the backend "conditioned", and its card. Boreholes and sensors of nominal gain are left
out. With --psa-only patterns, constants and calibrations of the file stay, and that of PSA is fitted to them anew:
records stay the same.
"""

import argparse
import hashlib
from pathlib import Path

from seissynth_plugins.conditioned.backend import SHIPPED
from seissynth_plugins.conditioned.peaks import MEASURES
from seissynth_plugins.residuals.kernel import NAMES
from seissynth_plugins.residuals.weights import ResidualModel, read_model, write_model
from tools.residuals._fits import fit_calibration, fit_model, shown
from tools.residuals._residuals import UNUSUAL, residual_records

#: periods at which PSA is calibrated, s, over the range that is predicted
PERIODS_S = (0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0)


def main():
    """Read the records, fit, write the model and the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--psa-only", action="store_true", help="calibrate PSA, and leave all else as it is")
    arguments = parser.parse_args()
    records = residual_records("ridgecrest", arguments.data, periods_s=PERIODS_S).usual()
    records = records.select(shown(records))
    model, about = _with_psa(records) if arguments.psa_only else _fitted(records, arguments.data)
    digest = write_model(arguments.out, ResidualModel(model.patterns, model.parameters, about))
    card = arguments.out.with_name("CARD.md")
    card.write_text(_card(arguments.out, digest, about, model, records), encoding="utf-8")
    print(card.read_text(encoding="utf-8"))


def _fitted(records, folder):
    """A model of the records, and what its header says."""
    model = fit_model(records)
    about = {
        **model.about,
        "calibration_archive": fit_calibration(model, records, archive=True),
        "name": "portable residuals of the default backend",
        "licence": "MIT",
        "region": "Ridgecrest, California",
        "records": len(records),
        "earthquakes": len(set(records.event.tolist())),
        "stations": len(set(records.places.station.tolist())),
        "left out": list(UNUSUAL),
        "mean": {"preset": "auto", "magnitude_conversion": "southern_california"},
        "data": hashlib.sha256((folder / "ridgecrest_2019" / "waveforms.mseed").read_bytes()).hexdigest()[:16],
        "command": "python -m tools.residuals.fit_residuals DATA_FOLDER",
    }
    return model, about


def _with_psa(records):
    """The model that ships, and its header with PSA calibrated on the records."""
    model, _ = read_model(SHIPPED)
    about = dict(model.about)
    for key, archive in (("calibration", False), ("calibration_archive", True)):
        about[key] = {**about[key], "psa": fit_calibration(model, records, archive=archive)["psa"]}
    about["psa"] = {"records": len(records), "command": f"{about['command']} --psa-only"}
    return model, about


def _card(path, digest, about, model, records):
    """The card as Markdown."""
    places = records.places
    rows = [
        ("file", f"`{path.name}`, {path.stat().st_size / 1e3:.0f} kB, hash {digest}"),
        ("licence", about["licence"]),
        ("what", f"{len(model.patterns)} patterns of residuals in 2 x 10 x 41 cells, and 12 hyper-parameters of each"),
        (
            "fitted on",
            f"{about['records']} records of {about['earthquakes']} earthquakes at {about['stations']} stations",
        ),
        ("region", f"{about['region']}; no record is in the file, and no station is known to it"),
        ("left out", ", ".join(about["left out"]) + ": boreholes of nominal depth 0, and nominal gains"),
        ("residuals from", "the default backend, preset `auto`, `southern_california` conversion of magnitudes"),
        ("magnitude", f"{places.magnitude.min():.1f} to {places.magnitude.max():.1f}"),
        ("hypocentral distance", f"{places.distance_km.min():.0f} to {places.distance_km.max():.0f} km"),
        ("depth", f"{places.depth_km.min():.0f} to {places.depth_km.max():.0f} km"),
        ("noise of a cell", f"{model.patterns.noise:.3f} ln amplitude"),
        ("hash of the waveforms", about["data"]),
    ]
    lines = ["# Residuals of the default backend: portable", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in rows]
    lines += ["", "## Calibration of peaks", "", "| peak | factor on the spread | texture, ln |", "|---|---|---|"]
    for key, title in (("calibration", ""), ("calibration_archive", ", with an archive of the stations")):
        found = about[key]
        rows = [(m, found[m]["spread"], found[m]["texture"]) for m in MEASURES]
        columns = (found["psa"][name] for name in ("periods_s", "spread", "texture"))
        rows += [(f"psa({period:g} s)", *pair) for period, *pair in zip(*columns, strict=True)]
        lines += [f"| {m}{title} | {spread:.2f} | {texture:.2f} |" for m, spread, texture in rows]
    lines += [
        "",
        "## Hyper-parameters of the five strongest patterns",
        "",
        "| | 1 | 2 | 3 | 4 | 5 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | " + " | ".join(f"{value:.3g}" for value in column[:5]) + " |"
        for name, column in zip(NAMES, model.parameters.T, strict=True)
    ]
    lines += ["", "Scores on earthquakes that a fit did not see, and on other regions: docs/conditioned.md.", ""]
    lines += ["## Fit again", "", f"    {about['command']}", ""]
    if "psa" in about:
        lines += [
            f"PSA was calibrated later than the rest, on {about['psa']['records']} records, against the default "
            "backend of that time:",
            "", f"    {about['psa']['command']}", "",
        ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    main()
