"""Odoo 19 and the Python environment it runs in."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from shared import apt
from shared.console import Problem, output, run, step
from shared.paths import CACHE, CONFIG, LOCAL, LOGS, ROOT, SCREENSHOTS

# Odoo's JavaScript and fonts are links into the packages beside it.
_DEBIAN_PACKAGES = {
    "odoo-19": "19.0.0+dfsg-1",
    "libjs-jquery": "3.7.1+dfsg+~3.5.33-1",
    "libjs-jquery-form": "12-4",
    "libjs-underscore": "1.13.8~dfsg+~1.13.0-1",
    "fonts-roboto-unhinted": "2:3.016-1",
    "fonts-montserrat": "9.000-6",
    "fonts-inconsolata": "3.001+ds-1",
    "fonts-ocr-b": "0.3.1~dfsg-2",
}
# Newer ones have no file where Odoo's link points: take the machine's own suite.
_OWN_SUITE_PACKAGES = {"fonts-font-awesome": "5.0.10+really4.7.0~dfsg-4.1"}
# Debian leaves this one out, as it comes without source. A missing file is an error in
# every page, and fails every browser test; only blurred video calls want its content.
_LEFT_OUT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
_PUBLIC_SOURCE = "https://github.com/odoo/odoo.git"
_PUBLIC_BRANCH = "19.0"


@dataclass(frozen=True)
class Odoo:
    """A folder from which `import odoo` works, and the Python that does it."""

    source: Path
    version: str
    python: Path

    @property
    def addons(self):
        """The folders with Odoo's own add-ons."""
        inside = self.source / "odoo/addons"
        if (inside / "web").is_dir():  # a package has all of them there
            return [inside]
        return [self.source / "addons", inside]

    def addon(self, name):
        for folder in self.addons:
            if (folder / name / "__manifest__.py").is_file():
                return folder / name
        raise Problem(f"This Odoo has no add-on {name}: ask for another suite.")


def ready():
    """Find or install Odoo 19 and its Python packages."""
    if sys.version_info < (3, 10):  # noqa: UP036
        raise Problem("Odoo 19 needs Python 3.10 or newer: run this with python3.11.")
    source, version = _source()
    return Odoo(source, version, _environment(source))


def _source():
    home = os.environ.get("ODOO_HOME")
    if home:
        path = Path(home).expanduser().resolve()
        if not _is_odoo_19(path):
            raise Problem(
                f"ODOO_HOME={home} holds no Odoo 19 (its odoo/release.py was looked "
                "for): correct it, or unset it to have Odoo installed here."
            )
        return path, f"19.0 in {path}"
    path = _importable()
    if path:
        return path, f"19.0 in {path}"
    return _installed() or _from_debian() or _from_public_branch()


def _is_odoo_19(path):
    release = path / "odoo/release.py"
    text = release.read_text() if release.is_file() else ""
    return bool(re.search(r"^version_info = \(19, 0,", text, re.M))


def _importable():
    """The Odoo 19 of the Python that the user has active."""
    code = "import odoo.release; print(odoo.release.__file__)"
    # Not from the working directory, and never from our own environment.
    found = output(["python3", "-c", code], cwd="/")
    path = found and Path(found.strip()).parents[1]
    if path and _is_odoo_19(path) and LOCAL not in path.parents:
        return path
    return None


def _installed():
    facts = LOCAL / "odoo/installed.json"
    if facts.is_file():
        known = json.loads(facts.read_text())
        return LOCAL / "odoo" / known["source"], known["version"]
    return None


def _keep(folder, source, version):
    """Make a complete Odoo the one in use: a half-finished one never is."""
    facts = {"source": str(source), "version": version}
    (folder / "installed.json").write_text(json.dumps(facts))
    target = LOCAL / "odoo"
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    return target / source, version


def _from_debian():
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    folder = LOCAL / "odoo.new"
    debs = LOCAL / "odoo.debs"
    for path in (folder, debs):
        shutil.rmtree(path, ignore_errors=True)
    debs.mkdir(parents=True)
    with step("Installing Odoo 19 from Debian's package (130 MB)") as line:
        version = _download_debian(debs, line)
        if not version or not apt.unpack_files(debs, folder):
            return None
        source = Path("usr/lib/python3/dist-packages")
        if not _is_odoo_19(folder / source):
            return None
        left_out = folder / source / "odoo/addons" / _LEFT_OUT
        if not left_out.exists():
            left_out.parent.mkdir(parents=True, exist_ok=True)
            left_out.write_text("/* not in Debian's package */\n")
        found = _keep(folder, source, version)
    if version != _DEBIAN_PACKAGES["odoo-19"]:
        print(
            f"  Debian no longer has {_DEBIAN_PACKAGES['odoo-19']}, with which this "
            f"was tested; this is {version}."
        )
    return found


def _download_debian(folder, line):
    """Fetch all packages; return the version of Odoo, None if one is not to be had."""
    versions = {}
    sources = [(apt.own(), _OWN_SUITE_PACKAGES)]
    sources.append((apt.other_suite("sid"), _DEBIAN_PACKAGES))
    for archive, packages in sources:
        line.progress(f"package lists of {archive.folder.name}")
        for name, version in packages.items():
            line.progress(name)
            versions[name] = archive.download(name, folder, version)
    return versions["odoo-19"] if all(versions.values()) else None


