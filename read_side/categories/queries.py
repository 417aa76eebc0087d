"""The category tree: one document, kept decoded for as long as it stays the same."""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from copy import copy
from typing import Self
from uuid import UUID

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from read_side.answers import Answer, catalog_kept
from read_side.documents import BEHIND, Documents, not_ready
from shared.documents.products import TREE, Category, CategoryTree
from shared.http.problems import Problem, Told
from shared.locales import Locales
from shared.position import Position
from shared.shards import CATEGORIES

log = logging.getLogger(__name__)

ID = "tree"
KEPT_SECONDS = 0.25  # as long as a search may lag behind the documents
UNKNOWN_CATEGORY = Told(404, "unknown_category", "There is no such category.")
_tree = msgspec.json.Decoder(CategoryTree)


class Node(Struct, frozen=True):
    """A category with those below it."""

    id: UUID
    slug: str
    name: str
    children: list["Node"]


class Tree(Struct, frozen=True):
    """All categories, nested, by name in the language that was asked for."""

    categories: list[Node]


class Categories:
    """The tree in the forms that queries need."""

    stale: str | None = None  # why it may not have what a position stands for, if it was asked for one

    def __init__(self, document: CategoryTree, etag: str = "") -> None:
        self.etag = etag
        self.by_id: Mapping[str, Category] = {str(category.id): category for category in document.categories}
        self.by_slug: Mapping[str, Category] = {category.slug: category for category in document.categories}
        self._children: dict[UUID | None, list[Category]] = defaultdict(list)
        for category in document.categories:
            # Whose parent isn't there (yet) stands at the top rather than nowhere.
            known = category.parent_id is not None and str(category.parent_id) in self.by_id
            self._children[category.parent_id if known else None].append(category)

    @classmethod
    def of(cls, etag: str, body: bytes) -> Self:
        """From the stored document."""
        return cls(_tree.decode(body), etag)

    def with_descendants(self, slug: str) -> list[str]:
        """The ids of a category and of everything below it; answers 404 `unknown_category`, 503 where it may be
        to come."""
        top = self.by_slug.get(slug)
        if top is None and self.stale == BEHIND:
            raise not_ready()
        if top is None:
            raise UNKNOWN_CATEGORY.problem()
        found, waiting = [str(top.id)], [top.id]
        while waiting:
            below = self._children.get(waiting.pop(), [])
            found += [str(category.id) for category in below]
            waiting += [category.id for category in below]
        return found

    def with_ancestors(self, id_: str) -> list[str]:
        """A category's id and those above it, up to the top; the id alone while it isn't known."""
        found, at = [id_], self.by_id.get(id_)
        while at is not None and (above := self.by_id.get(str(at.parent_id))) is not None:
            found.append(str(above.id))
            at = above
        return found

    def nested(self, locales: Locales = None) -> Tree:
        """As trees, named in the best of these languages."""
        return Tree(self._below(None, locales))

    def _below(self, id_: UUID | None, locales: Locales) -> list[Node]:
        named = [(category.called(locales), category) for category in self._children.get(id_, [])]
        ordered = sorted(named, key=lambda pair: pair[0].casefold())
        return [Node(each.id, each.slug, name, self._below(each.id, locales)) for name, each in ordered]


def _answer(categories: Categories, locales: Locales) -> Answer[Tree]:
    return Answer.made(categories.nested(locales), catalog_kept(locales))


class CategoryShelf:
    """The tree as last seen, so that a search that only wants names does without Redis."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._last: Categories | None = None
        self._nested: tuple[str, dict[Locales, Answer[Tree]]] = ("", {})
        self._until = 0.0

    async def read(self, position: Position | None = None) -> tuple[Categories, str | None]:
        """The tree as it is now, and why it is stale; no tree is no categories."""
        found = await self._documents.find(TREE, ID, CATEGORIES, position)
        if found is None:
            return Categories(CategoryTree([])), None
        if self._last is None or self._last.etag != found.etag:
            self._last = Categories.of(found.etag, found.body)
        return self._last, found.stale

    async def last_known(self, *, fresh: bool = True, position: Position | None = None) -> Categories:
        """The tree, or while it can't be read the last one seen; answers 503 when there was none. Where it needn't be
        `fresh` it is as old as what searches see may be; a `position` is waited for: `stale` tells what came of it."""
        if not fresh and self._last is not None and time.monotonic() < self._until:
            return self._last
        now = time.monotonic()
        if now < self._until + KEPT_SECONDS:  # not of long ago: whoever comes meanwhile need not ask
            self._until = now + KEPT_SECONDS
        try:
            seen, stale = await self.read(position)
        except (Problem, RedisError, OSError):
            if self._last is None:
                raise
            seen, stale = self._last, BEHIND
        finally:
            self._until = time.monotonic() + KEPT_SECONDS
        if position is not None and stale:
            seen = copy(seen)
            seen.stale = stale
        return seen

    async def nested(self, position: Position | None = None, locales: Locales = None) -> Answer[Tree]:
        """The answer with the whole tree, made once per version of it and language; while Redis is gone the one last
        seen."""
        try:
            categories, stale = await self.read(position)
        except (RedisError, OSError):
            if self._last is None:
                raise
            categories, stale = self._last, BEHIND
        if self._nested[0] != categories.etag:
            self._nested = categories.etag, {}
        made = self._nested[1]
        answer = made.get(locales) or made.setdefault(locales, _answer(categories, locales))
        return Answer(answer.body, answer.etag, answer.keeping, stale) if stale else answer
