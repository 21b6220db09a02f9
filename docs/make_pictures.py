"""Draw the pictures of the README and of the pages: ``python docs/make_pictures.py [PAGE ...]``.

A page's pictures come from the code on that page. Its blocks of ``python`` and ``bash`` run one after the other in an
empty folder, as a reader would run them, and the picture files that they leave there replace those the page shows.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import seissynth
from seissynth.plotting import plot_traces

DOCS = Path(__file__).resolve().parent
PICTURE = DOCS / "_static" / "quickstart.png"
STATIONS = ("BORE", "PIAN", "LAGO", "TIBE")  # near to far

#: pages whose code draws their pictures -> packages without which it cannot run
PAGES = {
    "gallery": ("pygmm",),
    "which_backend": ("torch", "safetensors"),
    "howto_training_set": (),
    "howto_early_warning": (),
    "howto_station_down": ("torch", "safetensors"),
    "howto_engineers": (),
    "howto_teaching": (),
    "howto_own_generator": (),
    "howto_own_region": (),
    "faq": (),
}
_BLOCK = re.compile(r"^```(?:\{code-block\} )?(python|bash)\n(.*?)^```$", re.M | re.S)
_PRINTED = re.compile(r"^```\{code-block\} text\n:caption: It prints\n\n(.*?)^```$", re.M | re.S)
_SHOWN = re.compile(r"^```\{(?:figure|image)\} (_static/pages/\S+\.png)$", re.M)
_COMMAND = 'seissynth() { "$PYTHON" -c "from seissynth.cli import main; main()" "$@"; }\n'


def text_of(page):
    """Return the source of a page of this folder."""
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def shown_by(page):
    """Return the pictures that a page shows and its code draws."""
    return [DOCS / name for name in _SHOWN.findall(text_of(page))]


def printed_by(page):
    """Return the lines that a page says its code prints."""
    return [line for block in _PRINTED.findall(text_of(page)) for line in block.splitlines()]


def run_page(page, folder):
    """Run the code of a page in a folder; its python blocks share their names.

    Raises
    ------
    subprocess.CalledProcessError
        A block of bash failed.
    """
    names = {"__name__": "__main__"}
    environment = dict(os.environ, PYTHON=sys.executable)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for language, code in _BLOCK.findall(text_of(page)):
            if language == "python":
                exec(compile(code, f"{page}.md", "exec"), names)
            else:
                subprocess.run(["bash", "-euc", _COMMAND + code], env=environment, check=True)
    finally:
        os.chdir(before)


def draw_page(page):
    """Run a page's code and take over its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        run_page(page, folder)
        for picture in shown_by(page):
            picture.parent.mkdir(exist_ok=True)
            _shrink(Path(folder) / picture.name)
            shutil.copyfile(Path(folder) / picture.name, picture)
            print(f"{picture.relative_to(DOCS)}: {picture.stat().st_size / 1000:.0f} kB")


def _shrink(path):
    """Leave 256 colours of a drawing, which nobody sees and which halves the file."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def draw_first_page():
    """Draw four stations of the built-in example."""
    inventory, event = seissynth.read_example()
    stream = seissynth.generate(inventory, event, seed=1, noise="nlnm", duration=70)
    chosen = [trace for trace in stream if trace.stats.station in STATIONS]
    figure = plot_traces(type(stream)(chosen))
    figure.savefig(PICTURE, dpi=110)


def main():
    """Draw the pictures of the pages named, else all."""
    pages = sys.argv[1:]
    if not pages:
        draw_first_page()
    for page in pages or PAGES:
        draw_page(page)


if __name__ == "__main__":
    main()
