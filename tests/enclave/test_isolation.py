"""Each mechanism of the sandbox: what it forbids is possible without it and impossible with it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zkseal.enclave.isolation import MECHANISMS, PrivateMemory, landlock
from zkseal.enclave.isolation.sandbox import Isolation

SCRIPT = Path(__file__).with_name("attempts.py")
SOURCES = Path(__file__).resolve().parents[2] / "src"

OUTSIDE = "user-namespace+mount-namespace"


def attempt(mechanisms: str, name: str, argument: str = "") -> str:
    """What the attempt printed, or the signal that ended it."""
    environment = dict(os.environ, PYTHONPATH=str(SOURCES))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), mechanisms, name, argument], env=environment, capture_output=True, text=True
    )
    if done.returncode in (-signal.SIGSYS, 128 + signal.SIGSYS):
        return "SIGSYS"
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith("missing "):
        pytest.skip(f"this machine does not offer every mechanism: {done.stdout.strip()}")
    return done.stdout.strip()


@pytest.fixture
def listener() -> Iterator[str]:
    """A port of this machine on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.fixture
def victim() -> Iterator[str]:
    """Another process of ours."""
    process = subprocess.Popen(["sleep", "60"])
    yield str(process.pid)
    process.kill()
    process.wait()


@pytest.fixture
def shared_memory() -> Iterator[str]:
    """The key of a segment of System V shared memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    key = 0x7A6B0000 + os.getpid() % 0xFFFF
    segment = libc.shmget(key, 4096, 0o1600)
    assert segment >= 0
    yield str(key)
    libc.shmctl(segment, 0, None)


@pytest.fixture
def argument(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What a row names, or the value of the fixture that it names."""
    name = str(request.param)
    if name in ("listener", "victim", "shared_memory"):
        return str(request.getfixturevalue(name))
    return name.replace("TMP", str(tmp_path)).replace("PYTHON", os.path.realpath(sys.executable))


ROWS = [
    # mechanism and what it needs, without it, attempt, its argument, what comes of it
    ("user-namespace+net-namespace", "user-namespace", "connect", "listener", "OSError"),
    ("user-namespace+pid-namespace", "user-namespace", "send_signal", "victim", "ProcessLookupError"),
    ("user-namespace+ipc-namespace", "user-namespace", "attach_shared_memory", "shared_memory", "FileNotFoundError"),
    (f"{OUTSIDE}+read-only-mounts", OUTSIDE, "write", f"{SOURCES}/../zkseal-attempt", "OSError"),
    ("no-new-privileges+landlock", "no-new-privileges", "read", "/etc/passwd", "PermissionError"),
    ("no-new-privileges+landlock", "no-new-privileges", "write", "TMP/file", "PermissionError"),
    ("no-new-privileges+landlock", "no-new-privileges", "run_program", "PYTHON", "PermissionError"),
    ("no-new-privileges+landlock", "no-new-privileges", "connect", "listener", "PermissionError"),
    ("no-new-privileges+landlock", "no-new-privileges", "send_signal", "victim", "PermissionError"),
    ("no-new-privileges+no-files", "no-new-privileges+landlock", "read", str(SCRIPT), "PermissionError"),
    ("user-namespace+no-capabilities", "user-namespace", "change_root", "", "PermissionError"),
    ("no-new-privileges+seccomp", "no-new-privileges", "make_socket", "", "SIGSYS"),
    ("no-new-privileges+seccomp", "no-new-privileges", "run_program", "PYTHON", "SIGSYS"),
    ("no-new-privileges+seccomp", "no-new-privileges", "make_process", "", "SIGSYS"),
    ("no-new-privileges+seccomp", "no-new-privileges", "trace", "victim", "SIGSYS"),
    ("no-new-privileges+seccomp", "no-new-privileges", "send_signal", "victim", "SIGSYS"),
    ("no-new-privileges+seccomp", "no-new-privileges", "write", "TMP/file", "PermissionError"),
    ("no-new-privileges+seccomp", "no-new-privileges", "read", "/etc/passwd", "PermissionError"),
    ("no-new-privileges+seccomp", "no-new-privileges", "executable_memory", "", "PermissionError"),
]


@pytest.mark.parametrize(
    ("with_it", "without", "name", "argument", "outcome"),
    ROWS,
    indirect=["argument"],
    ids=[f"{row[0].rpartition('+')[2]}: {row[2]}" for row in ROWS],
)
def test_a_mechanism_forbids(with_it: str, without: str, name: str, argument: str, outcome: str) -> None:
    assert attempt(without, name, argument) == "done"
    assert attempt(with_it, name, argument) == outcome


