"""`doorbuster ask`: ready questions of analysts to Elasticsearch."""

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from doorbuster import environment
from doorbuster.arguments import count

if TYPE_CHECKING:  # loaded when the word is used: the other words need not wait for it
    from doorbuster.asking.bodies import Span
    from doorbuster.asking.question import Question
    from doorbuster.asking.rows import Row

Words = argparse._SubParsersAction  # argparse has no public name for it
USUAL_DAYS = 30


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    ask = words.add_parser("ask", help="a ready question to Elasticsearch; without a name: which there are")
    ask.add_argument("name", nargs="?", help="such as revenue_by_hour")
    ask.add_argument("--since", type=moment, help="2026-11-27, 2026-11-27T08:00, or 36h or 7d ago; UTC (30d)")
    ask.add_argument("--until", type=moment, help="in the same words; not included (now)")
    ask.add_argument("--limit", type=count, help="so many of the greatest, where a question has a first few (20)")
    ask.add_argument("--format", choices=["table", "json", "csv"], default="table")
    ask.set_defaults(run=_ask)


def moment(text: str, now: datetime | None = None) -> datetime:
    """A time in UTC: a date, a time, or how long ago."""
    if ago := re.fullmatch(r"(\d{1,5})([hd])", text):
        number = int(ago[1])
        return (now or datetime.now(UTC)) - timedelta(**{"hours" if ago[2] == "h" else "days": number})
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date, no time, and no 36h or 7d") from None
    return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)


def _ask(given: argparse.Namespace) -> int:
    from doorbuster.asking.questions import QUESTIONS

    question = QUESTIONS.get(given.name)
    if question is not None:
        return _answer(given, question)
    names = "\n".join(f"{each.name:<20} {each.about}" for each in QUESTIONS.values())
    if given.name is None:
        print(names)
        return 0
    print(f"nobody has a question called {given.name}; there are\n{names}", file=sys.stderr)
    return 2


def _answer(given: argparse.Namespace, question: "Question") -> int:
    from elasticsearch import ApiError, TransportError

    from doorbuster.asking.asking import ask
    from doorbuster.asking.bodies import Span
    from doorbuster.asking.rows import CutOff

    url = environment.setting("ELASTICSEARCH_URL")
    if url is None:
        print("no Elasticsearch: set ELASTICSEARCH_URL, or start one with `doorbuster up`", file=sys.stderr)
        return 2
    until = given.until or datetime.now(UTC)
    span = Span(given.since or until - timedelta(days=USUAL_DAYS), until)
    if span.since >= span.until:
        print(f"since {span.since:%Y-%m-%d %H:%M} is not before until {span.until:%Y-%m-%d %H:%M}", file=sys.stderr)
        return 2
    try:
        rows = ask(url, environment.setting("INDEX_PREFIX") or "", question, span, given.limit)
    except (ApiError, TransportError) as error:
        print(f"Elasticsearch doesn't answer it: {error}", file=sys.stderr)
        return 2
    except CutOff as error:
        print(f"{error}; ask for a shorter span", file=sys.stderr)
        return 2
    _print(given.format, question, span, rows)
    return 0


def _print(how: str, question: "Question", span: "Span", rows: "list[Row]") -> None:
    from doorbuster.asking import printing

    if how == "json":
        print(printing.as_json(rows))
    elif how == "csv":
        print(printing.as_csv(question, rows))
    else:
        print(f"{question.about}\n{span.since:%Y-%m-%d %H:%M} to {span.until:%Y-%m-%d %H:%M} UTC\n")
        print(printing.as_table(question, rows) if rows else "nothing")
