"""Print the oldest dependencies that setup.cfg allows, as constraints for pip: one ``name==version`` a line."""

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOWER_BOUND = re.compile(r"^([\w.-]+)>=([\w.]+)$", re.M)


def oldest_versions(text):
    """Return name -> lower bound of what the text of a ``setup.cfg`` installs always, extras left out.

    >>> oldest_versions('''[options]
    ... install_requires =
    ...     numpy>=2.0
    ...     scipy>=1.13
    ... ''')
    {'numpy': '2.0', 'scipy': '1.13'}
    """
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read_string(text)
    return dict(LOWER_BOUND.findall(parser["options"]["install_requires"]))


if __name__ == "__main__":
    for name, version in oldest_versions((ROOT / "setup.cfg").read_text("utf-8")).items():
        print(f"{name}=={version}")