def _from_public_branch():
    folder = LOCAL / "odoo.new"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["git", "clone", "--depth", "1", "--branch", _PUBLIC_BRANCH]
    with step("Debian's package is not to be had; cloning Odoo's public branch"):
        cloned = shutil.which("git") and run([*command, _PUBLIC_SOURCE, folder]) == 0
        if cloned and _is_odoo_19(folder):
            commit = output(["git", "-C", folder, "rev-parse", "--short", "HEAD"])
            return _keep(folder, Path(), f"19.0 at {(commit or '?').strip()}")
    raise Problem(
        "Odoo 19 is not on this machine, and neither Debian's package odoo-19 nor the "
        f"public branch could be fetched (see {LOCAL / 'log'}): check the network, or "
        "name the folder of your own Odoo 19 in ODOO_HOME."
    )


def _environment(source):
    """A virtual environment with the pinned packages, in which Odoo is importable."""
    pins = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    facts = [path.read_text() for path in pins]
    facts += [sys.version, str(source), str(LOCAL)]
    wanted = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    folder = LOCAL / "venv"
    python = folder / "bin/python"
    complete = folder / "complete"
    if complete.is_file() and complete.read_text() == wanted and python.exists():
        return python
    with step("Installing the Python packages") as line:
        shutil.rmtree(folder, ignore_errors=True)
        _make_environment(folder, line)
        _install_pins(python, pins[-1], line)
        find = "import sysconfig; print(sysconfig.get_path('purelib'))"
        library = output([python, "-c", find])
        (Path(library.strip()) / "odoo-source.pth").write_text(f"{source}\n")
        if output([python, "-c", "import odoo.cli, odoo.tools.config"]) is None:
            raise Problem(
                f"Odoo in {source} cannot be imported: `{python} -c 'import odoo.cli'` "
                "tells why."
            )
        complete.write_text(wanted)
    return python


def _make_environment(folder, line):
    """Debian keeps what `venv` needs for pip in a package that may be missing."""
    if run([sys.executable, "-m", "venv", folder]) == 0:
        return
    shutil.rmtree(folder, ignore_errors=True)
    wheels = Path("usr/share/python-wheels")
    places = [Path("/") / wheels, apt.UNPACKED / wheels]
    if not _pip_wheel(places):
        apt.unpack(["python3-pip-whl"], line)
    wheel = _pip_wheel(places)
    pip = [folder / "bin/python", f"{wheel}/pip", "install", "--no-index"]
    made = wheel and run([sys.executable, "-m", "venv", "--without-pip", folder]) == 0
    if not made or run([*pip, f"--find-links={wheel.parent}", "pip"]) != 0:
        raise Problem(
            "Python cannot make a virtual environment here: run `apt-get install "
            "python3-venv` as root, then try again."
        )


def _pip_wheel(folders):
    return next((path for f in folders for path in f.glob("pip-*.whl")), None)


def _install_pins(python, pins, line):
    def show(text):
        found = re.match(r"\s*(?:Collecting|Downloading|Installing) (\S+)", text)
        if found:
            line.progress(found.group(1))

    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "-r", pins]
    environment = os.environ | {"PIP_CACHE_DIR": str(CACHE / "pip")}
    if run(pip, log="pip", on_line=show, env=environment) != 0:
        raise Problem(
            "The Python packages could not be installed "
            f"(see {LOGS / 'pip.log'}): check the network and the free space "
            "on the disk, then try again."
        )


def environment(odoo, server):
    """The variables for programs that use Odoo and its database server."""
    words = server.environment | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "",
        "PYLINTHOME": str(CACHE / "pylint"),
    }
    path = [str(odoo.python.parent), words.get("PATH") or os.environ["PATH"]]
    return os.environ | words | {"PATH": os.pathsep.join(path)}


def configure(odoo, server):
    """Write the configuration that every Odoo here starts with."""
    settings = {
        "addons_path": ",".join(map(str, [*odoo.addons, ROOT])),
        "data_dir": LOCAL / "data",
        "screenshots": SCREENSHOTS,
        "db_host": server.host,
        "db_port": server.port,
        "db_user": server.user,
        "list_db": False,
        "http_interface": "127.0.0.1",
        "log_handler": ":INFO",
    }
    lines = [f"{key} = {value}\n" for key, value in settings.items() if value != ""]
    CONFIG.with_suffix(".new").write_text("[options]\n" + "".join(lines))
    CONFIG.with_suffix(".new").replace(CONFIG)


def run_odoo(odoo, server, *arguments, title, log):
    """Run an Odoo command to its end, and show which add-on it is at."""
    command = [odoo.python, "-m", "odoo", *arguments]
    trouble = []

    def show(text):
        found = re.search(r"Loading module (\S+) \((\d+)/(\d+)\)", text)
        if found:
            line.progress("{} ({} of {})".format(*found.groups()))
        if re.match(r"[\w.]*(Error|Exception|Warning)\b.*: ", text):
            trouble.append(text.strip())

    with step(title) as line:
        status = run(command, log=log, on_line=show, env=environment(odoo, server))
    if status != 0:
        reason = f" ({trouble[-1]})" if trouble else ""
        raise Problem(f"{title} failed{reason}: {LOGS / log}.log has the whole story.")


def shell(odoo, server, database, code, *, title, log):
    """Run some lines in Odoo's shell, and keep what they change."""
    command = [odoo.python, "-m", "odoo", "shell", "-c", CONFIG, "-d", database]
    command += ["--no-http", "--log-level=warn", "--shell-interface=python"]
    with step(title):
        done = subprocess.run(
            [str(word) for word in command],
            input=f"{code}\nenv.cr.commit()\n",
            capture_output=True,
            text=True,
            env=environment(odoo, server),
        )
    if done.returncode != 0:
        with open(LOGS / f"{log}.log", "a") as out:
            out.write(done.stdout + done.stderr)
        raise Problem(f"{title} failed: {LOGS / log}.log has the whole story.")
