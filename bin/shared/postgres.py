"""The PostgreSQL server: the one that PGHOST, PGPORT, PGUSER name, or our own.

Our own is a private cluster in .local, reached by a Unix socket in a folder that
only its owner can enter. It is started by the first command that needs it, and
stopped by the last one that ends; locks on files count them, so that a killed
command counts no longer.
"""

import contextlib
import fcntl
import getpass
import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from shared import apt
from shared.console import Problem, output, run, step
from shared.paths import LOCAL, LOGS, ROOT

_FOLDER = LOCAL / "postgres"
_DATA = _FOLDER / "data"
_USER = "odoo"
_LONGEST_SOCKET_FOLDER = 85  # a socket's whole path must stay below 108 bytes

# Nothing in these databases is worth a wait for the disk: they can be made again.
_SETTINGS = """
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 512MB
work_mem = 32MB
maintenance_work_mem = 128MB
max_wal_size = 4GB
jit = off
"""


@dataclass(frozen=True)
class Server:
    """How to reach the database server."""

    programs: Path
    host: str
    port: str
    user: str
    own: bool

    @property
    def environment(self):
        named = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user}
        path = f"{self.programs}{os.pathsep}{os.environ.get('PATH', '')}"
        words = {key: value for key, value in named.items() if value}
        return words | apt.library_environment() | {"PATH": path}

    @property
    def prefix(self):
        """What our databases' names begin with."""
        if self.own:
            return "bm_"
        return f"bm_{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}_"

    def sql(self, statement, database="postgres"):
        """Run one statement; return its rows, as lists of texts."""
        command = [self.programs / "psql", "-X", "-q", "-A", "-t", "-F", "\x1f"]
        command += ["-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=os.environ | self.environment,
        )
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines() or ["no reason given"]
            raise Problem(f"PostgreSQL refused: {reason[0]}.")
        return [row.split("\x1f") for row in done.stdout.splitlines()]


