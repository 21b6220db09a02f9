"""Docstrings of the options that all trainers share, written once."""

import inspect

#: mark in a docstring -> its text for the reader
_TEXTS = {
    "{output}": """\
output : path
    Folder of the run; an existing run is resumed.""",
    "{kept_out}": """\
fold : int, optional
folds : int
stations_out : sequence of str
    Held-out records, see `seissynth_plugins.torchkit.training_table.TrainingTable`.""",
    "{seed_and_time}": """\
seed : int
max_minutes : float, optional
    Stop after this time, with a state from which the same call resumes.""",
    "{card_and_loop}": """\
region, licence : str
    Noted in the card of the weights.
threads : int, optional
    Threads of torch on the CPU; default: torch's own.
resume : bool
    False starts over.
**loop
    Fields of `seissynth_plugins.torchkit.training.TrainConfig` that override the recipe of the size.""",
}


def tells_options(function):
    """Decorate a trainer: replace marks in its docstring by the entries of the options that all trainers share.

    Each mark is a line: ``{output}``, ``{kept_out}`` (fold, folds, stations_out), ``{seed_and_time}`` (seed,
    max_minutes), ``{card_and_loop}`` (region, licence, threads, resume, loop).
    """
    if function.__doc__:  # Python leaves docstrings out with -OO
        lines = inspect.cleandoc(function.__doc__).split("\n")
        function.__doc__ = "\n".join(_TEXTS.get(line, line) for line in lines)
    return function
