"""The archive: a folder outside of every data folder, best on another disk, with all that a restore needs.

    lives/<epoch>/log/base/<time>/       base backups of the main Postgres
    lives/<epoch>/log/wal/               its write-ahead log, as it comes
    lives/<epoch>/keyring/…              the same of the keyring
    erasures.jsonl                       who was erased: `write_side.customers.ledger`

A restore begins a new life under a new epoch: what was archived before stays readable, and is never mixed with what
comes after. Secrets (the master key) are not in it.
"""

import re
import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

VARIABLE = "DOORBUSTER_ARCHIVE"
CLUSTERS = {"log": "postgres", "keyring": "keyring"}  # the name in the archive → that of the server
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_SEGMENTS_PER_LOG = 256  # segments of 16 MB: the last eight digits count up to here
_STAMP = "%Y%m%dT%H%M%S.%fZ"


class BrokenArchive(RuntimeError):
    """The archive does not hold what is needed; the message says what."""


class Base(Struct, frozen=True):
    """A base backup: when it was begun and finished, and the first WAL segment that a restore of it reads."""

    began: datetime
    finished: datetime
    first_segment: str


class Backup(NamedTuple):
    """A base backup with the folder it lies in, and the WAL that goes on from it."""

    base: Base
    folder: Path
    wal: Path


class Cluster:
    """One of the two Postgres servers within a life."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bases, self.wal = folder, folder / "base", folder / "wal"

    def make(self) -> None:
        """Its folders: they hold personal data, if sealed, and keys, if wrapped."""
        for folder in (self.bases, self.wal):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def claim(self, system_identifier: str) -> None:
        """Belong to this server, for ever; raises `BrokenArchive` if it belongs to another one.

        A server that was made anew in the place of a lost one must not write over what could restore it.
        """
        file = self.folder / "system_identifier"
        if not file.exists():
            self.make()
            file.write_text(system_identifier)
        if file.read_text() != system_identifier:
            raise BrokenArchive(
                f"{self.folder} archives another Postgres than the one that runs: restore it, or name an empty folder"
            )

    def new_base(self) -> Path:
        """Where a base backup is to be written until it is whole."""
        return self.bases / f"{datetime.now(UTC).strftime(_STAMP)}.half"

    def keep_base(self, half: Path, began: datetime) -> Backup:
        """It is whole: from now on a restore may use it."""
        label = (half / "backup_label").read_text()
        found = re.search(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)", label)
        if found is None:
            raise BrokenArchive(f"{half}/backup_label names no WAL segment")
        base = Base(began, datetime.now(UTC), found[1])
        half.with_suffix(".json").write_bytes(msgspec.json.encode(base))
        whole = half.rename(half.with_suffix(""))
        half.with_suffix(".json").rename(whole.with_name(f"{whole.name}.json"))
        return Backup(base, whole, self.wal)

    def backups(self) -> list[Backup]:
        """Whole ones, oldest first."""
        found = []
        for folder in sorted(self.bases.glob("*Z")):
            described = folder.with_name(f"{folder.name}.json")
            if described.exists():
                found.append(Backup(msgspec.json.decode(described.read_bytes(), type=Base), folder, self.wal))
        return found

    def prune(self, keep: int) -> list[Path]:
        """Keep the newest `keep` backups and the WAL from the oldest of them on; answers which backups went."""
        backups = self.backups()
        gone = [backup.folder for backup in backups[:-keep]]
        for folder in gone:
            folder.with_name(f"{folder.name}.json").unlink(missing_ok=True)
            shutil.rmtree(folder)
        for half in self.bases.glob("*.half"):
            shutil.rmtree(half)
        if backups:
            _forget_before(self.wal, backups[-keep:][0].base.first_segment)
        return gone


def _forget_before(wal: Path, segment: str) -> None:
    for file in wal.iterdir():
        if _SEGMENT.match(file.name) and file.name[:24] < segment:
            file.unlink()


def segments_from(backup: Backup) -> list[Path]:
    """The archived WAL from a backup's start on, in order, the unfinished last one with it; raises `BrokenArchive`
    where one is missing in between."""
    found = {file.name[:24]: file for file in backup.wal.iterdir() if _SEGMENT.match(file.name)}
    names = sorted(name for name in found if name >= backup.base.first_segment)
    for before, after in pairwise(names):
        if before[:8] == after[:8] and _number(after) != _number(before) + 1:
            raise BrokenArchive(f"the archive has a hole: {after} follows {before}")
    if names and names[0] != backup.base.first_segment:
        raise BrokenArchive(f"the archive has a hole: it begins with {names[0]}, not {backup.base.first_segment}")
    return [found[name] for name in names]


def _number(segment: str) -> int:
    return int(segment[8:16], 16) * _SEGMENTS_PER_LOG + int(segment[16:24], 16)


class Archive:
    """The folder. `epoch` is that of its newest life, 0 if there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.ledger = self.folder / "erasures.jsonl"

    @property
    def epochs(self) -> list[int]:
        """Of all its lives, oldest first."""
        return sorted(int(life.name) for life in self.folder.glob("lives/*") if life.name.isdigit())

    @property
    def epoch(self) -> int:
        """Of the newest life; a store begins with 1."""
        return max(self.epochs, default=1)

    def cluster(self, name: str, epoch: int | None = None) -> Cluster:
        """`log` or `keyring`, of the newest life unless told."""
        return Cluster(self.folder / "lives" / f"{epoch or self.epoch:06d}" / name)

    def begin(self, epoch: int) -> None:
        """A new life."""
        for name in CLUSTERS:
            self.cluster(name, epoch).make()

    def newest(self, name: str, until: datetime | None = None) -> Backup:
        """The last backup of any life that was finished by then; raises `BrokenArchive` if there is none."""
        backups = [backup for epoch in self.epochs for backup in self.cluster(name, epoch).backups()]
        fitting = [backup for backup in backups if until is None or backup.base.finished <= until]
        if not fitting:
            when = "" if until is None else f" that was finished by {until.isoformat()}"
            raise BrokenArchive(f"{self.folder} holds no backup of the {name}{when}")
        return fitting[-1]

    def prune(self, keep: int) -> list[Path]:
        """Keep the newest `keep` backups of the log, one of the keyring; lives without any go."""
        gone = self._prune("log", keep) + self.prune_keyring()
        for life in self.folder.glob("lives/*"):
            if not any(life.iterdir()):
                life.rmdir()
        return gone

    def prune_keyring(self) -> list[Path]:
        """Keep its newest backup alone: what is older has the keys of persons who were erased since."""
        return self._prune("keyring", 1)

    def _prune(self, name: str, left: int) -> list[Path]:
        gone = []
        for epoch in reversed(self.epochs):
            cluster = self.cluster(name, epoch)
            if left or epoch == self.epoch:
                gone += cluster.prune(max(left, 1))
                left -= min(left, len(cluster.backups()))
            elif cluster.folder.exists():
                gone += [backup.folder for backup in cluster.backups()]
                shutil.rmtree(cluster.folder)
        return gone
