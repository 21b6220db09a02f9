"""Write the example network and earthquake that ship with seissynth.

    python -m tools.package.make_example [folder]

Both are made up: network XX (the code that is reserved for tests) of seven stations in central Italy, and
a normal-faulting earthquake of Mw 5.2 below it. The responses are those of textbook instruments.
"""

import math
import sys
from pathlib import Path

from obspy import UTCDateTime
from obspy.core.event import (
    Catalog,
    CreationInfo,
    Event,
    EventDescription,
    FocalMechanism,
    Magnitude,
    NodalPlane,
    NodalPlanes,
    Origin,
    ResourceIdentifier,
)
from obspy.core.inventory import Channel, Inventory, Network, Response, Site, Station
from obspy.core.inventory.response import CoefficientsTypeResponseStage, FIRResponseStage
from obspy.imaging.beachball import aux_plane
from scipy.signal import firwin

START = UTCDateTime(2020, 1, 1)
MADE = UTCDateTime(2024, 1, 1)  # fixed, so making the files again changes nothing
LOCATION = "00"
RATE = 100.0
COUNTS_PER_VOLT = 419430.4  # 24 bits over 40 V

#: code, latitude, longitude, elevation m, depth of the sensor m, place, bands, azimuths of the horizontals
STATIONS = (
    ("AMAT", 42.628, 13.290, 955.0, 0.0, "Basin rim", ("HH", "HN"), (0.0, 90.0)),
    ("BORE", 42.905, 13.005, 640.0, 8.0, "Shallow borehole, horizontals not turned to north", ("HH",), (37.0, 127.0)),
    ("CASC", 42.720, 12.830, 710.0, 0.0, "Rock tunnel", ("HH",), (0.0, 90.0)),
    ("FERM", 43.160, 13.720, 319.0, 0.0, "Hill town", ("HH", "HN"), (0.0, 90.0)),
    ("LAGO", 42.250, 13.600, 1320.0, 0.0, "Mountain lake", ("HH",), (0.0, 90.0)),
    ("PIAN", 42.395, 12.910, 402.0, 0.0, "Soft basin", ("HN",), (0.0, 90.0)),
    ("TIBE", 43.310, 12.330, 298.0, 0.0, "River terrace", ("HH",), (0.0, 90.0)),
)
#: WGS84 hypocentre, time, size and mechanism
HYPOCENTRE = {"latitude": 42.790, "longitude": 13.110, "depth": 8200.0}
TIME = UTCDateTime("2023-03-14T04:26:31.480000Z")
MW = 5.2
PLANE = (158.0, 48.0, -82.0)


def second_order(period_s, damping):
    """Poles of a damped oscillator, rad/s."""
    omega = 2.0 * math.pi / period_s
    root = omega * math.sqrt(1.0 - damping**2)
    return [complex(-damping * omega, root), complex(-damping * omega, -root)]


def response(band):
    """Broadband velocity sensor (120 s to 100 Hz) or accelerometer (to 100 Hz), digitised at 200 Hz and halved."""
    if band == "HH":
        poles, zeros = second_order(120.0, 0.7071) + second_order(0.01, 0.6), [0j, 0j]
        gain, units, frequency = 1500.0, "M/S", 1.0
    else:
        poles, zeros = second_order(0.005, 0.7), []
        gain, units, frequency = 0.5099, "M/S**2", 1.0
    at = 2j * math.pi * frequency
    shape = math.prod(at - zero for zero in zeros) / math.prod(at - pole for pole in poles)
    made = Response.from_paz(
        zeros, poles, gain, frequency, input_units=units, output_units="V", normalization_factor=1.0 / abs(shape)
    )
    made.response_stages.append(
        CoefficientsTypeResponseStage(
            2,
            COUNTS_PER_VOLT,
            0.0,
            "V",
            "COUNTS",
            "DIGITAL",
            numerator=[1.0],
            denominator=[],
            decimation_input_sample_rate=2 * RATE,
            decimation_factor=1,
            decimation_offset=0,
            decimation_delay=0.0,
            decimation_correction=0.0,
        )
    )
    taps = firwin(31, 0.45, window=("kaiser", 6.0))
    delay = (len(taps) - 1) / 2 / (2 * RATE)
    made.response_stages.append(
        FIRResponseStage(
            3,
            1.0,
            0.0,
            "COUNTS",
            "COUNTS",
            coefficients=[float(f"{tap:.9g}") for tap in taps[:16]],
            symmetry="ODD",
            decimation_input_sample_rate=2 * RATE,
            decimation_factor=2,
            decimation_offset=0,
            decimation_delay=delay,
            decimation_correction=delay,
        )
    )
    made.instrument_sensitivity.value = gain * COUNTS_PER_VOLT
    made.instrument_sensitivity.output_units = "COUNTS"
    return made


