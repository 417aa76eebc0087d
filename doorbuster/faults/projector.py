"""`python -m doorbuster.faults.projector`: the projector as it is, with the witnesses among its read models.

Two things of it may be broken on purpose. FAULTS_LEASE names another lease, so that two own all shards at once; and
while the file FAULTS_BUG exists, the model `stock_level` fails on the SKU written in it, as a bug in its code would.
"""

import importlib
import logging
import os
from pathlib import Path
from typing import Any

import uvloop
from msgspec import structs

from doorbuster.faults import witness
from projector.model import ReadModel
from projector.read_models import all as registry
from projector.read_models import stock_level
from shared.documents import indices
from shared.http import logs
from shared.settings import Settings


def with_bug(model: ReadModel, file: Path) -> ReadModel:
    """The model, failing on the SKU that the file names, as long as there is one."""

    def evolve(state: Any, recorded: Any, event: Any) -> Any:
        if file.exists() and event.sku == file.read_text():
            raise ValueError(f"the planted bug does not like {event.sku}")
        return model.evolve(state, recorded, event)

    return structs.replace(model, evolve=evolve)


def _register() -> None:
    models = [
        with_bug(model, Path(os.environ["FAULTS_BUG"])) if model is stock_level.MODEL else model
        for model in registry.READ_MODELS
    ]
    registry.READ_MODELS = (*models, *witness.WITNESSES)
    indices.INDICES[witness.SEARCH_NAME] = witness.INDEX


def main() -> None:
    """Until SIGTERM."""
    _register()
    process = importlib.import_module("projector.__main__")  # only now: its modules bind the list when imported
    if lease := os.environ.get("FAULTS_LEASE"):
        process.LEASE = lease  # type: ignore[attr-defined]
    settings = Settings.read()
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    logs.configure("projector", settings.log_level)
    uvloop.run(process.main(settings))


if __name__ == "__main__":
    main()
