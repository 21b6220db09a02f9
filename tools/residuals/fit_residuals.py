"""Fit the portable residual model to the Ridgecrest records: patterns, hyper-parameters, calibration of peaks.

    python -m tools.residuals.fit_residuals DATA_FOLDER [--out FILE]

Writes the file that comes with the backend "conditioned", and its card. Boreholes and sensors of nominal gain are left
out.
"""

import argparse
import hashlib
from pathlib import Path

from seissynth_plugins.conditioned.backend import SHIPPED
from seissynth_plugins.residuals.kernel import NAMES
from seissynth_plugins.residuals.weights import ResidualModel, write_model
from tools.residuals._fits import fit_calibration, fit_model, shown
from tools.residuals._residuals import UNUSUAL, residual_records


def main():
    """Read the records, fit, write the model and the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    records = residual_records("ridgecrest", arguments.data).usual()
    records = records.select(shown(records))
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
        "data": hashlib.sha256((arguments.data / "ridgecrest_2019" / "waveforms.mseed").read_bytes()).hexdigest()[:16],
        "command": "python -m tools.residuals.fit_residuals DATA_FOLDER",
    }
    digest = write_model(arguments.out, ResidualModel(model.patterns, model.parameters, about))
    card = arguments.out.with_name("CARD.md")
    card.write_text(_card(arguments.out, digest, about, model, records), encoding="utf-8")
    print(card.read_text(encoding="utf-8"))


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
        lines += [f"| {m}{title} | {c['spread']:.2f} | {c['texture']:.2f} |" for m, c in about[key].items()]
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
    return "\n".join(lines)


if __name__ == "__main__":
    main()
