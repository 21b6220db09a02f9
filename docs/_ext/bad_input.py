"""Bad inputs for the page about errors: each is run while the documentation is built, and its message shown."""

import warnings

import obspy
from obspy.core.event import Catalog, Event

import seissynth
import seissynth.errors


def _example(**changes):
    inventory, event = seissynth.read_example()
    for name, value in changes.items():
        setattr(event.origins[0], name, value)
    return inventory, event


def _event_without(what):
    inventory, event = seissynth.read_example()
    setattr(event, what, [])
    return inventory, event


def _far():
    inventory, event = _example(latitude=52.0)
    return seissynth.generate(inventory, event)


def _no_coordinates():
    inventory, event = _example()
    station = inventory[0][0]
    for place in (station, *station):
        place._latitude = None
    return seissynth.generate(inventory, event, duration=60)


def _no_response():
    inventory, event = _example()
    inventory = inventory.select(station="CASC")
    for channel in inventory[0][0]:
        channel.response = None
    return seissynth.generate(inventory, event, output="RAW")


def _two_events():
    inventory, event = _example()
    return seissynth.generate(inventory, Catalog([event, Event(resource_id="smi:local/empty")]), duration=60)


#: (what is wrong, a function that does it)
CASES = (
    ("The event has no origin", lambda: seissynth.generate(*_event_without("origins"))),
    ("The event has no magnitude", lambda: seissynth.generate(*_event_without("magnitudes"))),
    ("The origin has no depth", lambda: seissynth.generate(*_example(depth=None), duration=60)),
    ("One of several events cannot be used", _two_events),
    ("The catalogue is empty", lambda: seissynth.generate(_example()[0], Catalog())),
    ("The inventory is empty", lambda: seissynth.generate(obspy.Inventory(), _example()[1])),
    ("No station was open", lambda: seissynth.generate(*_example(time=obspy.UTCDateTime(1990, 1, 1)))),
    ("No channel matches", lambda: seissynth.generate(*_example(), channel="BL?")),
    ("A station has no coordinates", _no_coordinates),
    ("The stations are too far away", _far),
    ("Counts are requested, and there is no response", _no_response),
    ("The record ends before S", lambda: seissynth.generate(*_example(), duration=20)),
    ("An unknown backend", lambda: seissynth.generate(*_example(), backend="stochastik")),
    ("An unknown option", lambda: seissynth.generate(*_example(), stress_drop=80)),
    ("An unknown column", lambda: seissynth.generate(*_example(), conditions={"vs30": 400})),
    ("An argument of the wrong kind", lambda: seissynth.generate(*_example(), output="velocity")),
    ("An unknown velocity model", lambda: seissynth.generate(*_example(), velocity_model="iasp19")),
    ("A file with an unknown extension", lambda: seissynth.write("records.wav", obspy.read())),
)


def run(case):
    """Run one case; returns the name of its error or warning, and the message."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            case()
        except seissynth.errors.SeisSynthError as error:
            return type(error).__name__, str(error)
    own = [w for w in caught if issubclass(w.category, seissynth.errors.SeisSynthWarning)]
    if not own:
        raise ValueError("the case raised nothing and warned of nothing")
    return own[0].category.__name__, str(own[0].message)
