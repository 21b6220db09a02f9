"""Which weights may ship."""

import pytest

from seissynth.errors import InputError
from tools.adversarial.gan_ship import beats_noise

_TABLE = """| records | envelope correlation | spectrogram MSE | copies |
| --- | --- | --- | --- |
| run | {} [-1.0, 1.0] | {} [0.1, 0.9] | 0.00 |
| noise of the mean spectrum and envelope | 0.900 [-1.0, 1.0] | 0.01 [0.1, 0.9] | |
| noise of the mean spectrum | -0.016 [-0.033, 0.000] | 0.49 [0.46, 0.53] | |"""


@pytest.mark.parametrize(
    ("correlation", "error", "expected"), [(0.2, 0.4, True), (0.2, 0.49, False), (-0.02, 0.4, False)]
)
def test_weights_ship_that_beat_shaped_noise_in_both(correlation, error, expected):
    assert beats_noise(_TABLE.format(correlation, error)) is expected


def test_a_table_without_the_floor_is_refused():
    with pytest.raises(InputError, match="no row 'noise of the mean spectrum'; make it with gan_scores"):
        beats_noise(_TABLE.format(0.2, 0.4).rsplit("\n", 1)[0])
