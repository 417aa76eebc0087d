"""What a rebuild decides before it is served."""

from doorbuster.rebuilding import staler


def test_a_key_may_be_parked_where_the_served_version_has_it_parked_and_no_earlier() -> None:
    served = {"same": 7, "earlier": 7, "later": 7, "healed": 3}
    assert staler({"same": 7, "earlier": 6, "later": 8, "unknown": 1}, served) == {"earlier", "unknown"}
