"""Configurations of the learned backends: names, plain data, refusals. Needs no PyTorch."""

import json
from dataclasses import replace

import pytest

from seissynth.errors import InputError
from seissynth_plugins.heggs.networks import config as heggs
from seissynth_plugins.heggs.networks import named_configs
from seissynth_plugins.ldm import config as ldm


@pytest.mark.parametrize("size", ["paper", "small", "tiny"])
@pytest.mark.parametrize("variant", ["", *(f"+{name}" for name in named_configs.variant_names())])
def test_plain_data_and_back(size, variant):
    config = named_configs.named_config(size + variant)
    assert heggs.from_plain(heggs.HeggsConfig, json.loads(json.dumps(heggs.to_plain(config)))) == config
    if variant and size == "small":  # the paper is already what some variants make of `small`
        assert config != named_configs.named_config(size), "the variant changes nothing"


def test_the_paper_is_as_published():
    """Numbers that appendix B and E.4 of the paper give, and what it switches off."""
    config = named_configs.named_config("paper")
    assert config.latent_shape == (64, 16, 94)
    assert config.condition.layers == 5
    assert config.condition.size == 11
    assert config.condition.tokens == 1
    assert config.acm.blocks == 4
    assert config.steps == 1000
    assert config.noised == "source"
    assert not config.zero_terminal_snr
    assert (config.autoencoder_weight, config.latent_weight, config.same_share) == (0, 0, 0)
    assert not config.normalise_latents


@pytest.mark.parametrize("size", ["paper", "small", "tiny"])
def test_every_row_of_table_3_has_a_configuration(size):
    makers = {"heggs": named_configs.named_config, "ldm": ldm.named_config}
    configs = {row: makers[model](size + suffix) for row, (model, suffix) in ldm.TABLE_3.items()}
    assert len({(type(c).__name__, repr(c)) for c in configs.values()}) == len(ldm.TABLE_3) == 7
    for row, config in configs.items():
        assert config.normalised_waveforms == row.endswith("*")
        assert (config.acm is not None) == (
            row in ("+ ACM (HEGGS)", "LDM + ACM", "LDM + ACM + pairs", "HEGGS without pairs")
        )
    paired = {row for row, c in configs.items() if getattr(c, "pairs", False) or getattr(c, "same_share", 1) < 1}
    assert paired == {"LDM + pairs*", "+ end-to-end", "+ ACM (HEGGS)", "LDM + ACM + pairs"}


def test_ldm_plain_data_and_back():
    config = ldm.named_config("small+acm+pairs")
    assert heggs.from_plain(ldm.LdmConfig, json.loads(json.dumps(heggs.to_plain(config)))) == config


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"noised": "both"}, "noised='both'"),
        ({"same_share": 1.5}, "same_share=1.5"),
        ({"latent_weight": -1}, "latent_weight=-1"),
        ({"loss_weight": "snr"}, "loss_weight='snr'"),
    ],
)
def test_values_out_of_range_are_refused(change, word):
    with pytest.raises(InputError, match=word):
        replace(named_configs.named_config("tiny"), **change)


@pytest.mark.parametrize(
    ("part", "change", "word"),
    [
        ("unet", {"attention": (True,)}, "1 entries for 2 levels"),
        ("unet", {"groups": 5}, "unet.groups=5 does not divide"),
        ("unet", {"head_channels": 7}, "head_channels=7 does not divide"),
        ("acm", {"kernel": 4}, "kernel=4 must be odd"),
        ("acm", {"heads": 3}, "heads=3 does not divide"),
        ("acm", {"stride": (5, 4)}, "two divisors"),
        ("acm", {"stride": (1, 4)}, "even"),
        ("acm", {"domain": "power"}, "domain='power'"),
        ("condition", {"layers": 1}, "layers=1"),
    ],
)
def test_parts_that_do_not_fit_are_refused(part, change, word):
    with pytest.raises(InputError, match=word):
        replace(getattr(named_configs.named_config("tiny"), part), **change)


def test_unknown_names_say_which_there_are():
    with pytest.raises(InputError, match="no size 'huge'; there are paper, small, tiny"):
        named_configs.named_config("huge")
    with pytest.raises(InputError, match="no variant 'nothing'; there are without_acm"):
        named_configs.named_config("tiny+nothing")
    with pytest.raises(InputError, match="no width: the file is of another version"):
        heggs.from_plain(heggs.HeggsConfig, {"width": 3})
    with pytest.raises(InputError, match="from a dictionary"):
        heggs.from_plain(heggs.HeggsConfig, [1])
