"""Networks of the adversarial systems: shapes, ways of the conditions, bands, and that everything learns."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the learned backends need PyTorch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

from seissynth.errors import InputError  # noqa: E402
from seissynth_plugins.bbgan import config as bbgan_config  # noqa: E402
from seissynth_plugins.bbgan import network as bbgan  # noqa: E402
from seissynth_plugins.conseisgen import config as conseisgen_config  # noqa: E402
from seissynth_plugins.conseisgen import network as conseisgen  # noqa: E402
from seissynth_plugins.dgm import config as dgm_config  # noqa: E402
from seissynth_plugins.dgm import network as dgm  # noqa: E402
from seissynth_plugins.seismogen import config as seismogen_config  # noqa: E402
from seissynth_plugins.seismogen import network as seismogen  # noqa: E402
from seissynth_plugins.torchkit.conditioning import with_waves  # noqa: E402


def learns(network, value):
    """Whether all parameters of a network take part in a value."""
    value.square().sum().backward()
    return [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


# --- shapes of the published sizes


@pytest.mark.parametrize(("name", "npts", "condition"), [("authors", 4096, 1), ("heggs", 6000, 11), ("tiny", 200, 1)])
def test_conseisgen(name, npts, condition):
    config = conseisgen_config.named_config(name)
    assert (config.npts, config.condition) == (npts, condition)
    if name != "tiny":
        return
    generator, critic = conseisgen.Generator(config), conseisgen.Discriminator(config)
    draw = torch.Generator().manual_seed(0)
    x = generator(torch.randn(4, config.noise, generator=draw), torch.rand(4, condition, generator=draw))
    assert x.shape == (4, 3, npts) and x.min() >= 0 and x.max() <= 1
    real, guess, features = critic(x)
    assert real.shape == (4, 1) and guess.shape == (4, condition) and features.shape[0] == 4
    assert learns(generator, x - 0.3) and learns(critic, torch.cat(critic(x.detach())[:2], dim=1))


def test_conseisgen_of_the_authors_begins_with_512_channels_of_128_samples():
    config = conseisgen_config.named_config("authors")
    with torch.device("meta"):
        generator = conseisgen.Generator(config)
    first = generator.first[0]
    assert (first.in_features, first.out_features) == (201, 512 * 128)
    channels = [layer.out_channels for layer in generator.layers if isinstance(layer, torch.nn.Conv1d)]
    assert channels == [256, 128, 64, 32, 16, 3]


def test_conseisgen_for_two_cores_keeps_32_channels_and_hears_the_distance():
    config = conseisgen_config.named_config("small")
    with torch.device("meta"):
        generator = conseisgen.Generator(config)
    assert generator.first[0].in_features == 200 + 1 + 2 * 16
    channels = [layer.out_channels for layer in generator.layers if isinstance(layer, torch.nn.Conv1d)]
    assert channels == [64, 32, 32, 32, 32, 3]
    tiny = replace(conseisgen_config.named_config("tiny"), waves=2)
    assert conseisgen.Generator(tiny)(torch.zeros(2, 8), torch.zeros(2, 1)).shape == (2, 3, 200)


def test_waves_are_sines_and_cosines_of_each_number_from_half_a_radian_to_sixteen():
    numbers = torch.tensor([[1.0, -0.5]])
    made = with_waves(numbers, 2)
    angles = [1 * 0.5, 1 * 16, -0.5 * 0.5, -0.5 * 16]
    torch.testing.assert_close(made, torch.tensor([[1.0, -0.5, *np.sin(angles), *np.cos(angles)]], dtype=torch.float32))


def test_a_residual_block_halves_and_keeps_the_variance():
    torch.manual_seed(0)
    block = conseisgen.ResidualBlock(8, 8, 5)
    assert block(torch.randn(2, 8, 100)).shape == (2, 8, 50)


@pytest.mark.parametrize(("name", "npts"), [("authors", 4000), ("heggs", 6000), ("small", 4000), ("tiny", 192)])
def test_bbgan(name, npts):
    config = bbgan_config.named_config(name)
    assert config.npts == npts
    if name in ("authors", "heggs"):
        return
    torch.manual_seed(0)
    generator, critic = bbgan.Generator(config), bbgan.Critic(config)
    z, conditions = torch.randn(4, 3, config.noise), torch.randn(4, config.conditions)
    waveforms, peaks = generator(z, conditions)
    assert waveforms.shape == (4, 3, npts) and peaks.shape == (4, 3)
    assert abs(waveforms).max() <= 1 and abs(peaks).max() <= 1
    said = critic(waveforms, peaks, conditions)
    assert said.shape == (4, 1)
    moved = [critic(waveforms, peaks + 0.1, conditions), critic(waveforms, peaks, conditions + 0.5)]
    assert all(not torch.equal(said, other) for other in moved)
    value = torch.cat([waveforms.flatten(1), peaks], dim=1)
    value.sub(0.2).square().sum().backward()
    assert all(p.grad is not None for p in generator.parameters())


def test_bbgan_of_the_authors_has_the_sizes_of_the_code():
    config = bbgan_config.named_config("authors")
    with torch.device("meta"):
        generator, critic = bbgan.Generator(config), bbgan.Critic(config)
    channels = [layer.out_channels for layer in generator.waveforms if isinstance(layer, torch.nn.Conv1d)]
    assert channels == [16, 16, 32, 32, 64, 64, 128, 128, 64, 64, 32, 32, 16, 16, 3]
    assert generator.waveforms[1].in_channels == 6 and generator.peaks[0].in_features == 150
    stages = [layer for layer in critic.stages if isinstance(layer, torch.nn.Conv1d)]
    assert stages[0].in_channels == 3 + 3 + 3 and [layer.out_channels for layer in stages[::2]] == [
        16,
        32,
        64,
        128,
        256,
    ]
    assert critic.along_time[0].in_features == 125 and critic.last.in_features == 256 * 100


@pytest.mark.parametrize("name", ["base", "heggs", "thesis", "tiny"])
def test_seismogen(name):
    config = seismogen_config.named_config(name)
    wanted = {"base": (1600, 400), "heggs": (6000, 1500), "thesis": (8000, 800), "tiny": (160, 40)}[name]
    assert (config.npts, config.latent) == wanted
    torch.manual_seed(0)
    generator = seismogen.Generator(config)
    # features of label and noise have 2000 samples of 16 and 32 channels in the thesis
    assert generator.label(torch.ones(2, config.conditions)).shape == (2, config.label_channels, config.npts // 4)
    features = generator.components[0].noise(torch.randn(2, 1, config.latent))
    assert features.shape == (2, config.noise_channels, config.npts // 4)
    if name != "tiny":
        return
    critic = seismogen.Critic(config)
    z, label = torch.randn(4, 3, config.latent), torch.randn(4, config.conditions)
    x = generator(z, label)
    said = critic(x, label)
    assert x.shape == (4, 3, config.npts) and said.shape == (4, 1)
    assert not torch.allclose(said, critic(x, label + 1)) and not torch.allclose(x, generator(z, label + 1))
    assert learns(critic, critic(x.detach(), label))


def test_pipelines_of_seismogen_are_independent():
    """Noise of one component moves that component alone."""
    config = seismogen_config.named_config("tiny")
    generator = seismogen.Generator(config).eval()
    z, label = torch.randn(1, 3, config.latent), torch.ones(1, 1)
    moved = z.clone()
    moved[:, 1] += 1.0
    same = (generator(z, label) == generator(moved, label)).all(dim=-1)[0].tolist()
    assert same == [True, False, True]


def test_the_bands_of_the_critic_add_up_and_part_at_the_frequency():
    time = torch.arange(1600) / 40.0
    slow, fast = torch.sin(2 * np.pi * 3.0 * time), torch.sin(2 * np.pi * 4.5 * time)
    x = (slow + fast).expand(1, 3, -1)
    low, high = seismogen.split_bands(x, 40.0, 3.75)
    torch.testing.assert_close(low + high, x)
    torch.testing.assert_close(low[0, 0], slow, atol=1e-3, rtol=0)
    torch.testing.assert_close(high[0, 0], fast, atol=1e-3, rtol=0)


def test_the_rule_of_the_latent_size():
    assert seismogen_config.latent_size(1600) == 400
    assert seismogen_config.latent_size(8000) == pytest.approx(894.4, abs=0.1)


@pytest.mark.parametrize("conditions", [0, 3])
def test_dgm(conditions):
    from dataclasses import replace

    config = replace(dgm_config.named_config("tiny"), conditions=conditions)
    torch.manual_seed(0)
    generator, critic = dgm.Generator(config), dgm.Critic(config)
    about = torch.randn(4, conditions) if conditions else None
    x = generator(torch.randn(4, config.noise), about)
    said = critic(x, about)
    assert x.shape == (4, 3, config.npts) and said.shape == (4, 1)
    assert learns(generator, x) and learns(critic, critic(x.detach(), about))
    # the attention has a second derivative, which the gradient penalty takes
    y = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(y, about).sum(), y, create_graph=True)
    slope.square().sum().backward()


def test_components_of_dgm_attend_to_each_other_at_the_same_time_only():
    attention = dgm.ComponentAttention(8, 2).eval()
    parts = torch.randn(1, 6, 3, 8)
    moved = parts.clone()
    moved[:, 2, 0] += 1.0
    changed = (attention(parts) != attention(moved)).any(dim=-1)[0]
    assert changed[2].all() and not changed[[0, 1, 3, 4, 5]].any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: conseisgen_config.ConSeisGenConfig(kernel=4), "must be odd"),
        (lambda: conseisgen_config.ConSeisGenConfig(channels=48, doublings=5), "cannot be halved 5 times"),
        (lambda: conseisgen_config.ConSeisGenConfig(waves=-1), "waves=-1 must be a whole number of at least 0"),
        (lambda: dgm_config.DgmConfig(waves=-1), "waves=-1 must be a whole number of at least 0"),
        (lambda: conseisgen_config.ConSeisGenConfig(blocks=13), "halve a record of 4096 samples to none"),
        (lambda: bbgan_config.BbganConfig(start=7), "must divide 750"),
        (lambda: bbgan_config.BbganConfig(penalty=-1), "0 or more"),
        (lambda: seismogen_config.SeismogenConfig(split_hz=20.0), "below 20 Hz"),
        (lambda: seismogen_config.SeismogenConfig(npts=1000), "multiple of 16"),
        (lambda: dgm_config.DgmConfig(npts=4000), "multiple of 16 times block=16"),
        (lambda: dgm_config.DgmConfig(heads=3), "multiple of heads"),
        (lambda: bbgan_config.named_config("huge"), "bbgan has no size 'huge'"),
    ],
)
def test_sizes_that_cannot_be(make, message):
    with pytest.raises(InputError, match=message):
        make()
