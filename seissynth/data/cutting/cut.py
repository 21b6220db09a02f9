"""Cut a data set of event windows, in SeisBench's format, from continuous records.

Windows are aligned to origin time and hold motion of a stated quantity. Each has information on its quality: gaps,
clipping, signal to noise, source of P and S, and onset of the next earthquake. `seissynth dataset cut` is the command.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seissynth.data.cutting.archive import Archive
from seissynth.data.cutting.blocks import make_blocks, open_sensors, say_left_out
from seissynth.data.cutting.parts import Parts, fingerprint_of
from seissynth.data.cutting.paths import make_table, read_picks, some_of
from seissynth.data.cutting.rows import SensorCutter
from seissynth.data.cutting.settings import RULES, UNITS, CutReport, CutSettings
from seissynth.errors import InputError
from seissynth.io.seisbench.set_files import facts_of
from seissynth.picking.pickers import make_picker
from seissynth.shared.atomic import removing_new, replacing
from seissynth.shared.folder_lock import fills

if TYPE_CHECKING:
    from obspy import Inventory, Stream
    from obspy.core.event import Catalog, Event

__all__ = ["RULES", "CutReport", "CutSettings", "cut_events"]

#: what a set of cut windows says about itself
REPORT = "cut_report.json"

#: number of rows handed to the writer at a time
_ROWS = 64


@fills("output", "cutting windows")
def cut_events(
    waveforms: str | os.PathLike[str] | list[Any] | Stream,
    inventory: Inventory,
    catalog: Catalog | Event,
    output: str | os.PathLike[str],
    settings: CutSettings | None = None,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> CutReport:
    """Cut windows of a catalogue's earthquakes, and windows of noise, from continuous records.

    Parameters
    ----------
    waveforms : str, path, list of these, or obspy Stream
        Files, folders or patterns of counts, in any format that ObsPy reads. Headers are read first, samples later: one
        sensor and `block_s` seconds are in memory at a time.
    inventory : obspy Inventory
    catalog : obspy Catalog or Event
    output : str or path
        Folder to create: ``metadata.csv``, ``waveforms.hdf5`` and ``cut_report.json``. The set appears complete or not
        at all. Repeat the call to resume after a kill or interruption, by blocks of time. Until the end the blocks are
        kept in the hidden folder ``.cutting``, which needs as much disk space as the set. After an error nothing is
        left.
    settings : CutSettings, optional
    overwrite : bool
        Replace an existing data set.
    progress : callable, optional
        Called with (blocks done, blocks in all).

    Returns
    -------
    CutReport

    Raises
    ------
    InputError
        No usable earthquake, sensor or window.
    FolderInUseError
        Another process writes to that folder.
    FileFormatError
        Waveforms that ObsPy cannot read.

    Warns
    -----
    SeisSynthWarning
        Earthquakes, stations and files that are left out, each named.
    """
    settings, output = settings or CutSettings(), Path(output)
    with removing_new(output):
        return _cut(waveforms, inventory, catalog, output, settings, overwrite, progress)


def _cut(waveforms, inventory, catalog, output, settings, overwrite, progress):
    from seissynth.events.earthquakes import read_earthquakes

    picker = make_picker(settings.picker)
    archive = Archive(waveforms)
    quakes = sorted(read_earthquakes(catalog), key=lambda quake: quake.time.ns)
    picks = read_picks(quakes, inventory)
    npts = round(settings.duration_s * settings.rate_hz)
    parts = Parts(output, fingerprint_of(archive, inventory, quakes, picks, settings), npts)
    # a kill may have come between the set and the end
    writer = _writer(output, settings, overwrite or parts.found())
    try:
        parts.begin()
        blocks = make_blocks(archive, inventory, settings)
        work = _Work(archive, inventory, quakes, picks, settings, picker)
        report = _cut_blocks(work, parts, blocks, progress)
        if not (report.written or report.noise):
            raise InputError(_nothing(report, quakes, archive, inventory))
        with writer:
            for rows, data in parts.batches(len(blocks), _ROWS):
                writer.write(rows, data)
        with replacing(output / REPORT) as beside:
            files = {path.name: facts_of(path) for path in writer.paths}
            text = json.dumps({**dataclasses.asdict(report), "settings": settings.to_dict(), "files": files}, indent=1)
            beside.write_text(text + "\n", encoding="utf-8")
    except Exception:  # not of an interruption, which is taken up
        parts.remove()
        raise
    parts.remove()
    return report


def _writer(output, settings, overwrite):
    from seissynth.io.seisbench.dataset import DatasetWriter

    return DatasetWriter(
        output,
        component_order="ZNE",
        sampling_rate_hz=settings.rate_hz,
        unit=UNITS[settings.quantity],
        quantity=settings.quantity,
        extra_format={"preparation": settings.preparation.to_json()},
        overwrite=overwrite,
    )


def _cut_blocks(work, parts, blocks, progress):
    """Cut every block of time that is not done yet; return the CutReport of all."""
    report, used = CutReport(), set()
    for number, block in enumerate(blocks):
        books = parts.books(number)
        if books is None:
            with parts.writing(number) as part:
                part.report.left_out = dict(report.left_out)  # said once
                work.cut(*block, part)
            books = part.report, part.sensors
        else:
            for name in books[0].left_out.keys() - report.left_out.keys():
                say_left_out(name, books[0].left_out[name])
        report.add(books[0])
        used.update(books[1])
        if progress is not None:
            progress(number + 1, len(blocks))
    report.events, report.sensors = len(work.quakes), len(used)
    return report


class _Work:
    """Common input of all blocks of time."""

    def __init__(self, archive, inventory, quakes, picks, settings, picker):
        self.archive, self.inventory, self.quakes, self.picks = archive, inventory, quakes, picks
        self.settings, self.picker, self._tables = settings, picker, {}

    def cut(self, first_ns, last_ns, part):
        """Cut one block of time into a part."""
        settings = self.settings
        for sensor in open_sensors(self.inventory, self.archive, first_ns, settings, part.report):
            key = _key(sensor)
            part.sensors.append(sensor.id)
            if key not in self._tables:
                self._tables[key] = make_table(self.quakes, sensor, settings, largest_gain(sensor, settings))
            cutter = SensorCutter(
                self.archive,
                sensor,
                quakes=self.quakes,
                picks=self.picks,
                table=self._tables[key],
                settings=settings,
                picker=self.picker,
                report=part.report,
            )
            for row, data in cutter.rows(first_ns, last_ns):
                part.add(row, data)


def _key(sensor):
    return (sensor.id, sensor.latitude_deg, sensor.longitude_deg)


def largest_gain(sensor, settings):
    """Return the counts per unit of motion of a sensor's most sensitive channel; 1 for records that are motion."""
    if settings.quantity != "counts":
        return 1.0
    stated = [getattr(channel.response, "instrument_sensitivity", None) for channel in sensor.channels]
    known = [abs(float(sensitivity.value)) for sensitivity in stated if sensitivity is not None and sensitivity.value]
    return max(known, default=np.inf)  # of the component that sees an earthquake first


def _nothing(report, quakes, archive, inventory):
    spans = archive.spans()
    from obspy import UTCDateTime

    known = [
        f"{network.code}.{station.code}.{channel.location_code}.{channel.code}"
        for network in inventory for station in network for channel in station
    ]  # fmt: skip
    if not report.asked and not report.left_out and not set(known).intersection(archive.ids()):
        return (
            f"no window can be cut: no channel of the records is in the inventory. The records are of "
            f"{some_of(archive.ids())}, the inventory has {some_of(sorted(known)) or 'stations without channels'}; "
            "network, station, location and channel codes must agree."
        )
    have = f"{UTCDateTime(ns=int(spans[0, 0]))} to {UTCDateTime(ns=int(spans[-1, 1]))}"
    why = "; ".join(f"{name}: {reason}" for name, reason in list(report.left_out.items())[:3])
    return (
        f"no window is left of {report.asked} asked for ({report.without_data} without data). The records run from "
        f"{have}, the earthquakes from {quakes[0].time} to {quakes[-1].time}. {why}"
    )
