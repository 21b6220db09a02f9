"""The text for PyPI; all other metadata are in setup.cfg.

README.md links to files beside it. PyPI shows the text alone, where such links lead nowhere: they become links into the
repository, at the tag of the version, once setup.cfg names it (``project_urls = Source = https://...``). Until then
their words stay, and pictures are left out.
"""

import configparser
import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parent
_PICTURE = re.compile(r"^!\[[^\]]*\]\((?!https?:)[^)\s]+\)\n+", re.M)
_LINK = re.compile(r"(!?)\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")


def source_url(text):
    """Return the address of the repository that the text of a ``setup.cfg`` names as Source, or None."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read_string(text)
    urls = (line.partition("=") for line in parser.get("metadata", "project_urls", fallback="").splitlines())
    return {name.strip().lower(): url.strip().rstrip("/") for name, _, url in urls}.get("source")


def readme_for_pypi(text, url, version):
    """Return a README whose links all lead somewhere.

    >>> readme_for_pypi("a [guide](docs/guide.md)", None, "1.0")
    'a guide'
    >>> readme_for_pypi("a [guide](docs/guide.md#x)", "https://example.org/r", "1.0")
    'a [guide](https://example.org/r/blob/v1.0/docs/guide.md#x)'
    """
    if url is None:
        return _LINK.sub(r"\2", _PICTURE.sub("", text))
    return _LINK.sub(
        lambda link: f"{link[1]}[{link[2]}]({url}/{'raw' if link[1] else 'blob'}/v{version}/{link[3]})", text
    )


def _version():
    return re.search(r'^__version__ = "(.+)"', (_ROOT / "seissynth" / "__init__.py").read_text("utf-8"), re.M)[1]


if __name__ == "__main__":
    from setuptools import setup

    url = source_url((_ROOT / "setup.cfg").read_text("utf-8"))
    setup(long_description=readme_for_pypi((_ROOT / "README.md").read_text("utf-8"), url, _version()))
