"""Chromium for Odoo's browser tests."""

import os
import shlex
from pathlib import Path

from shared import apt
from shared.console import Problem, output
from shared.paths import CACHE, LOCAL

_FOLDER = LOCAL / "browser"
_NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
_QUIET = (  # beside what Odoo's tests ask for: no calls to its maker's services
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
)
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>{unpacked}/usr/share/fonts</dir>
  <cachedir>{cache}/fonts</cachedir>
</fontconfig>
"""


def ready():
    """Find or install Chromium; return the folder to put first on the PATH.

    Odoo's tests start what is called google-chrome. Here it is a script that keeps
    the browser's files in .local and ends it together with the tests.
    """
    program = _find()
    if not program:
        apt.install(["chromium", "fonts-liberation"], "Chromium for the browser tests")
        program = _find()
    variables = {"HOME": str(_FOLDER / "home")}
    if program and apt.UNPACKED in program.parents:
        fonts = _FOLDER / "fonts.conf"
        variables |= apt.library_environment() | {"FONTCONFIG_FILE": str(fonts)}
    (_FOLDER / "home").mkdir(parents=True, exist_ok=True)
    (_FOLDER / "fonts.conf").write_text(
        _FONTS.format(unpacked=apt.UNPACKED, cache=CACHE)
    )
    if not program or not output([program, "--version"], env=os.environ | variables):
        raise Problem(
            "Chromium does not start on this machine: `apt-get install chromium` as "
            "root, then try again."
        )
    _write_script(program, variables)
    return _FOLDER


def _find():
    for name in _NAMES:
        program = apt.find_program(name)
        if program:
            return program
    unpacked = apt.UNPACKED / "usr/lib/chromium/chromium"
    return unpacked if unpacked.is_file() else None


def _write_script(program, variables):
    command = ["setpriv", "--pdeathsig", "KILL", "env"]
    command += [f"{key}={text}" for key, text in variables.items()]
    command += [str(program), *_QUIET]
    script = Path(_FOLDER / "google-chrome")
    draft = script.with_name(f"draft.{os.getpid()}")
    draft.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    draft.chmod(0o755)
    draft.replace(script)
