"""Weights files: what goes in comes out, and everything that is not one of ours is refused with a reason."""

import json
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # small tensors; several test processes share the cores

from seissynth.errors import FileFormatError, InputError, WriteError  # noqa: E402
from seissynth_plugins.torchkit import checkpoints  # noqa: E402
from seissynth_plugins.torchkit.checkpoints import (  # noqa: E402
    load_into,
    load_weights,
    read_header,
    save_weights,
    weights_hash,
)

CARD = {
    "class": "toy", "class_version": 2, "config": {"width": 3, "names": ["a", "b"]},
    "normalisation": {"mean": [0.5, 1.5]}, "training_data_hash": "ab12", "region": "Southern California",
    "licence": "MIT", "steps": 100,
}  # fmt: skip


def toy():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "toy.safetensors"
    save_weights(path, toy().state_dict(), CARD)
    return path


def test_what_goes_in_comes_out(file):
    import seissynth

    weights, header = load_weights(file, "toy", expected_version=2)
    for name, value in toy().state_dict().items():
        assert torch.equal(weights[name], value) and weights[name].dtype == value.dtype
    assert {key: header[key] for key in CARD} == CARD
    assert header["package_version"] == seissynth.__version__
    assert [path.name for path in file.parent.iterdir()] == ["toy.safetensors"]  # nothing left beside it


def test_a_loaded_model_says_the_same(file):
    model, other = toy().eval(), torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).eval()
    x = torch.randn(5, 3)
    load_into(other, load_weights(file)[0])
    assert torch.equal(model(x), other(x))


def test_the_header_is_read_without_torch(file):
    code = (
        "import sys; from seissynth_plugins.torchkit.checkpoints import read_header, weights_hash; "
        f"print(read_header({str(file)!r})['region'], weights_hash({str(file)!r}), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Southern", "California", weights_hash(file), "False"]


def test_the_hash_is_that_of_the_file(file):
    import hashlib

    assert weights_hash(file, 64) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_half_precision_halves_the_file(tmp_path):
    state = {"w": torch.linspace(-2, 2, 5000), "count": torch.tensor(3)}
    save_weights(tmp_path / "full.safetensors", state, CARD)
    save_weights(tmp_path / "half.safetensors", state, CARD, dtype="float16")
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("full", "half")]
    assert sizes[0] - sizes[1] == pytest.approx(10_000, abs=16)
    weights, header = load_weights(tmp_path / "half.safetensors")
    assert weights["w"].dtype == torch.float32 and weights["count"] == 3 and header["dtype"] == "float16"
    torch.testing.assert_close(weights["w"], state["w"], rtol=2**-11, atol=0)
    with pytest.raises(InputError, match="70000, more than float16 holds"):
        save_weights(tmp_path / "half.safetensors", {"w": torch.tensor([7e4])}, CARD, dtype="float16")


def test_a_header_whose_length_begins_like_a_pickle(tmp_path):
    path, lengths = tmp_path / "x.safetensors", set()
    for more in range(0, 260, 8):
        save_weights(path, {"w": torch.ones(1)}, {**CARD, "note": "." * more})
        lengths.add(path.read_bytes()[0])
        assert load_weights(path)[0]["w"] == 1
    assert 0x80 in lengths


# --- files that are refused


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    for name, write in (("zip", lambda f: torch.save({"w": Evil()}, f)), ("plain", lambda f: pickle.dump(Evil(), f))):
        path = tmp_path / f"{name}.safetensors"
        with path.open("wb") as out:
            write(out)
        with pytest.raises(FileFormatError, match="is a pickle"):
            load_weights(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("keep", [0, 5, 8, 60, 0.5, -1])
def test_a_cut_file_is_refused(file, keep):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(FileFormatError, match=r"cut off|no safetensors file"):
        load_weights(file)


def test_a_file_that_is_too_long_is_refused(file):
    file.write_bytes(file.read_bytes() + b"more")
    with pytest.raises(FileFormatError, match="more than it says"):
        load_weights(file)


def raw(path, header, body=b""):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


@pytest.mark.parametrize(
    "header",
    [b"{no json", [1, 2], {"w": 3}, {"w": {}}, {"w": {"data_offsets": [0]}}, {"w": {"data_offsets": [0, "a"]}}],
    ids=str,
)
def test_a_header_that_is_none(tmp_path, header):
    with pytest.raises(FileFormatError, match=r"no safetensors file|damaged"):
        load_weights(raw(tmp_path / "x.safetensors", header))


def test_offsets_that_lie_are_refused(tmp_path):
    header = {"w": {"dtype": "F32", "shape": [1000], "data_offsets": [0, 4]}}
    header["__metadata__"] = {"seissynth": json.dumps({**CARD, "format": 1})}
    with pytest.raises(FileFormatError, match="damaged"):
        load_weights(raw(tmp_path / "x.safetensors", header, b"1234"))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + bytes(100), bytes(64), b"\xff" * 64])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="no safetensors file"):
        load_weights(path)