@contextlib.contextmanager
def serving():
    """A database server, for as long as the caller needs it."""
    if any(os.environ.get(name) for name in ("PGHOST", "PGPORT", "PGUSER")):
        yield _named()
        return
    LOCAL.mkdir(exist_ok=True)
    with open(LOCAL / "postgres.lock", "w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield _started()
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop()


def _named():
    programs = _programs("psql", "postgresql-client")
    user = os.environ.get("PGUSER") or getpass.getuser()
    if user == "postgres":
        raise Problem(
            "Odoo refuses to work as PostgreSQL's user postgres: name another user "
            "who may create databases in PGUSER."
        )
    host, port = os.environ.get("PGHOST", ""), os.environ.get("PGPORT", "")
    server = Server(programs, host, port, user, own=False)
    try:
        allowed = server.sql("select rolcreatedb from pg_roles where rolname = user")
    except Problem as problem:
        raise Problem(
            f"{problem} Correct PGHOST, PGPORT, PGUSER (and PGPASSWORD), or unset them "
            "to use a private server."
        ) from None
    if allowed != [["t"]]:
        raise Problem(
            f"PostgreSQL's user {user} may not create databases: "
            f"`alter role {user} createdb` as its administrator mends that."
        )
    return server


def _programs(name, *packages):
    """The folder with PostgreSQL's programs, of the highest version there is."""
    found = _find_programs(name)
    if not found:
        apt.install(packages, "PostgreSQL")
        found = _find_programs(name)
    if not found:
        raise Problem(f"PostgreSQL's {name} is missing: install {packages[0]}.")
    return found


def _find_programs(name):
    roots = [Path("/usr/lib/postgresql"), apt.UNPACKED / "usr/lib/postgresql"]
    folders = [path for root in roots for path in root.glob("*/bin")]
    folders.sort(key=lambda path: float(path.parent.name), reverse=True)
    kept = _DATA / "PG_VERSION"
    if kept.is_file():  # a cluster needs programs of its own version
        folders.sort(key=lambda path: path.parent.name != kept.read_text().strip())
    on_path = shutil.which(name)
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return next((path for path in folders if (path / name).is_file()), None)


def _started():
    programs = _programs("initdb", "postgresql")
    _make_private(_FOLDER)
    server = Server(programs, str(_socket_folder()), "", _USER, own=True)
    with open(LOCAL / "postgres.start", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _drop_cluster_of_another_version(programs)
        if not ((_FOLDER / "made").exists() and _DATA.is_dir()):
            _make_cluster(programs)
        if not _answers(server):
            _start(server)
    return server


def _make_private(folder):
    """A folder that only we can enter; refuse one that another user put there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        raise Problem(f"{folder} belongs to another user: remove it, then try again.")
    folder.chmod(0o700)


def _socket_folder():
    if len(os.fsencode(_FOLDER)) <= _LONGEST_SOCKET_FOLDER:
        return _FOLDER
    name = hashlib.sha256(os.fsencode(_FOLDER)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"backorder-{os.geteuid()}-{name}"
    _make_private(folder)
    return folder


def _as_database_owner():
    """PostgreSQL does not run as root: what to put before its programs then.

    Each way lets it reach folders that only root can enter.
    """
    if os.geteuid() != 0:
        return []
    allowed = "+dac_override,+dac_read_search"
    ways = [
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        + [f"--inh-caps={allowed}", f"--ambient-caps={allowed}"],
        ["unshare", "--user", "--map-user=1000"],
    ]
    for way in ways:
        if output([*way, "ls", _FOLDER]) is not None:
            return way
    raise Problem(
        "PostgreSQL does not run as root, and this system lets root start it as "
        "nobody else: run this command as a normal user."
    )


def _make_cluster(programs):
    with step("Creating the private PostgreSQL server"):
        (_FOLDER / "made").unlink(missing_ok=True)
        shutil.rmtree(_DATA, ignore_errors=True)
        _DATA.mkdir(mode=0o700)
        owner = _as_database_owner()
        if owner[:1] == ["setpriv"]:
            shutil.chown(_DATA, "nobody", "nogroup")
        command = [*owner, programs / "initdb", "-D", _DATA, "-U", _USER]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        if _run(command) != 0:
            raise Problem(
                "The private PostgreSQL server could not be created: "
                f"{LOGS / 'postgres.log'} tells why."
            )
        with open(_DATA / "postgresql.conf", "a") as config:
            config.write(_SETTINGS)
        (_FOLDER / "made").touch()


def _drop_cluster_of_another_version(programs):
    version = output([programs / "postgres", "--version"], env=_environment()) or ""
    kept = _DATA / "PG_VERSION"
    if kept.is_file() and f" {kept.read_text().strip()}" not in version:
        print("· PostgreSQL has another version than before; its databases are new")
        shutil.rmtree(_DATA)


def _environment():
    names = ("PGHOST", "PGPORT", "PGUSER", "PGDATA", "PGDATABASE", "PGPASSWORD")
    known = {key: text for key, text in os.environ.items() if key not in names}
    return known | apt.library_environment()


def _answers(server):
    command = [server.programs / "psql", "-X", "-d", "postgres", "-c", "select 1"]
    return output(command, env=os.environ | server.environment) is not None


def _start(server):
    if _process() and _answers_soon(server):  # a killed command had just started it
        return
    _stop("immediate")
    (_DATA / "postmaster.pid").unlink(missing_ok=True)
    folder = f'unix_socket_directories="{server.host}"'
    log = _FOLDER / "server.log"
    command = ["start", "-l", log, "-t", "60", "-o", f"-c {shlex.quote(folder)}"]
    if _control(server.programs, *command) != 0:
        raise Problem(
            f"The private PostgreSQL server does not start: {log} tells why; "
            f"removing {_FOLDER} starts over with a new one."
        )


def _answers_soon(server):
    for _ in range(150):
        if _answers(server):
            return True
        if not _process():
            break
        time.sleep(0.2)
    return False


def _process():
    """The process id of our running server, None for one that died."""
    try:
        number = int((_DATA / "postmaster.pid").read_text().split()[0])
        same = Path(f"/proc/{number}/cwd").resolve() == _DATA.resolve()
    except (OSError, ValueError, IndexError):
        return None
    return number if same else None


def _stop(mode="fast"):
    if _process():
        _control(_find_programs("pg_ctl"), "stop", "-m", mode)


def _control(programs, *words):
    owner = _as_database_owner()
    return _run([*owner, programs / "pg_ctl", "-D", _DATA, "-w", *words])


def _run(command):
    # A session of its own: Ctrl-C at the terminal must not reach the server.
    options = {"env": _environment(), "cwd": "/", "start_new_session": True}
    return run(command, log="postgres", **options)
