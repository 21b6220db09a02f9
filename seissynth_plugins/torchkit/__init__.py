"""What the learned backends share: noise processes, samplers, moving averages, checkpoints, the training loop.

Every module but `checkpoints` needs PyTorch (``pip install seissynth[torch]``); `training` needs Lightning when it
runs (``pip install seissynth[train]``). None of them imports ObsPy.
"""
