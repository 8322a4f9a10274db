"""Debian packages: with the system's package manager, or unpacked into .local.

The package mirror is always the one this machine is set up with.
"""

import os
import platform
import re
import shutil
from pathlib import Path

from shared.console import Problem, output, run, step
from shared.paths import LOCAL

UNPACKED = LOCAL / "system"  # Debian packages unpacked for a user who is not root
_OWN_SUITES = {"stable", "oldstable", "testing", "unstable", "sid"}


class Apt:
    """apt-get with lists and cache of its own, beside the system's."""

    def __init__(self, name, sources=None):
        self.folder = LOCAL / "apt" / name
        self.sources = sources
        self.updated = False

    def _command(self, program):
        (self.folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "archives/partial").mkdir(parents=True, exist_ok=True)
        options = {
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder,
            "APT::Sandbox::User": "root",
            # A mirror that is no longer written to has lists past their date; they
            # are signed all the same.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Retries": 2,
            "Acquire::http::Timeout": 30,
            "Debug::NoLocking": "true",
        }
        if self.sources:
            path = self.folder / f"suite.{self.sources[0]}"
            path.write_text(self.sources[1])
            options["Dir::Etc::SourceList"] = path
            options["Dir::Etc::SourceParts"] = "-"
        words = [f"{key}={value}" for key, value in options.items()]
        return [program, *(part for word in words for part in ("-o", word))]

    def _get(self, *words, **options):
        return run([*self._command("apt-get"), *words], log="apt", **options)

    def update(self):
        """Read the mirror's lists once; a mirror that fails shows later."""
        if not self.updated:
            self._get("update")
            self.updated = True

    def download(self, package, folder, version=None):
        """Fetch the version wanted, or else the current one, which is returned."""
        self.update()
        if version and self._get("download", f"{package}={version}", cwd=folder) == 0:
            return version
        current = self._current(package)
        if current and self._get("download", package, cwd=folder) == 0:
            return current
        return None

    def _current(self, package):
        policy = output([*self._command("apt-cache"), "policy", package]) or ""
        found = re.search(r"Candidate: (\d\S*)", policy)
        return found and found.group(1)

    def missing(self, packages):
        """What `apt-get install` would add to this system: [(name, version)]."""
        self.update()
        plan = output(
            [*self._command("apt-get"), "-s", "--no-install-recommends", "install"]
            + list(packages)
        )
        return plan and re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", plan, re.M)


def own():
    """The suites that this machine is set up with."""
    return Apt("own")


def other_suite(suite):
    """Another suite of the same Debian mirror."""
    for kind, text in _debian_sources(suite):
        return Apt(suite, (kind, text))
    raise Problem(
        "No Debian package source was found on this machine: "
        "name your own Odoo 19 in ODOO_HOME."
    )


def _debian_sources(suite):
    """The machine's Debian sources, best first, as text with the suite replaced."""
    codename = _os_release().get("VERSION_CODENAME", "")
    suites = _OWN_SUITES | {codename}
    found = []
    parts = sorted(Path("/etc/apt/sources.list.d").glob("*"))
    for path in [Path("/etc/apt/sources.list"), *parts]:
        text = path.read_text(errors="replace") if os.access(path, os.R_OK) else ""
        if path.suffix == ".sources":
            found += [("sources", s) for s in _deb822(text, suites, suite)]
        elif path.suffix == ".list":
            found += [("list", s) for s in _one_line(text, suites, suite)]
    # Other vendors use Debian's suite names too; Debian's own archive goes first.
    return sorted(found, key=lambda source: not re.search(r"/debian/?\s", source[1]))


def _deb822(text, suites, suite):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = dict(re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.M))
        fields = {key.title(): value.strip() for key, value in fields.items()}
        wanted = suites & set(fields.get("Suites", "").split())
        if not wanted or "deb" not in fields.get("Types", "").split():
            continue
        if fields.get("Enabled", "yes") == "no":
            continue
        fields |= {"Types": "deb", "Suites": suite, "Components": "main"}
        yield "".join(f"{key}: {value}\n" for key, value in fields.items())


def _one_line(text, suites, suite):
    for options, uri, name in re.findall(
        r"^\s*deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+\S", text, re.M
    ):
        if name in suites:
            yield f"deb {options}{uri} {suite} main\n"


def _os_release():
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def install(packages, purpose):
    """Install for the system as root, else unpack into .local for this checkout."""
    if not shutil.which("apt-get"):
        raise Problem(
            f"{purpose} is missing and apt-get is not there to install it: install "
            f"{' and '.join(packages)} with your system's package manager."
        )
    with step(f"Installing {purpose}") as line:
        if os.geteuid() == 0 and _install_for_system(packages, line):
            return
        if unpack(packages, line):
            return
    raise Problem(
        f"{purpose} could not be installed (see {LOCAL / 'log/apt.log'}): run "
        f"`apt-get install {' '.join(packages)}` as root, then try again."
    )


def _install_for_system(packages, line):
    install = ["apt-get", "-y", "--no-install-recommends", "install", *packages]
    options = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
    options |= {"log": "apt", "on_line": _show(line), "outlive": True}
    if run(install, **options) == 0:
        return True
    run(["apt-get", "update"], **options)
    return run(install, **options) == 0


def unpack(packages, line):
    """Unpack what of these packages and their dependencies the system lacks."""
    apt = own()
    missing = apt.missing(packages)
    if missing is None:
        return False
    folder = UNPACKED.with_name("system.debs")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, (name, version) in enumerate(missing, 1):
        line.progress(f"{name} ({number} of {len(missing)})")
        if not apt.download(name, folder, version):
            return False
    return unpack_files(folder, UNPACKED)


def unpack_files(folder, root):
    """Unpack all packages of a folder into one root, then drop the folder."""
    root.mkdir(parents=True, exist_ok=True)
    done = [run(["dpkg", "-x", deb, root], log="apt") for deb in folder.glob("*.deb")]
    shutil.rmtree(folder)
    return not any(done)


def _show(line):
    return lambda text: line.progress(text.strip())


def find_program(name, *folders):
    """A program on the PATH, in the folders, or in what was unpacked into .local."""
    places = [*folders, *(UNPACKED / folder.lstrip("/") for folder in folders)]
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    found = shutil.which(name, path=path)
    return found and Path(found)


def library_environment():
    """The variables that programs unpacked into .local need."""
    roots = [UNPACKED / "usr/lib", UNPACKED / "lib"]
    # Some libraries are a level further down, for their own package only.
    patterns = ("*-linux-gnu*/lib*.so*", "*-linux-gnu*/*/lib*.so*")
    folders = {p.parent for root in roots for pat in patterns for p in root.glob(pat)}
    if not folders:
        return {}
    words = sorted(map(str, folders), key=len)
    words += filter(None, [os.environ.get("LD_LIBRARY_PATH")])
    return {"LD_LIBRARY_PATH": os.pathsep.join(words)}
