"""What a route says of itself, for its OpenAPI document: declared where it is done, read once when the app is built.

- Its return type names the answer: `Encoded[CartState]` is bytes that are the JSON of a CartState. mypy follows the
  type from the handler that encodes it to the route, so what is declared is what is sent.
- Parameters carry an `Asked`, where our own code asks for them: the codes it refuses with, and whether they must be.
- `refuses`, `also`, `reads`, `takes` and `leads_to` say the rest. None of it costs a request anything.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from litestar import Response

from shared.http.problems import Kind

T = TypeVar("T")
Route = TypeVar("Route", bound=Callable[..., Any])
Json = dict[str, Any]


class Header(NamedTuple):
    """A header, and whether it is always there."""

    name: str
    description: str
    schema: Json
    always: bool = False


class Encoded(Response[bytes], Generic[T]):
    """An answer of bytes that are the JSON of a `T`; subclasses say which headers go with it."""

    media: ClassVar[str] = "application/json"
    told: ClassVar[Sequence[Header]] = ()
    heard: ClassVar[Sequence[Header]] = ()  # of the request, where the answer depends on it
    bodiless: ClassVar[Mapping[int, str]] = {}  # further statuses, which have no body: when


class Asked(NamedTuple):
    """What hangs on a parameter that our own code asks for; stands in its `Annotated`."""

    refusals: tuple[Kind, ...] = ()
    required: bool = False
    credential: str = ""  # the security scheme that it is


class Link(NamedTuple):
    """A way on from an answer, to the operation of this name.

    Values are JSON pointers into the answer (`/id`), or OpenAPI's own expressions (`$request.path.cart_id`).
    """

    operation: str
    parameters: Mapping[str, str] = {}
    body: Mapping[str, str] | None = None


class Described(NamedTuple):
    """All that a route's decorators say."""

    refusals: tuple[Kind, ...] = ()
    links: tuple[Link, ...] = ()
    also: tuple[tuple[int, str], ...] = ()
    reads: type | None = None
    takes: tuple[str, ...] = ()


def described(route: Callable[..., Any]) -> Described:
    """What the decorators of a route's function said."""
    found: Described = getattr(route, "__described__", Described())
    return found


def refuses(*refusals: Kind) -> Callable[[Route], Route]:
    """What this very route says no to; what every route or its parameters refuse is told of themselves."""
    return _saying(refusals=refusals)


def leads_to(*links: Link) -> Callable[[Route], Route]:
    """Which operations an answer is the way to."""
    return _saying(links=links)


def also(status: int, when: str) -> Callable[[Route], Route]:
    """The same body is answered with another status, too."""
    return _saying(also=((status, when),))


def reads(kind: type) -> Callable[[Route], Route]:
    """The type of a JSON body that the route takes as bytes and decodes itself."""
    return _saying(reads=kind)


def takes(*media_types: str) -> Callable[[Route], Route]:
    """What a body is that the route reads piece by piece, and is no JSON."""
    return _saying(takes=media_types)


def _saying(**said: Any) -> Callable[[Route], Route]:
    def say(route: Route) -> Route:
        route.__described__ = described(route)._replace(**said)  # type: ignore[attr-defined]
        return route

    return say
