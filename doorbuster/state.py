"""What runs in a home right now, as the supervisor writes it down and everybody else reads it."""

import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor

import msgspec
from msgspec import Struct, field

from doorbuster import probes
from doorbuster.home import Home, write_private
from doorbuster.processes import ProcessId, Program, alive

RESTART = signal.SIGUSR1  # asks a supervisor to have what is on the disk now take over


class ProgramState(Struct):
    """One server or process. `state`: waiting, preparing, starting, healthy, unhealthy, failed, stopped, external."""

    name: str
    kind: str
    address: str
    probe: str
    version: str = ""
    state: str = "waiting"
    process: ProcessId | None = None
    restarts: int = 0
    last_exit: int | None = None
    problem: str = ""
    log: str = ""

    @classmethod
    def of(cls, program: Program, log: str) -> "ProgramState":
        """A program that was not started yet."""
        return cls(program.name, program.kind, program.address, program.probe, program.version, log=log)


class State(Struct):
    """A home's supervisor, what it keeps alive, and the environment that leads there."""

    supervisor: ProcessId
    scope: str  # what it was asked to run, see `doorbuster.stack`
    environment: dict[str, str] = field(default_factory=dict)
    programs: list[ProgramState] = field(default_factory=list)
    restarts: int | None = None  # how often our processes were replaced, as asked; None: this one does not know how to
    restarting: bool = False
    restart_problem: str = ""  # why the last time did not get to its end

    @property
    def ready(self) -> bool:
        """Whether the supervisor found everything healthy when it last looked."""
        return all(program.state in ("healthy", "external") for program in self.programs)


def read(home: Home) -> State | None:
    """The state last written, whether or not its processes still run."""
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode(home.state_file.read_bytes(), type=State)
    return None


def read_live(home: Home) -> State | None:
    """The state, if the supervisor that wrote it still runs."""
    state = read(home)
    return state if state and alive(state.supervisor) else None


def write(home: Home, state: State) -> None:
    """Replace the state file; it holds secrets, so only its owner may read it."""
    write_private(home.state_file, msgspec.json.format(msgspec.json.encode(state), indent=1).decode())


class Health(Struct):
    """A line of `doorbuster status`."""

    name: str
    kind: str
    address: str
    pid: int | None
    version: str
    healthy: bool
    state: str
    restarts: int
    last_exit: int | None
    log: str


def look(state: State) -> list[Health]:
    """Ask every program now, rather than believe what the supervisor saw last."""
    if not state.programs:
        return []
    with ThreadPoolExecutor(len(state.programs)) as threads:
        return list(threads.map(_look_at, state.programs))


def _look_at(program: ProgramState) -> Health:
    runs = program.state == "external" or alive(program.process)
    return Health(
        name=program.name,
        kind=program.kind,
        address=_without_password(program.address),
        pid=program.process.pid if program.process and runs else None,
        version=program.version,
        healthy=runs and probes.healthy(program.probe),
        state=program.state if runs or program.state != "healthy" else "died",
        restarts=program.restarts,
        last_exit=program.last_exit,
        log=program.log,
    )


def _without_password(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    credentials, at, place = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}{separator}{user}{at}{place}"
