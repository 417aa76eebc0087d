"""By what a buyer is known again: which addresses say something of who is behind them."""

import pytest

from shared.http.rates import whose
from write_side.fraud.marks import network_text


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("8.8.8.8:51234", "8.8.8.8"),
        ("2606:4700:1:2::9", "2606:4700:1:2::/64"),
        ("::ffff:10.0.0.1", ""),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("fe80::1%eth0", ""),
        ("no address", ""),
    ],
)
def test_a_buyer_is_known_by_a_public_network_however_its_address_is_spelled(address: str, network: str) -> None:
    assert network_text(whose(address)) == network
