"""Generation: algorithm 2 with and without a source, seeds, texture, waveforms."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from seissynth.errors import InputError  # noqa: E402
from seissynth.representations import LogSpectrogram, SpectrogramStatistics  # noqa: E402
from seissynth_plugins.heggs import generation  # noqa: E402
from seissynth_plugins.heggs.generation import Sampling, generate_spectrograms, prepare, to_waveforms  # noqa: E402
from seissynth_plugins.heggs.networks.model import Heggs  # noqa: E402
from seissynth_plugins.heggs.networks.named_configs import named_config  # noqa: E402
from seissynth_plugins.ldm.config import named_config as ldm_config  # noqa: E402
from seissynth_plugins.ldm.model import LatentDiffusion  # noqa: E402
from seissynth_plugins.torchkit.samplers import start_noise  # noqa: E402

SHAPE = (3, 64, 376)
FAST = Sampling(steps=3, batch=2, start_step=60)


@pytest.fixture(autouse=True)
def _one_thread_and_seed():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def _model(name="tiny"):
    """Untrained, but with last layers that are not zero, so that everything that goes in comes out."""
    model = Heggs(named_config(name))
    for module in model.unet.modules():
        if hasattr(module, "convolve_out"):
            torch.nn.init.normal_(module.convolve_out.weight, std=0.1)
    return model


def _rows(count, config, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 11)), np.arange(10, 10 + count), rng.standard_normal((count, *SHAPE))


@pytest.mark.parametrize("method", ["dpmpp_2m", "ddim", "ddpm"])
@pytest.mark.parametrize("start", ["paper", "noised", "none"])
def test_records_do_not_depend_on_the_cut(method, start):
    """Same bits one by one, in another order, and in batches that are filled up."""
    model = _model()
    condition, seeds, source = _rows(5, model.config)
    source = None if start == "none" else source
    sampling = replace(FAST, method=method, eta=0.5, start="noised" if start == "none" else start)

    def make(rows):
        return generate_spectrograms(
            model, condition[rows], seeds[rows], None if source is None else source[rows], sampling=sampling
        )

    together = make(np.arange(5))
    assert together.shape == (5, *SHAPE)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    assert np.array_equal(make(np.array([3])), together[3:4])
    assert np.array_equal(make(np.array([4, 0, 2])), together[[4, 0, 2]])


def test_what_goes_in_changes_what_comes_out():
    model = _model()
    condition, seeds, source = _rows(1, model.config)
    make = generate_spectrograms
    plain = make(model, condition, seeds, sampling=FAST)
    assert not np.allclose(plain, make(model, condition, seeds + 1, sampling=FAST))
    assert not np.allclose(plain, make(model, condition + 1, seeds, sampling=FAST))
    noised = make(model, condition, seeds, source, sampling=FAST)
    assert not np.allclose(plain, noised)
    assert not np.allclose(noised, make(model, condition, seeds, source[:, :, ::-1], sampling=FAST))
    assert not np.allclose(noised, make(model, condition, seeds, source, sampling=replace(FAST, start="paper")))


def test_algorithm_2_by_hand():
    """DDPM over all steps from the source's latent, coefficients of Ho et al. (2020), eq. 7."""
    model = _model().eval()
    model.config = replace(model.config, steps=4)
    model.schedule = replace(model.schedule, steps=4)
    condition, seeds, source = _rows(1, model.config)
    sampling = Sampling("ddpm", steps=4, start="paper", batch=1)
    made = generate_spectrograms(model, condition, seeds, source, sampling=sampling)
    from seissynth_plugins.torchkit.samplers import record_generators, record_noise

    kept = model.schedule.alpha_bar.tolist()
    draws = record_generators(seeds)
    with torch.no_grad():
        c = torch.from_numpy(condition).float()
        z = model.encode(torch.from_numpy(source).float())
        for t in range(4, 0, -1):
            m = model.predict(z, torch.tensor([t]), c)
            alpha = kept[t] / kept[t - 1]  # 1 - beta_t
            z = (kept[t - 1] ** 0.5 * (1 - alpha) * m + alpha**0.5 * (1 - kept[t - 1]) * z) / (1 - kept[t])
            deviation = ((1 - kept[t - 1]) / (1 - kept[t]) * (1 - alpha)) ** 0.5
            if t > 1:
                z = z + deviation * record_noise(draws, z.shape[1:])
        wanted = model.decode(z).numpy()
    np.testing.assert_allclose(made, wanted, atol=2e-3)


