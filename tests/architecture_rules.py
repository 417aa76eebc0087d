"""The rules of dependency, as functions from sources to violations.

Sources are a mapping of path (relative, with slashes) to text, so a test can plant a violation. Each violation is a
sentence that starts with the path.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

Sources = Mapping[str, str]

SIDES = ("write_side", "read_side", "projector")
OURS = (*SIDES, "shared", "doorbuster")
_IO = {"asyncpg", "redis", "elasticsearch", "httpx", "aiohttp", "aiosmtplib", "stripe", "litestar", "faststream"}
_IO |= {"piccolo", "granian", "asyncio", "anyio", "socket", "ssl", "urllib", "http", "subprocess", "os", "threading"}
_CLOCKS = {"time", "random", "secrets"}
_CLOCK_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7"}
_CLIENTS = {"connect", "create_pool", "Redis", "from_url", "AsyncElasticsearch", "Elasticsearch", "StripeClient"}
_CLIENTS |= {"AsyncClient", "Client", "ClientSession", "RedisBroker", "Litestar"}
# What the contracts may need beyond the standard library, by file. `shared/http` is no contract but the plumbing that
# both APIs serve with.
_SHARED_MAY_USE = {"msgspec"}
_SHARED_EXCEPTIONS = {"shared/sealed.py": {"cryptography"}}
_SHARED_PLUMBING = "shared/http/"
# The projector's role may touch these tables of the log's database, and no others.
PROJECTOR_TABLES = {
    "event_log", "checkpoint", "parked_key", "read_model_version", "lease", "relay_state", "log_settings", "person_key",
    "skipped_event", "rewrite_request",
}  # fmt: skip
# Constants of the store, fixed when it is created: whoever appends events reads how many shards there are.
_READ_BY_ALL = {"log_settings"}
# The wiring knows every context from within: it is the one place that puts them together.
_WIRING = {"write_side/app.py", "write_side/worker.py", "write_side/__main__.py"}
_WIRING |= {"write_side/aggregates.py", "write_side/verifying/references.py", "write_side/verifying/rewriting.py"}
_NO_CONTEXTS = {"schema", "verifying"}  # folders of the write side that belong to all contexts, or to the log
_LOG = "the log"  # the home of the tables that belong to no context


def read_sources(root: Path, folders: tuple[str, ...]) -> dict[str, str]:
    """The Python and SQL files below these folders of the checkout."""
    files = [path for folder in folders for path in sorted((root / folder).rglob("*"))]
    return {path.relative_to(root).as_posix(): path.read_text() for path in files if path.suffix in (".py", ".sql")}


def sides_know_each_other(sources: Sources) -> list[str]:
    """The three sides import `shared` and never each other; nobody imports `doorbuster`."""
    return [
        f"{path} imports {module}"
        for path, module in _imports(sources)
        for side, target in [(_top(path), module.split(".")[0])]
        if (side in SIDES and target in OURS and target not in (side, "shared"))
        or (side == "shared" and target in OURS and target != "shared")
    ]


def contracts_use_more_than_msgspec(sources: Sources) -> list[str]:
    """`shared` is made of contracts: msgspec and the standard library."""
    found = []
    for path, module in _imports(sources):
        if _top(path) != "shared" or path.startswith(_SHARED_PLUMBING):
            continue
        package = module.split(".")[0]
        allowed = _SHARED_MAY_USE | _SHARED_EXCEPTIONS.get(path, set()) | {"shared"} | sys.stdlib_module_names
        if package not in allowed or module.startswith("shared.http"):
            found.append(f"{path} imports {module}")
    return found


def domains_do_more_than_decide(sources: Sources) -> list[str]:
    """A `domain.py` is pure: no I/O package, no clock, no dice, no `await`."""
    found = []
    for path, text in sources.items():
        if not path.endswith("/domain.py"):
            continue
        imported = [name for name in _modules(path, text) if name.split(".")[0] in _IO | _CLOCKS and name != "http"]
        found += [f"{path} imports {name}" for name in imported]
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith):
                found.append(f"{path}:{node.lineno} awaits")
            if isinstance(node, ast.Call) and _called(node) in _CLOCK_CALLS:
                found.append(f"{path}:{node.lineno} asks for {_called(node)}()")
    return found


def contexts_look_behind_faces(sources: Sources) -> list[str]:
    """Another context is imported by its package alone: `from write_side.inventory import reserve`."""
    contexts = {_context(path) for path in sources} - {None}
    found = []
    for path, module in _imports(sources):
        parts = module.split(".")
        if path in _WIRING or parts[0] != "write_side" or len(parts) < 3 or _top(path) != "write_side":
            continue
        if parts[1] in contexts and parts[1] != _context(path):
            found.append(f"{path} imports {module} past its face")
    return found


def faces_are_bypassed_by_name(sources: Sources) -> list[str]:
    """`from write_side.inventory import store` reaches a module behind the face just as well."""
    found = []
    for path, text in sources.items():
        if path in _WIRING or not path.endswith(".py") or _top(path) != "write_side":
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("write_side."):
                continue
            for name in node.names:
                inside = f"{str(node.module).replace('.', '/')}/{name.name}.py"
                if inside in sources and _context(inside) not in (None, _context(path)):
                    found.append(f"{path}:{node.lineno} imports {inside}")
    return found


def tables_have_two_homes(sources: Sources) -> list[str]:
    """A table is named by one context only: in its store, or in the SQL functions of its name."""
    homes: dict[str, set[str]] = defaultdict(set)
    for path, text in sources.items():
        home = _home(path)
        if home:
            for table in (_tables_named(path, text) & _tables(sources)) - _READ_BY_ALL:
                homes[table].add(home)
    return [f"{table} is named by {', '.join(sorted(names))}" for table, names in homes.items() if len(names) > 1]


def stores_are_not_the_only_sql(sources: Sources) -> list[str]:
    """In a context only `store.py` (or the keyring, which is another database) holds SQL."""
    tables = _tables(sources)
    return [
        f"{path} names {', '.join(sorted(named))}"
        for path, text in sources.items()
        if _context(path) and path.endswith(".py") and not path.endswith(("/store.py", "/keyring.py"))
        if (named := _tables_named(path, text) & tables)
    ]


def projector_touches_foreign_tables(sources: Sources) -> list[str]:
    """The projector reads the log and keeps its own checkpoints; state is the write side's."""
    return [
        f"{path} names {table}"
        for path, text in sources.items()
        if _top(path) == "projector"
        for table in sorted((_tables_named(path, text) & _tables(sources)) - PROJECTOR_TABLES)
    ]