def test_another_programs_safetensors_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"w": torch.ones(2)}, str(tmp_path / "x.safetensors"))
    with pytest.raises(FileFormatError, match="without seissynth's card"):
        load_weights(tmp_path / "x.safetensors")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileFormatError, match="No such file"):
        load_weights(tmp_path / "x.safetensors")


def test_another_class_or_version_is_refused(file):
    with pytest.raises(FileFormatError, match="weights of 'toy', not of 'heggs'"):
        load_weights(file, "heggs")
    with pytest.raises(FileFormatError, match=r"version 2 of 'toy'.*needs version 3"):
        load_weights(file, "toy", expected_version=3)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"normalisation": {}}, "normalisation"),
        ({"normalisation": None}, "normalisation"),
        ({"class_version": "2"}, "class_version"),
        ({"config": "small"}, "config"),
        *[({name: ...}, name) for name in checkpoints.CARD_FIELDS],
    ],
)
def test_cards_that_lack_something_are_neither_written_nor_read(tmp_path, change, word):
    card = {key: value for key, value in {**CARD, **change}.items() if value is not ...}
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match=word):
        save_weights(path, {"w": torch.ones(1)}, card)
    assert not path.exists()
    text = json.dumps({**card, "format": 1})
    checkpoints.write_tensors(path, {"w": torch.ones(1)}, {"seissynth": text})
    with pytest.raises(FileFormatError, match=word):
        read_header(path)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({**CARD, "format": 99}), json.dumps(CARD)])
def test_cards_of_another_form_are_refused(tmp_path, text):
    path = tmp_path / "x.safetensors"
    checkpoints.write_tensors(path, {"w": torch.ones(1)}, {"seissynth": text})
    with pytest.raises(FileFormatError, match=r"JSON|format"):
        read_header(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(tmp_path, value):
    path = tmp_path / "x.safetensors"
    state = {"good": torch.ones(2), "bad": torch.tensor([1.0, value])}
    with pytest.raises(InputError, match="'bad'"):
        save_weights(path, state, CARD)
    checkpoints.write_tensors(path, state, {"seissynth": json.dumps({**CARD, "format": 1})})
    with pytest.raises(FileFormatError, match="'bad'"):
        load_weights(path)


def test_others_may_read_weights_as_any_other_file(tmp_path):
    (tmp_path / "plain").touch()
    save_weights(tmp_path / "toy.safetensors", {"w": torch.ones(2)}, CARD)
    assert (tmp_path / "toy.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_cannot_be_written(tmp_path, monkeypatch):
    state = {"w": torch.ones(1)}
    with pytest.raises(InputError, match="safetensors"):
        save_weights(tmp_path / "x.pt", state, CARD)
    with pytest.raises(InputError, match="no folder"):
        save_weights(tmp_path / "none" / "x.safetensors", state, CARD)
    with pytest.raises(InputError, match="plain data"):
        save_weights(tmp_path / "x.safetensors", state, {**CARD, "config": {"f": print}})
    with pytest.raises(InputError, match="plain data"):
        save_weights(tmp_path / "x.safetensors", state, {**CARD, "score": float("nan")})
    with pytest.raises(InputError, match="dtype"):
        save_weights(tmp_path / "x.safetensors", state, CARD, dtype="int8")
    save_weights(tmp_path / "x.safetensors", state, CARD)
    before = (tmp_path / "x.safetensors").read_bytes()

    def full(tensors, path, **_):
        with Path(path).open("wb") as file:
            file.write(b"part of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(WriteError, match="No space left"):
        save_weights(tmp_path / "x.safetensors", {"w": torch.zeros(1)}, CARD)
    assert (tmp_path / "x.safetensors").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda s: s.pop("0.weight"), "lacks 0.weight"),
        (lambda s: s.update(extra=torch.ones(1)), "unknown to the model, extra"),
        (lambda s: s.update({"0.bias": torch.ones(9)}), r"0.bias \(9,\) instead of \(4,\)"),
    ],
)
def test_weights_of_another_configuration(change, word):
    state = dict(toy().state_dict())
    change(state)
    with pytest.raises(FileFormatError, match=word):
        load_into(toy(), state)


def test_shared_and_sliced_tensors_are_stored(tmp_path):
    base = torch.arange(6.0)
    save_weights(tmp_path / "x.safetensors", {"a": base, "b": base, "c": base[::2]}, CARD)
    weights, _ = load_weights(tmp_path / "x.safetensors")
    assert weights["b"].tolist() == base.tolist() and weights["c"].tolist() == [0, 2, 4]
