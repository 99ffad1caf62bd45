"""Reviewed answers of the program, kept as files under fixtures/golden. With TIERLINE_REWRITE_GOLDEN=1 they are written instead
of compared, to be read again, line by line, before they are committed; the test fails all the same, as it has compared nothing."""

import os
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "fixtures/golden"


def check(case, path, text):
    reviewed = FOLDER / path
    with case.subTest(path):
        if "TIERLINE_REWRITE_GOLDEN" in os.environ:
            reviewed.write_text(text)
            case.fail("written, and compared with nothing, as TIERLINE_REWRITE_GOLDEN is set")
        case.assertEqual(text, reviewed.read_text())