def test_noised_start_is_the_schedules():
    model = _model().eval()
    seen = {}

    def denoise(z, t, *rest):
        seen.setdefault("first", (z.clone(), int(t[0])))
        return z

    model.denoise = denoise
    condition, seeds, source = _rows(2, model.config)
    generate_spectrograms(model, condition, seeds, source, sampling=FAST)
    z, t = seen["first"]
    with torch.no_grad():
        latent, noise = model.encode(torch.from_numpy(source).float()), start_noise(seeds, model.config.latent_shape)
    kept = float(model.schedule.alpha_bar[60])
    assert t == 60
    torch.testing.assert_close(z, kept**0.5 * latent + (1 - kept) ** 0.5 * noise)


def test_condition_start_gives_the_clean_source():
    model = _model("tiny+condition_start")
    condition, seeds, source = _rows(2, model.config)
    sampling = replace(FAST, start="condition")
    with_source = generate_spectrograms(model, condition, seeds, source, sampling=sampling)
    assert not np.allclose(with_source, generate_spectrograms(model, condition, seeds, sampling=sampling))
    with pytest.raises(InputError, match='pass start="condition"'):
        generate_spectrograms(model, condition, seeds, source, sampling=FAST)


def test_ldm_and_onsets():
    condition, seeds, source = _rows(2, None)
    ldm = LatentDiffusion(ldm_config("tiny+acm+pairs"))
    assert generate_spectrograms(ldm, condition, seeds, source, sampling=FAST).shape == (2, *SHAPE)
    model = _model("tiny+onsets")
    onsets = np.array([[5.0, 8.0], [20.0, np.nan]])
    one = generate_spectrograms(model, condition, seeds, onsets=onsets, sampling=FAST)
    other = generate_spectrograms(model, condition, seeds, onsets=onsets + 10, sampling=FAST)
    assert not np.allclose(one[0], other[0])
    with pytest.raises(InputError, match="need 2 predicted onsets"):
        generate_spectrograms(model, condition, seeds, sampling=FAST)


def test_no_records():
    model = _model()
    assert generate_spectrograms(model, np.zeros((0, 11)), np.zeros(0, int), sampling=FAST).shape == (0, *SHAPE)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"condition": np.zeros((2, 10))}, r"shape \(2, 10\)"),
        ({"condition": np.full((2, 11), np.nan)}, "nan in row 0, column 0"),
        ({"seeds": np.zeros(3, int)}, "give 2 whole numbers"),
        ({"seeds": np.zeros(2)}, "give 2 whole numbers"),
        ({"source": np.zeros((2, 3, 64, 375))}, r"source has shape \(2, 3, 64, 375\)"),
        ({"source": np.full((2, *SHAPE), np.inf)}, "finite values"),
        ({"onsets": np.zeros((2, 2))}, r"onsets have shape \(2, 2\)"),
        ({"sampling": Sampling(start_step=500), "source": np.zeros((2, *SHAPE))}, "have 100 steps"),
    ],
)
def test_bad_input_is_refused(change, word):
    arguments = {"condition": np.zeros((2, 11)), "seeds": np.arange(2), "sampling": FAST} | change
    with pytest.raises(InputError, match=word):
        generate_spectrograms(_model(), **arguments)


def test_bad_sampling_is_refused():
    for change, word in (
        ({"method": "euler"}, "method='euler'"),
        ({"steps": 0}, "steps=0"),
        ({"start": "x"}, "start='x'"),
    ):
        with pytest.raises(InputError, match=word):
            Sampling(**change)


