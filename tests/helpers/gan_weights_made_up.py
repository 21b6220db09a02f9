"""Weights of the adversarial systems as files, without any training."""

import dataclasses

import numpy as np

from seissynth_plugins.torchkit.waveform_inputs import ConditionColumns, SizeModel, WaveformInputs

#: about 50 km/h of nothing: sizes grow by ln 10 a unit of magnitude, and fall with distance
SIZES = SizeModel(((-20.0,) * 3, (2.3,) * 3, (-1.0,) * 3, (0.0,) * 3), tuple(map(tuple, 0.3 * np.eye(3))))
COLUMNS = ("path_ep_distance_km", "source_magnitude", "station_vs_30_mps")


def write_weights(path, backend, config, *, scaling, columns=(), sizes=SIZES, limits=(), quantity="velocity", **about):
    """Write a network with random weights; return the path."""
    import torch

    from seissynth_plugins.torchkit.weights import save_model

    torch.manual_seed(0)
    network = backend.kind.make(config)
    condition = ConditionColumns(tuple(columns), (3.0, 3.0, 400.0)[: len(columns)], (1.0, 1.0, 100.0)[: len(columns)])
    inputs = WaveformInputs(condition, scaling, quantity, "ENZ", None if limits else sizes, limits)
    card = {
        "training_data_hash": "0", "region": "made up", "licence": "MIT", "npts": config.npts,
        "ranges": {"source_magnitude": [1.0, 5.0], "path_ep_distance_km": [0.0, 80.0]}, **about,
    }  # fmt: skip
    save_model(path, network.state_dict(), config, inputs, card, backend.kind, dtype="float32")
    return path


def all_systems(folder):
    """Weights of each system: name -> (backend class, path)."""
    from seissynth_plugins.bbgan.backend import BbganBackend
    from seissynth_plugins.bbgan.config import SIZES as BBGAN
    from seissynth_plugins.conseisgen.backend import ConSeisGenBackend
    from seissynth_plugins.conseisgen.config import SIZES as CONSEISGEN
    from seissynth_plugins.dgm.backend import DgmBackend
    from seissynth_plugins.dgm.config import SIZES as DGM
    from seissynth_plugins.seismogen.backend import SeismogenBackend
    from seissynth_plugins.seismogen.config import SIZES as SEISMOGEN
    from seissynth_plugins.wgan_gp.backend import WganGpBackend

    limits = ((-20.0, -8.0),) * 3
    plan = {
        "conseisgen": (ConSeisGenBackend, CONSEISGEN["tiny"], {"scaling": "range", "columns": COLUMNS[:1]}),
        "bbgan": (BbganBackend, BBGAN["tiny"], {"scaling": "peak", "columns": COLUMNS, "limits": limits}),
        "dgm": (DgmBackend, DGM["tiny"], {"scaling": "zscore"}),
        "seismogen": (SeismogenBackend, SEISMOGEN["tiny"], {"scaling": "zscore"}),
        "wgan_gp": (WganGpBackend, dataclasses.replace(SEISMOGEN["tiny"], latent_stride=2), {"scaling": "zscore"}),
    }
    return {
        name: (backend, write_weights(folder / f"{name}.safetensors", backend, config, **options))
        for name, (backend, config, options) in plan.items()
    }
