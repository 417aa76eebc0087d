"""`doorbuster import catalog` as its user sees it."""

import csv
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.imports.files import COLUMNS, row, written
from write_side.database import Pool

ROOT = Path(__file__).parents[3]
NOWHERE = "/nonexistent"  # nothing was started from there


def doorbuster(*words: object, database_url: str | None = None) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "DATABASE_URL": database_url or "", "DOORBUSTER_HOME": NOWHERE}
    command = [sys.executable, "-m", "doorbuster.cli", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


async def test_it_says_how_it_went_and_keeps_what_was_rejected(pool: Pool, tmp_path: Path, database_url: str) -> None:
    path = written(tmp_path / "a.tsv.gz", [row(1), row(2, price="cheap"), row(3)])
    rejects = tmp_path / "rejects.csv"
    done = doorbuster("import", "catalog", path, "--stock", 5, "--rejects", rejects, database_url=database_url)
    assert done.returncode == 0, done.stderr
    assert "2 created, 0 revised, 0 unchanged, 1 rejected" in done.stdout
    assert "100%  3 rows" in done.stderr
    with rejects.open(newline="") as text:
        assert list(csv.reader(text)) == [
            ["line", "code", "reason", *COLUMNS],
            ["3", "broken_price", "'cheap' is no number of minor units", *row(2, price="cheap").values()],
        ]
    again = doorbuster("import", "catalog", path, "--rejects", tmp_path / "more.csv", database_url=database_url)
    assert "0 created, 0 revised, 2 unchanged, 1 rejected" in again.stdout
    moving = written(tmp_path / "b.tsv.gz", [row(1, product_features="product type:Torch"), row(3)])
    told = doorbuster("import", "catalog", moving, "--dry-run", database_url=database_url)
    assert "1 would be revised (1 would be moved to another category), 1 unchanged, 0 rejected" in told.stdout


async def test_a_clean_file_leaves_no_file_of_rejects(pool: Pool, tmp_path: Path, database_url: str) -> None:
    sample = tmp_path / "shop.tsv.gz"
    assert doorbuster("sample-catalog", sample, "--products", 40).returncode == 0
    done = doorbuster("import", "catalog", sample, "--stock", 1, database_url=database_url)
    assert (done.returncode, "40 created" in done.stdout) == (0, True)
    assert os.listdir(tmp_path) == [sample.name]


async def test_what_cannot_be_read_at_all_is_an_error(pool: Pool, tmp_path: Path, database_url: str) -> None:
    missing = doorbuster("import", "catalog", tmp_path / "nothing.tsv", database_url=database_url)
    assert (missing.returncode, "No such file" in missing.stderr) == (1, True)
    path = written(tmp_path / "a.tsv.gz", [row(1)])
    mapping = tmp_path / "m.json"
    mapping.write_text('{"columns": {"a": "sku"}}')
    broken = doorbuster("import", "catalog", path, "--mapping", mapping, database_url=database_url)
    assert (broken.returncode, "no column is 'name'" in broken.stderr) == (1, True)
    currency = doorbuster("import", "catalog", path, "--currency", "XXX", database_url=database_url)
    assert (currency.returncode, "XXX" in currency.stderr) == (1, True)


def test_without_a_database_it_says_what_to_do(tmp_path: Path) -> None:
    done = doorbuster("import", "catalog", tmp_path / "a.tsv")
    assert (done.returncode, "DATABASE_URL" in done.stderr) == (1, True)


async def test_what_an_import_and_an_edit_did_is_told_and_taken_back(
    pool: Pool, tmp_path: Path, database_url: str
) -> None:
    path = written(tmp_path / "a.tsv.gz", [row(1), row(2)])
    done = doorbuster("import", "catalog", path, database_url=database_url)
    [_, _, _, run_id, *_] = done.stderr.splitlines()[0].split()
    away = '{"kind": "status_set", "status": "draft"}'
    edit = doorbuster("edit", "catalog", away, "--sku", "1", "--dry-run", database_url=database_url)
    assert 'edited     desk-lamp\n    /status: "active" → "draft"\n' in edit.stdout, edit.stderr
    undo = doorbuster("import", "undo", run_id, database_url=database_url)
    assert (undo.returncode, undo.stdout.count("archived   desk-lamp")) == (0, 2), undo.stderr
    listed = doorbuster("import", "list", database_url=database_url).stdout.splitlines()
    assert [line.split("  ")[1] for line in listed] == ["undo", "edit (preview)", "catalog"]
    unsaid = doorbuster("edit", "catalog", away, database_url=database_url)
    assert (unsaid.returncode, "say which products" in unsaid.stderr) == (1, True)
