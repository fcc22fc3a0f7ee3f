"""Processes and ports of this machine: who lives, who listens, who dies with whom. No Django."""

import ctypes
import ctypes.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A loopback TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def port_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server already listens on the port, or the system refuses it to us."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def process_command(pid: int) -> str:
    """The command line of a live process, "" when it is gone or a zombie."""
    if pid <= 0:
        return ""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        if Path("/proc/self").exists():
            return ""
    try:
        shown = subprocess.run(  # no /proc: macOS
            ["ps", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return shown.stdout.strip()


def wait_for(happened: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
    """Poll until something has happened; False when the time is over."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def die_with_parent(number: int) -> Callable[[], None] | None:
    """A preexec_fn: the kernel sends this signal when the parent dies, however it dies."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6", use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(1, number)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # died between fork and here
            os.kill(os.getpid(), number)

    return ask
