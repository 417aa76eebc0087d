"""The indices of read models in Elasticsearch: made, known by their uuids, led to by the names that are searched."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import AsyncElasticsearch, BadRequestError, NotFoundError

from projector.model import ReadModel
from shared.documents.indices import INDICES
from shared.documents.layout import alias_name, index_name

log = logging.getLogger(__name__)

_UUID = "*.settings.index.uuid"
_WHOSE = f"*.aliases,*.mappings._meta,{_UUID}"


class Indices:
    """Those of one store (`store`: the log that they are made from)."""

    def __init__(self, client: AsyncElasticsearch, prefix: str, store: str) -> None:
        self._client, self._prefix, self._store = client, prefix, store

    def name(self, model: ReadModel) -> str:
        """Its index."""
        return index_name(self._prefix, model.name, model.version)

    def writing(self, model: ReadModel) -> str:
        """Writes go to an alias that only we make: an index that vanished must not come back made up by a write."""
        return f"{self.name(model)}-writing"

    async def make(self, model: ReadModel) -> bool:
        """Whatever is missing of it; answers whether searches are led to it, and nowhere else.

        Where all is as it should be nothing is changed: each change of the cluster's state is written to disk, and
        whoever takes over has the events of that time to catch up with.
        """
        index, alias = self.name(model), alias_name(self._prefix, model.name)
        names = f"{index},{alias}"
        found = await self._client.indices.get(index=names, ignore_unavailable=True, filter_path=_WHOSE)
        aliases = {name: content.get("aliases", {}) for name, content in found.items()}
        if index in found and found[index].get("mappings", {}).get("_meta", {}).get("store") != self._store:
            await self._delete_foreign(index)
            del aliases[index]
        if index not in aliases:
            await self._create_to_write(model)
        elif self.writing(model) not in aliases[index]:
            await self._client.indices.put_alias(index=index, name=self.writing(model))
        return [name for name, leading in aliases.items() if alias in leading] == [index]

    async def _create_to_write(self, model: ReadModel) -> None:
        try:
            await self.create(model)
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
        await self._client.indices.put_alias(index=self.name(model), name=self.writing(model))

    async def create(self, model: ReadModel, settings: Mapping[str, Any] | None = None) -> None:
        """An empty one, nobody writes to it and nobody is led there yet; some settings may be others than usual."""
        definition = INDICES[model.name]
        mappings = {**definition["mappings"], "_meta": {"store": self._store}}
        usual: dict[str, Any] = definition["settings"]
        await self._client.indices.create(
            index=self.name(model), settings={**usual, **(settings or {})}, mappings=mappings
        )

    async def _delete_foreign(self, index: str) -> None:
        """An index made from another store's log: its versions would refuse ours for ever."""
        log.critical("an index of another store is deleted", extra={"fields": {"index": index}})
        await self._client.indices.delete(index=index, ignore_unavailable=True)

    async def lead(self, model: ReadModel) -> None:
        """Searches to this version, and no longer to another one, at once."""
        index, alias = self.name(model), alias_name(self._prefix, model.name)
        others = [name for name in await self._behind(alias) if name != index]
        actions: list[dict[str, Any]] = [{"add": {"index": index, "alias": alias}}]
        actions += [{"remove": {"index": name, "alias": alias}} for name in others]
        await self._client.indices.update_aliases(actions=actions)

    async def _behind(self, alias: str) -> list[str]:
        try:
            return list(await self._client.indices.get_alias(name=alias))
        except NotFoundError:
            return []

    async def uuids(self, models: Sequence[ReadModel]) -> Mapping[str, str]:
        """By the indices' names: those that are there. Another uuid: it isn't the index that it was."""
        names = ",".join(map(self.name, models))
        found = await self._client.indices.get_settings(index=names, ignore_unavailable=True, filter_path=_UUID)
        return {name: content["settings"]["index"]["uuid"] for name, content in found.items()}
