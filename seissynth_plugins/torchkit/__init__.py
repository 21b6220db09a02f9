"""Shared code of learned backends: noise processes, samplers, moving averages, the training loop, and more.

A trainer says which records it takes by `record_rules`, divides them by `training_table`, opens the folder of its run
by `run_folder`, and leaves weights, card and curve by `run_results`; `weights` reads them for a backend. Nothing here
depends on a sampling rate, a length, a quantity or a network, and nothing here imports a backend.

`noise`, `samplers`, `ema` and the loop need PyTorch (``pip install seissynth[torch]``), `training` needs Lightning when
it runs (``pip install seissynth[train]``); the other modules import neither. None of them imports ObsPy.
"""
