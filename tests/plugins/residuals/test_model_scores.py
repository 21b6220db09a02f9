"""Tables of scores of several models: root mean squares of the records that all have, and their differences."""

import numpy as np
import pandas as pd
import pytest

from tools.residuals._scores import lines_of


def rows(label, squares, source="all"):
    """Scores of cells of one label, a record an earthquake."""
    return [
        {"sources": source, "method": "conditioned", "label": label, "event": f"e{n}", "station": "X", "cells": value}
        for n, value in enumerate(squares)
        if np.isfinite(value)
    ]


def numbers(text):
    return [float(part) for part in text.replace("[", "").replace("]", "").replace(",", "").split()]


def test_root_mean_squares_and_their_difference_are_of_the_records_that_all_have():
    squares = np.array([1.0, 4.0, 9.0, 16.0, 25.0])
    table = pd.DataFrame([*rows("a", squares), *rows("b", [4.0, 16.0, 36.0, 64.0, np.nan])])
    a, b = lines_of(table, ("a", "b"), "a", (("cells", "cells"),))
    assert a["records"] == b["records"] == "4" and a["cells, less that of a"] == ""
    assert numbers(a["cells"])[0] == pytest.approx(np.sqrt(7.5), abs=1e-3)
    assert numbers(b["cells"])[0] == pytest.approx(2 * np.sqrt(7.5), abs=1e-3)
    difference, low, high = numbers(b["cells, less that of a"])
    assert difference == pytest.approx(np.sqrt(7.5), abs=1e-3) and 0 < low < difference < high


def test_several_subsets_of_one_label_are_averaged_in_their_squares():
    table = pd.DataFrame([*rows("a", [1.0] * 4), *rows("b", [4.0] * 4), *rows("b", [16.0] * 4)])
    line = lines_of(table, ("a", "b"), "a", (("cells", "cells"),))[1]
    assert numbers(line["cells"])[0] == pytest.approx(np.sqrt(10.0), abs=1e-3)