def load_tests_import_ours(sources: Sources) -> list[str]:
    """The load tests speak HTTP: they must be able to run against any deployment."""
    return [
        f"{path} imports {module}"
        for path, module in _imports(sources)
        if _top(path) == "loadtests" and module.split(".")[0] in OURS
    ]


def modules_open_clients(sources: Sources) -> list[str]:
    """No client, pool or application is made at import: whoever imports a module must not need a server."""
    found = []
    for path, text in sources.items():
        if not path.endswith(".py") or path == "write_side/schema/piccolo_conf.py":
            continue  # Piccolo finds its engine in a module, or not at all
        for call in _calls_at_import(ast.parse(text)):
            if _called(call) in _CLIENTS:
                found.append(f"{path}:{call.lineno} makes a {_called(call)} at import")
    return found


def _imports(sources: Sources) -> Iterator[tuple[str, str]]:
    for path, text in sources.items():
        if path.endswith(".py"):
            yield from ((path, module) for module in _modules(path, text))


def _modules(path: str, text: str) -> Iterator[str]:
    package = list(PurePosixPath(path).parent.parts)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*above, *([node.module] if node.module else [])])


def _calls_at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls that run when the module is imported: those outside functions and lambdas."""
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            yield node
        # What runs under `if __name__ == "__main__"` runs for nobody who imports.
        if not (isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)):
            waiting.extend(ast.iter_child_nodes(node))


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _top(path: str) -> str:
    return path.split("/")[0]


def _context(path: str) -> str | None:
    """The bounded context of a file of the write side, None if it belongs to none."""
    parts = path.split("/")
    return parts[1] if parts[0] == "write_side" and len(parts) > 2 and parts[1] not in _NO_CONTEXTS else None


def _home(path: str) -> str | None:
    """Whose a file that may name tables is: a context's, or the log's."""
    if path.startswith("write_side/schema/functions/"):
        stem = PurePosixPath(path).stem
        return _LOG if stem in ("event_log", "idempotency", "lease") else stem
    if _top(path) == "write_side" and not path.startswith("write_side/schema/"):
        return _context(path) or _LOG
    return None


def _tables(sources: Sources) -> set[str]:
    migrations = "\n".join(text for path, text in sources.items() if path.startswith("write_side/schema/"))
    return set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", migrations))


def _tables_named(path: str, text: str) -> set[str]:
    sql = re.sub(r"--.*", "", text) if path.endswith(".sql") else "\n".join(_strings(text))
    return set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ONLY)\s+(\w+)", sql))


def _strings(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
