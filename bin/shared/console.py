"""Talking to the person at the terminal, and running programs for them."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
import traceback

from shared.paths import LOCAL, LOGS

_HEARTBEAT = 15  # seconds between signs of life where a line cannot be rewritten


class Problem(Exception):
    """Something the user can mend; its text says what it is and how."""


class Step:
    """A line that says what is being done, and for how long it took."""

    def __init__(self, title):
        self.title = title
        self.start = time.monotonic()
        self.tty = sys.stdout.isatty()
        self.spoken = self.start
        print(f"· {title} …", end="", flush=True)

    def progress(self, detail):
        now = time.monotonic()
        if self.tty:
            print(f"\r\033[K· {self.title} … {detail}"[:100], end="", flush=True)
        elif now - self.spoken > _HEARTBEAT:
            self.spoken = now
            print(f" {detail} …", end="", flush=True)

    def done(self):
        seconds = time.monotonic() - self.start
        clear = f"\r\033[K· {self.title} …" if self.tty else ""
        print(f"{clear} {seconds:.0f} s", flush=True)


@contextlib.contextmanager
def step(title):
    line = Step(title)
    try:
        yield line
    except BaseException:
        print(flush=True)
        raise
    line.done()


def die_with_parent():
    """In a new child: end when the command that started it is killed."""
    with contextlib.suppress(OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1: PR_SET_PDEATHSIG


def run(command, *, log="commands", on_line=None, outlive=False, **options):
    """Run a program with its output in a log file; return its exit status.

    A program that may outlive this command is not cut off where this one is killed.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / f"{log}.log", "a", errors="replace") as out:
        print("$", *command, file=out, flush=True)
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=None if outlive else die_with_parent,
            **options,
        )
        try:
            for line in process.stdout:
                out.write(line)
                if on_line:
                    on_line(line)
            return process.wait()
        finally:
            stop(process)


def run_visible(command, **options):
    """Run a program on the user's terminal; return its exit status."""
    sys.stdout.flush()
    words = [str(word) for word in command]
    process = subprocess.Popen(words, preexec_fn=die_with_parent, **options)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # Ctrl-C has reached the program too; let it close its books.
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        raise
    finally:
        stop(process)


def stop(process, patience=15):
    """End a child that may still run, gently first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def output(command, **options):
    """What a program prints; None where it fails or does not exist."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            **options,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


@contextlib.contextmanager
def setup_lock():
    """Only one command at a time installs, or makes and drops databases."""
    make_local()
    with open(LOCAL / "setup.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("Waiting for another command that is preparing this checkout"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_local():
    LOCAL.mkdir(exist_ok=True)
    if not os.access(LOCAL, os.W_OK) or (
        os.geteuid() != 0 and LOCAL.stat().st_uid != os.geteuid()
    ):
        raise Problem(
            f"{LOCAL} belongs to another user: run this command as that user, "
            "or remove the folder."
        )


def main(function):
    """Run a command; whatever goes wrong ends in one sentence, not a traceback."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    try:
        status = function()
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        status = 130
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        status = 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"\n{error.strerror or error}{where}.", file=sys.stderr)
        status = 1
    except Exception:
        LOGS.mkdir(parents=True, exist_ok=True)
        (LOGS / "error.log").write_text(traceback.format_exc())
        print(
            "\nThis command has a fault of its own; please report it with "
            f"{LOGS / 'error.log'}.",
            file=sys.stderr,
        )
        status = 70
    sys.exit(status or 0)


def _interrupt(signum, frame):
    raise KeyboardInterrupt
