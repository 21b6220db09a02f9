"""ASDF files and flat files as ITACA gives them."""

import obspy
from obspy.core.event import Catalog, Event, Magnitude, Origin, Pick, ResourceIdentifier, WaveformStreamID
from obspy.core.inventory import Channel, Inventory, Network, Site, Station
from seisbench_sets import records

START = obspy.UTCDateTime(2016, 8, 24, 1, 36, 30)


def make_itaca(folder, *, channels="ENZ", stationxml=True, lengths=(4000, 4000, 4000), event_id="IT-2016-0009"):
    """One event at station IT.AMT with another without StationXML, in the manner of ITACA's downloads."""
    import pyasdf

    folder.mkdir(exist_ok=True)
    data = records(2, npts=max(lengths))
    origin = Origin(time=START, latitude=42.7, longitude=13.23, depth=8100.0)
    event = Event(resource_id=ResourceIdentifier(f"smi:itaca.mi.ingv.it/event/{event_id}"))
    event.origins.append(origin)
    event.magnitudes.append(Magnitude(mag=5.9, magnitude_type="ML"))
    station = WaveformStreamID(network_code="IT", station_code="AMT")
    event.picks.append(Pick(time=START + 12.5, phase_hint="Pg", waveform_id=station, evaluation_mode="manual"))
    angles = {"Z": (0, -90), "N": (0, 0), "E": (90, 0), "1": (0, 90), "2": (30, 0), "3": (120, 0)}
    place = (42.6325, 13.2866, 950.0)
    with pyasdf.ASDFDataSet(str(folder / "event.h5"), mode="w", mpi=False) as file:
        file.add_quakeml(Catalog([event]))
        for number, code in enumerate(("AMT", "NRC")):
            if stationxml and code == "AMT":
                held = [
                    Channel(f"HN{c}", "", *place, 0.0, azimuth=angles[c][0], dip=angles[c][1], sample_rate=100.0)
                    for c in channels
                ]
                station_object = Station(code, *place, site=Site("Amatrice"), channels=held)
                file.add_stationxml(Inventory([Network("IT", [station_object])], source="x"))
            for k, letter in enumerate(channels):
                header = {"network": "IT", "station": code, "channel": f"HN{letter}", "sampling_rate": 100.0}
                trace = obspy.Trace(data[number, k, : lengths[k]], {**header, "starttime": START + 10})
                file.add_waveforms(trace, tag="mp_acc", event_id=event)
                file.add_waveforms(trace, tag="mp_vel", event_id=event)
    lines = ["EVENT_ID;STATION_CODE;NETWORK;Ml;Mw;EVENT_DEPTH_KM;epi_dist_km;STATION_LATITUDE_DEGREE;component"]
    for code, distance in (("AMT", 8.5), ("NRC", 15.3)):
        lines += [f"{event_id};{code};IT;5.9;6.0;8.0;{distance};42.6;{letter}" for letter in "ENZ"]
    (folder / "flatfile.txt").write_text("\n".join(lines) + "\n")
    return folder, data
