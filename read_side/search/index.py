"""The Elasticsearch index that searches go to: every call bounded, every failure a 503 that names it."""

from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, AsyncElasticsearch, UnsupportedProductError

from read_side.documents import not_ready
from shared.http.problems import unavailable

PATIENCE = 2.0  # seconds a call may take, its connection included


def connect(url: str) -> AsyncElasticsearch:
    """A client that neither retries nor sniffs: a slow Elasticsearch is not helped by being asked again."""
    return AsyncElasticsearch(url, request_timeout=PATIENCE, max_retries=0, retry_on_timeout=False)


class Index:
    """An alias to search in."""

    def __init__(self, client: AsyncElasticsearch, alias: str) -> None:
        self._client, self._alias = client, alias

    async def search(self, **body: Any) -> dict[str, Any]:
        """Elasticsearch's answer; answers 503 when there is none, or only part of one in time."""
        try:
            answer = await self._client.search(index=self._alias, **body)
        except TransportError as error:
            raise unavailable("elasticsearch") from error
        except UnsupportedProductError as error:  # whatever answers there, it is no Elasticsearch
            raise unavailable("elasticsearch") from error
        except ApiError as error:
            raise _problem(error) from error
        found: Any = answer.body
        if not isinstance(found, dict) or found.get("timed_out", True) or found.get("_shards", {}).get("failed", True):
            raise unavailable("elasticsearch")
        return found


def _problem(error: ApiError) -> Exception:
    if error.status_code == 404:  # no index yet
        return not_ready()
    if error.status_code == 429 or error.status_code >= 500:
        return unavailable("elasticsearch")
    return error
