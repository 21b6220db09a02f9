"""The floors of the house, which a test holds and the documentation draws."""

#: floors of the house, lowest first; a room imports from its own floor and those below
FLOORS = (
    {"errors", "units", "schema"},
    {"shared", "seeding"},
    {"signal"},
    {"representations", "records", "traveltime", "stations", "instruments", "events"},
    {"paths", "conditions"},
    {"picked_delays", "requests"},
    {"backends"},
    {"testing", "noise", "record_windows", "source_quantity", "source_records", "example", "arguments", "ensemble"},
    {"simulation"},
    {"stream"},
    {"synthesis", "continuous_records"},
    {"io"},
    {"explanation", "picking"},
    {"data"},
    {"reproduction"},
    {"evaluation"},
    {"plotting"},
    {"report"},
    {"cli"},
)
