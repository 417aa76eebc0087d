"""Who runs a server: Postgres refuses to run as root, so root hands it to an account without rights."""

import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import TypedDict

from msgspec import Struct


class PopenUser(TypedDict):
    """The arguments of `subprocess.Popen` that hand the child to another user; None keeps ours."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


class Account(Struct, frozen=True):
    """A user of this machine that a process can be handed to."""

    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether this account can enter the folder or run the file."""
        test = subprocess.run(["/usr/bin/test", "-x", str(path)], cwd="/", check=False, **run_as(self))
        return test.returncode == 0


def run_as(account: Account | None) -> PopenUser:
    """The arguments of `subprocess.Popen` for a child that runs as this account, or as ourselves."""
    if account is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def unprivileged() -> Account | None:
    """The account to run Postgres as: None (ourselves) unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise RuntimeError("Postgres does not run as root, and this machine has neither the user 'postgres' nor 'nobody'")


def reachable_folder(folder: Path, account: Account | None) -> Path:
    """`folder`, created; or, where the account cannot get there (a clone under a 0700 home), a stand-in for it.

    The stand-in lies in /var/tmp under a name derived from `folder`, which becomes a link to it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not folder.is_symlink() and (account is None or account.reaches(folder.parent)):
        folder.mkdir(exist_ok=True)
        return folder
    stand_in = Path("/var/tmp") / f"doorbuster-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    if not folder.is_symlink():
        if folder.exists():
            raise RuntimeError(f"the account that runs Postgres can no longer get to {folder}")
        _forget(stand_in)  # of a folder of the same path that was deleted: its password is lost
        folder.symlink_to(stand_in)
    stand_in.mkdir(mode=0o711, exist_ok=True)
    if stand_in.is_symlink() or stand_in.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{stand_in} belongs to somebody else: remove it, or set DOORBUSTER_HOME to another folder")
    return stand_in


def _forget(folder: Path) -> None:
    if folder.exists() and not folder.is_symlink() and folder.stat().st_uid == os.geteuid():
        shutil.rmtree(folder)