# --- waveforms


def test_waveforms_of_true_spectrograms():
    """Amplitudes survive the way there and back over nine decades."""
    representation = LogSpectrogram()
    statistics = SpectrogramStatistics.plain(representation)
    rng = np.random.default_rng(0)
    from seissynth.signal import bandpass

    data = bandpass(rng.standard_normal((3, 3, 6000)), 100.0, 2, 40) * np.array([1e-9, 1e-4, 1.0])[:, None, None]
    x = representation.encode(data.astype(np.float32), statistics)
    made = to_waveforms(x, representation, statistics, [1, 2, 3])
    ratio = np.sqrt((made**2).mean(-1) / (data**2).mean(-1))
    np.testing.assert_allclose(ratio, 1, atol=0.1)
    phase = representation.phase(data)
    given = to_waveforms(x, representation, statistics, [1, 2, 3], phase=phase, n_iter=0)
    np.testing.assert_allclose(given[0] * 1e9, data[0] * 1e9, atol=0.1)


def test_rayleigh_texture_gives_noise_of_that_spectrum():
    """A spectrogram of mean logarithms becomes noise of the right level, whose logarithms fluctuate as Rayleigh's."""
    representation = LogSpectrogram()
    statistics = SpectrogramStatistics.plain(representation)
    rms, seeds = 3e-5, np.arange(8)
    window = representation.stft.weights
    log_mean = np.log(rms * np.sqrt(np.sum(window**2))) + generation.RAYLEIGH_LOG_MEAN
    x = np.full((8, *representation.shape), log_mean, np.float32)
    made = to_waveforms(x, representation, statistics, seeds, texture="rayleigh", n_iter=8)
    inside = made[:, :, 200:-200]
    in_band = representation.band_mask.sum() / representation.bins
    assert np.sqrt((inside**2).mean()) == pytest.approx(rms * np.sqrt(in_band), rel=0.03)
    logs = representation.log_amplitude(made)[:, :, 6:54, 8:-8]
    assert logs.mean() == pytest.approx(log_mean, abs=0.03)
    assert logs.std() == pytest.approx(np.pi / np.sqrt(24), abs=0.05)  # of ln of a Rayleigh variable
    plain = to_waveforms(x, representation, statistics, seeds, n_iter=8)
    assert representation.log_amplitude(plain)[:, :, 6:54, 8:-8].std() < 0.8 * logs.std()
    with pytest.raises(InputError, match="texture='smooth'"):
        to_waveforms(x, representation, statistics, seeds, texture="smooth")


def test_waveforms_do_not_depend_on_the_batch():
    representation = LogSpectrogram()
    statistics = SpectrogramStatistics.plain(representation)
    x = np.random.default_rng(0).standard_normal((3, *representation.shape)).astype(np.float32)
    for texture in (None, "rayleigh"):
        together = to_waveforms(x, representation, statistics, [5, 6, 7], texture=texture, n_iter=2, workers=2)
        alone = to_waveforms(x[1:2], representation, statistics, [6], texture=texture, n_iter=2)
        assert np.array_equal(together[1:2], alone)


# --- speed


def test_prepared_models():
    model = _model()
    condition, seeds, _ = _rows(2, model.config)
    wanted = generate_spectrograms(model, condition, seeds, sampling=FAST)
    single = generate_spectrograms(prepare(model, precision="float32"), condition, seeds, sampling=FAST)
    np.testing.assert_allclose(single, wanted, atol=1e-3)
    mixed = prepare(model, precision="mixed")
    assert mixed.unet.enter.weight.dtype == torch.bfloat16
    assert mixed.acm.leave.weight.dtype == torch.float32
    assert model.unet.enter.weight.dtype == torch.float32, "the model itself stays as it is"
    made = generate_spectrograms(mixed, condition, seeds, sampling=FAST)
    assert np.corrcoef(made.ravel(), wanted.ravel())[0, 1] > 0.95
    with pytest.raises(InputError, match="precision='half'"):
        prepare(model, precision="half")
