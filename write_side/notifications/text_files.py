"""The files of what mails say: ours, in `sentences`, and a merchant's, whose sentences stand before ours."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.locales import is_locale
from write_side.notifications.texts import ENGLISH, BrokenMailTexts, Forms, MailTexts, Told, known_locale, read

SHIPPED = Path(__file__).parent / "sentences"


def read_mail_texts(folder: str, own: str) -> MailTexts:
    """Ours, and those of a folder (MAIL_TEXTS; empty: ours alone), which has a file for each language: `de-AT.toml`.
    `own` is the shop's language. Raises `BrokenMailTexts` naming file, key and what is wrong."""
    english = read(ENGLISH, _parsed(SHIPPED / f"{ENGLISH}.toml"), None)
    told: dict[str, Mapping[str, Forms]] = {}
    for path in (*_files(SHIPPED), *(_files(Path(folder)) if folder else ())):
        told[path.stem] = {**told.get(path.stem, {}), **read(str(path), _parsed(path), english)}
    return MailTexts({name: _told(name, sentences) for name, sentences in told.items()}, own)


def _files(folder: Path) -> list[Path]:
    """The languages of a folder. What is hidden is none: a mounted ConfigMap has such."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise BrokenMailTexts(f"{folder}: {error.strerror}") from error
    for path in paths:
        if path.suffix != ".toml" or not is_locale(path.stem) or known_locale(path.stem) is None:
            raise BrokenMailTexts(f"{path}: files are called by a language, such as de.toml or de-AT.toml")
    return paths


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BrokenMailTexts(f"{path}: {error.strerror}") from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise BrokenMailTexts(f"{path}: {error}") from error


def _told(name: str, sentences: Mapping[str, Forms]) -> Told:
    locale = known_locale(name)
    assert locale is not None, "files of other languages are refused"
    return Told(locale, sentences)
