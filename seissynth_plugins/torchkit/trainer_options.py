"""What docstrings of trainers say of the options that all trainers have, written once."""

import inspect

#: mark in a docstring -> what stands there for the reader
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
    For the card of the weights.
threads : int, optional
    Of torch on the CPU; default: torch's own.
resume : bool
    False starts over.
**loop
    Fields of `seissynth_plugins.torchkit.training.TrainConfig`, overriding the size's recipe.""",
}


def tells_options(function):
    """Decorate a trainer: marks in its docstring give way to the entries of the options that all trainers have.

    ``{output}``, ``{kept_out}`` (fold, folds, stations_out), ``{seed_and_time}`` (seed, max_minutes) and
    ``{card_and_loop}`` (region, licence, threads, resume, loop) stand on lines of their own.
    """
    if function.__doc__:  # Python leaves docstrings out with -OO
        lines = inspect.cleandoc(function.__doc__).split("\n")
        function.__doc__ = "\n".join(_TEXTS.get(line, line) for line in lines)
    return function