@pytest.mark.parametrize(("mechanism", "line"), [("no-new-privileges", "NoNewPrivs=1"), ("seccomp", "Seccomp=2")])
def test_the_kernel_says_that_it_is_on(mechanism: str, line: str) -> None:
    # The filter forbids to ask, so what is asked here is the program that a process with it would show.
    if mechanism == "seccomp":
        assert attempt("no-new-privileges+seccomp", "status", line) == "PermissionError"
    else:
        assert attempt("-", "status", line) == "PermissionError"
        assert attempt(mechanism, "status", line) == "done"


def test_a_user_namespace_makes_it_nobody() -> None:
    assert attempt("-", "be_nobody") == "PermissionError"
    assert attempt("user-namespace", "be_nobody") == "done"


@pytest.mark.parametrize("mechanism", ["no-core-dump", "not-dumpable", "everything"])
def test_no_core_is_dumped(mechanism: str, tmp_path: Path) -> None:
    environment = dict(os.environ, PYTHONPATH=str(SOURCES))

    def dumped(mechanisms: str, folder: Path) -> bool:
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), mechanisms, "dump_core", str(folder)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status = os.waitpid(process.pid, 0)
        process.returncode = status
        return os.WCOREDUMP(status) or any(folder.iterdir())

    if not dumped("-", tmp_path / "control"):
        pytest.skip("this machine dumps no core of any process")
    assert not dumped(mechanism, tmp_path / "with")


@pytest.mark.parametrize(
    ("name", "argument"),
    [("read", "/etc/shadow"), ("write", "TMP/file"), ("make_socket", ""), ("run_program", "PYTHON"), ("trace", "1")],
    indirect=["argument"],
)
def test_the_whole_sandbox_forbids_it(name: str, argument: str) -> None:
    assert attempt("everything", name, argument) in ("PermissionError", "FileNotFoundError", "SIGSYS")


def test_landlock_is_probed() -> None:
    """Its version, or a named reason; nothing between."""
    try:
        version = landlock.abi_version()
    except OSError as error:
        pytest.skip(f"this machine has no Landlock: {error}")
    assert version >= 1


def test_what_a_machine_lacks_is_named() -> None:
    isolation = Isolation()

    def missing() -> None:
        raise OSError(38, "Function not implemented")

    assert not isolation.apply("landlock", missing)
    assert isolation.missing == {"landlock": "Function not implemented"}
    assert isolation.on == []


def test_a_container_without_namespaces_keeps_the_rest() -> None:
    """As in a container that allows no namespaces: what is missing is named, Landlock and the filter are on."""
    code = (
        "import os; from pathlib import Path\n"
        "from zkseal.enclave.isolation import isolate, lock, namespaces, process_limits\n"
        "namespaces.own_user()\n"
        "Path('/proc/sys/user/max_user_namespaces').write_text('0')\n"
        "process_limits.without_capabilities()\n"
        "found = isolate(); lock(found)\n"
        "os.write(1, ' '.join(found.on).encode() + b';' + ' '.join(found.missing).encode())"
    )
    # Where this machine makes no namespace at all, that is said, and every other test of the sandbox is such a one.
    assert attempt("user-namespace", "be_nobody") == "done"
    environment = dict(os.environ, PYTHONPATH=str(SOURCES))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    on, missing = (set(words.split()) for words in done.stdout.split(";"))
    assert {"landlock", "no-files", "seccomp", "no-core-dump", "not-dumpable"} <= on
    assert {"user-namespace", "net-namespace", "pid-namespace", "read-only-mounts"} <= missing
    assert on | missing == set(MECHANISMS)


def test_locked_memory_is_on_or_the_limit_is_named() -> None:
    code = (
        "from zkseal.enclave.isolation.process_limits import *\n"
        "raise_lock_limit()\n"
        "try: lock_memory()\n"
        "except OSError as error: print(error)\n"
        "else: print(open('/proc/self/status').read().partition('VmLck:')[2].split()[0] != '0')"
    )
    environment = dict(os.environ, PYTHONPATH=str(SOURCES))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True" or done.stdout.startswith("RLIMIT_MEMLOCK allows")


def test_private_memory_is_in_no_file_and_secret_where_the_limit_allows() -> None:
    memory = PrivateMemory.allocate(1 << 16)
    memory.data[:6] = b"marker"
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory.data))
    with open("/proc/self/mem", "rb", buffering=0) as own:
        own.seek(address)
        if memory.secret:
            # The kernel itself does not reach it.
            with pytest.raises(OSError, match="error"):
                own.read(6)
        else:
            assert own.read(6) == b"marker"
    assert bytes(memory.view()[:6]) == b"marker"
    assert memory.view().readonly


def test_private_memory_falls_back_when_it_is_too_large_to_lock() -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))\n"
    nobody = "from zkseal.enclave.isolation import namespaces, PrivateMemory; namespaces.own_user()\n"
    code = limit + nobody + "print(PrivateMemory.allocate(1 << 20).secret)"
    environment = dict(os.environ, PYTHONPATH=str(SOURCES))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_all_mechanisms_have_a_name() -> None:
    assert len(set(MECHANISMS)) == len(MECHANISMS)
