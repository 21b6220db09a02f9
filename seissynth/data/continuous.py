"""From continuous records to a data set of event windows, in SeisBench's format.

Windows are aligned to origin time, hold motion of a stated quantity, and each carries what is known of its quality:
gaps, clipping, signal to noise, where P and S come from, and when the next earthquake sets in. `seissynth dataset
cut` is the command.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from seissynth._folder_lock import fills
from seissynth.data._archive import Archive
from seissynth.data._atomic import replacing
from seissynth.data._cut_blocks import make_blocks, open_sensors
from seissynth.data._cut_paths import make_table, read_picks
from seissynth.data._cut_rows import SensorCutter
from seissynth.data._cut_settings import RULES, UNITS, CutReport, CutSettings
from seissynth.data.pickers import make_picker
from seissynth.errors import InputError

__all__ = ["RULES", "CutReport", "CutSettings", "cut_events"]

#: rows that are handed to the writer at once
_ROWS = 64


@fills("output", "cutting windows")
def cut_events(waveforms, inventory, catalog, output, settings=None, *, overwrite=False, progress=None):
    """Cut the windows of a catalogue's earthquakes, and windows of noise, out of continuous records.

    Parameters
    ----------
    waveforms : str, path, list of these, or obspy Stream
        Files, folders or patterns of counts, in any format that ObsPy reads. Headers are read first, samples when
        their time has come: one sensor and `block_s` seconds are in memory at once.
    inventory : obspy Inventory
    catalog : obspy Catalog or Event
    output : str or path
        Folder to be made: ``metadata.csv``, ``waveforms.hdf5`` and ``cut_report.json``. It appears complete or not
        at all.
    settings : CutSettings, optional
    overwrite : bool
        Replace a data set that is there.
    progress : callable, optional
        Called with (blocks done, blocks in all).

    Returns
    -------
    CutReport

    Raises
    ------
    InputError
        No usable earthquake, sensor or window.
    FileFormatError
        Waveforms that ObsPy cannot read.

    Warns
    -----
    SeisSynthWarning
        Earthquakes, stations and files that are left out, each named.
    """
    from seissynth.data.seisbench import DatasetWriter
    from seissynth.earthquakes import read_earthquakes

    settings = settings or CutSettings()
    picker = make_picker(settings.picker)
    archive = Archive(waveforms)
    quakes = sorted(read_earthquakes(catalog), key=lambda quake: quake.time.ns)
    picks = [read_picks(quake) for quake in quakes]
    blocks = make_blocks(archive, inventory, settings)
    report = CutReport()
    used, tables = set(), {}
    with DatasetWriter(
        output,
        component_order="ZNE",
        sampling_rate_hz=settings.rate_hz,
        unit=UNITS[settings.quantity],
        quantity=settings.quantity,
        extra_format={"preparation": settings.preparation.to_json()},
        overwrite=overwrite,
    ) as writer:
        batch = _Batch(writer)
        for number, (first_ns, last_ns) in enumerate(blocks):
            for sensor in open_sensors(inventory, archive, first_ns, settings, report):
                key = _key(sensor)
                used.add(sensor.id)
                if key not in tables:
                    tables[key] = make_table(quakes, sensor, settings, _gain(sensor, settings))
                cutter = SensorCutter(archive, sensor, quakes, picks, tables[key], settings, picker, report)
                for row, data in cutter.rows(first_ns, last_ns):
                    batch.add(row, data)
            if progress is not None:
                progress(number + 1, len(blocks))
        batch.flush()
        report.events, report.sensors = len(quakes), len(used)
        if not (report.written or report.noise):
            raise InputError(_nothing(report, quakes, archive))
    with replacing(Path(output) / "cut_report.json") as beside:
        text = json.dumps({**dataclasses.asdict(report), "settings": settings.to_dict()}, indent=1)
        beside.write_text(text + "\n", encoding="utf-8")
    return report


class _Batch:
    """Rows that wait for the writer."""

    def __init__(self, writer):
        self._writer, self._rows, self._data = writer, [], []

    def add(self, row, data):
        self._rows.append(row)
        self._data.append(data)
        if len(self._rows) >= _ROWS:
            self.flush()

    def flush(self):
        if self._rows:
            self._writer.write(self._rows, np.stack(self._data))
            self._rows, self._data = [], []


def _key(sensor):
    return (sensor.id, sensor.latitude_deg, sensor.longitude_deg)


def _gain(sensor, settings):
    if settings.quantity != "counts":
        return 1.0
    response = sensor.channels[0].response
    sensitivity = getattr(response, "instrument_sensitivity", None)
    return float(sensitivity.value) if sensitivity is not None and sensitivity.value else np.inf


def _nothing(report, quakes, archive):
    spans = archive.spans()
    from obspy import UTCDateTime

    have = f"{UTCDateTime(ns=int(spans[0, 0]))} to {UTCDateTime(ns=int(spans[-1, 1]))}"
    why = "; ".join(f"{name}: {reason}" for name, reason in list(report.left_out.items())[:3])
    return (
        f"no window is left of {report.asked} asked for ({report.without_data} without data). The records run from "
        f"{have}, the earthquakes from {quakes[0].time} to {quakes[-1].time}. {why}"
    )
