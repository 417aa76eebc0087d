"""What should lie in Redis is kept as a digest: one byte that differs anywhere must show."""

from hypothesis import given
from hypothesis import strategies as st

from doorbuster.invariants.prepared import page_of
from projector.model import Folded, Rendered, encode
from projector.read_models import product_page
from shared.documents.layout import pack

LAST = 9
STATES = {"one": Folded(3), "two": Folded(7)}
SHOWN = {
    "one": Rendered({"one": b'{"a":1}', "one:de": b'{"a":2}'}, frozenset({("sku", "lamp")})),
    "two": Rendered({"two": None}),
}
PAGE = page_of(product_page.MODEL, STATES, SHOWN)
LYING = [encode(STATES["one"]), encode(STATES["two"]), pack(b'{"a":1}'), pack(b'{"a":2}'), None, b"one"]


def test_a_page_that_lies_there_byte_for_byte_is_settled() -> None:
    assert len(PAGE.keys) == len(LYING)
    assert PAGE.is_told_by(LYING, [3], LAST)
    assert PAGE.is_of({"three"})
    assert not PAGE.is_of({"two", "three"}), "folded on, or anew"


@given(st.data())
def test_any_byte_that_differs_or_lies_elsewhere_shows(data: st.DataObject) -> None:
    lying = list(LYING)
    at = data.draw(st.integers(0, len(lying) - 1))
    value, how = lying[at], data.draw(st.sampled_from(["changed", "shorter", "gone", "moved"]))
    if value is None:
        lying[at] = b""
    elif how == "changed":
        place = data.draw(st.integers(0, len(value) - 1))
        lying[at] = value[:place] + bytes([value[place] ^ data.draw(st.integers(1, 255))]) + value[place + 1 :]
    elif how == "moved":  # the same bytes in a row, cut elsewhere
        other = (at + 1) % len(lying)
        lying[at], lying[other] = value[:-1], value[-1:] + (lying[other] or b"")
    else:
        lying[at] = value[:-1] if how == "shorter" else None
    assert not PAGE.is_told_by(lying, [3], LAST)


def test_a_name_must_be_claimed_since_a_position_of_the_log() -> None:
    told = {position: PAGE.is_told_by(LYING, [position], LAST) for position in (0, 1, LAST, LAST + 1)}
    assert told == {0: False, 1: True, LAST: True, LAST + 1: False}