def channels(latitude, longitude, elevation, depth, bands, azimuths):
    """Three components per band: Z, N, E, or Z, 1, 2 where the horizontals do not point north and east."""
    letters = "ZNE" if azimuths == (0.0, 90.0) else "Z12"
    for band in bands:
        for letter, azimuth, dip in zip(letters, (0.0, *azimuths), (-90.0, 0.0, 0.0), strict=True):
            yield Channel(
                band + letter,
                LOCATION,
                latitude,
                longitude,
                elevation,
                depth,
                azimuth=azimuth,
                dip=dip,
                sample_rate=RATE,
                start_date=START,
                response=response(band),
            )


def make_inventory():
    """Network XX."""
    stations = []
    for code, latitude, longitude, elevation, depth, place, bands, azimuths in STATIONS:
        stations.append(
            Station(
                code,
                latitude,
                longitude,
                elevation,
                site=Site(name=place),
                creation_date=START,
                start_date=START,
                channels=list(channels(latitude, longitude, elevation, depth, bands, azimuths)),
            )
        )
    network = Network("XX", stations=stations, description="Example network, made up", start_date=START)
    return Inventory([network], source="seissynth example", created=MADE, sender="seissynth")


def name(kind):
    """Fixed ids: the event must be the same in every process."""
    return ResourceIdentifier(f"smi:local/seissynth/example/{kind}")


def make_catalog():
    """One earthquake with hypocentre, Mw and two nodal planes."""
    info = CreationInfo(agency_id="seissynth", creation_time=MADE)
    origin = Origin(resource_id=name("origin"), time=TIME, creation_info=info, **HYPOCENTRE)
    magnitude = Magnitude(
        resource_id=name("magnitude"), mag=MW, magnitude_type="Mw", origin_id=origin.resource_id, creation_info=info
    )
    other = [round(float(angle), 1) for angle in aux_plane(*PLANE)]
    planes = [NodalPlane(strike=plane[0], dip=plane[1], rake=plane[2]) for plane in (PLANE, other)]
    mechanism = FocalMechanism(
        resource_id=name("mechanism"),
        triggering_origin_id=origin.resource_id,
        nodal_planes=NodalPlanes(nodal_plane_1=planes[0], nodal_plane_2=planes[1], preferred_plane=1),
        creation_info=info,
    )
    event = Event(
        resource_id=name("event"),
        event_type="earthquake",
        event_descriptions=[EventDescription(text="Example earthquake, made up", type="earthquake name")],
        origins=[origin],
        magnitudes=[magnitude],
        focal_mechanisms=[mechanism],
        creation_info=info,
    )
    event.preferred_origin_id = origin.resource_id
    event.preferred_magnitude_id = magnitude.resource_id
    event.preferred_focal_mechanism_id = mechanism.resource_id
    return Catalog([event], resource_id=name("catalog"), creation_info=info)


def main():
    """Write both files and say how large they are."""
    default = Path(__file__).resolve().parents[2] / "seissynth" / "data" / "example"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    make_inventory().write(str(folder / "inventory.xml"), format="STATIONXML", validate=True)
    make_catalog().write(str(folder / "event.xml"), format="QUAKEML", validate=True)
    for path in sorted(folder.glob("*.xml")):
        # lines stay, indentation goes: it is a third of a StationXML file
        path.write_text("\n".join(line.strip() for line in path.read_text().splitlines()) + "\n")
        print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
