"""A pytest plugin: notes what became of each test, in the file BM_OUTCOMES.

Names begin at the add-on, so that they are the same on every machine:
`stock/tests/test_move.py::StockMove::test_in_1`.
"""

import json
import os
import re


class _Outcomes:
    def __init__(self, path):
        self.path = path
        self.found = {}

    def note(self, nodeid, outcome):
        # A path outside the checkout comes with all its folders.
        name = re.sub(r"^.*/(?=[^/]+/tests/)", "", nodeid.replace("\\", "/"))
        if self.found.get(name) != "failed":
            self.found[name] = outcome

    def pytest_collectreport(self, report):
        if report.failed:
            self.note(report.nodeid, "failed")

    def pytest_runtest_logreport(self, report):
        if report.failed or report.when == "call":
            self.note(report.nodeid, report.outcome)
        elif report.skipped:
            self.note(report.nodeid, "skipped")

    def pytest_sessionfinish(self):
        with open(self.path, "w") as out:
            json.dump(self.found, out, indent=0, sort_keys=True)


def pytest_configure(config):
    path = os.environ.get("BM_OUTCOMES")
    if path and not hasattr(config, "workerinput"):  # not in xdist's workers
        config.pluginmanager.register(_Outcomes(path))
