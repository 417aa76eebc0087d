"""Asks a question: its files with the span put in, page by page, and the rows that follow."""

from collections.abc import Collection

from elasticsearch import Elasticsearch

from doorbuster.asking.bodies import Json, Span, after, during, limited, saved
from doorbuster.asking.question import File, Question
from doorbuster.asking.rows import Row, after_key, rows_of
from shared.documents.layout import alias_name

TIMEOUT = 60.0  # of an analyst, who asks for months


def ask(url: str, prefix: str, question: Question, span: Span, limit: int | None = None) -> list[Row]:
    """The answer's rows, with the question's columns. Raises `elasticsearch`'s errors, `CutOff`."""
    firsts = (question.group, question.mostly)
    with Elasticsearch(url, request_timeout=TIMEOUT, max_retries=0) as client:
        answers = [_rows(client, prefix, file, _body(question, file, span, limit), firsts) for file in question.files]
    names = [column.name for column in question.columns]
    return [{name: row[name] for name in names} for row in question.answer(answers, span)]


def _body(question: Question, file: File, span: Span, limit: int | None) -> Json:
    body = during(saved(file.index, file.name), file.time, span)
    return limited(body, question.group, limit or question.limit)


def _rows(
    client: Elasticsearch, prefix: str, file: File, body: Json, firsts: Collection[str | None]
) -> list[Row]:
    found: list[Row] = []
    while True:
        answer = client.search(index=alias_name(prefix, file.index), **body)["aggregations"]
        page = rows_of(answer, firsts=firsts)
        found += page
        key = after_key(answer)
        if key is None:
            return found
        body = after(body, key)
