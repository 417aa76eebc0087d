"""Whatever is changed in log or rows past the application is found, and named."""

import re

from tests.integration.verify.tampering import RECHAIN, TABLES, Tampered, told

_OF_ORDER = "position = (SELECT min(position) FROM event_log WHERE type = 'orders.order_placed.v1')"
_LAST = "position = (SELECT max(position) FROM event_log)"
_CLOSED = "position = (SELECT max(position) FROM event_log WHERE type = 'payments.payment_authorized.v1')"
_DEAD = """SELECT n FROM generate_series(1, (SELECT max(position) FROM event_log)) AS n
           WHERE NOT EXISTS (SELECT FROM event_log WHERE position = n)"""
_TOKEN = "aggregate_type = 'access_token'"
# A digit of an amount in the payload becomes another one: it decodes as well as before.
_CHEAPER = """UPDATE event_log SET payload = convert_to(replace(convert_from(payload, 'UTF8'),
               '"amount_minor":1000', '"amount_minor":1'), 'UTF8') WHERE type = 'pricing.price_set.v1'"""

# What is done, and what is told of it (a pattern).
EVENTS: list[tuple[tuple[str, ...], str]] = [
    ((f"UPDATE event_log SET payload = set_byte(payload, 9, get_byte(payload, 9) # 1) WHERE {_OF_ORDER}",),
     r"event \d+ \(order \S+ v1\): the hash of its bytes is"),
    ((f"UPDATE event_log SET metadata = set_byte(metadata, 9, get_byte(metadata, 9) # 1) WHERE {_OF_ORDER}",),
     r"event \d+ \(order \S+ v1\): the hash of its bytes is"),
    ((f"UPDATE event_log SET event_id = gen_random_uuid() WHERE {_OF_ORDER}",), r"\(order \S+ v1\): the hash of its"),
    ((f"UPDATE event_log SET type = 'orders.order_placed.v2' WHERE {_OF_ORDER}",), r"what its fold makes of it is Unk"),
    ((f"UPDATE event_log SET partition_key = 'order:1' WHERE {_OF_ORDER}",), r"\(order \S+ v1\): shard is|the hash of"),
    ((f"UPDATE event_log SET shard = (shard + 1) % 4 WHERE {_OF_ORDER}",), r"\(order \S+ v1\): shard is"),
    ((f"UPDATE event_log SET recorded_at = recorded_at + interval '1 microsecond' WHERE {_OF_ORDER}",),
     r"\(order \S+ v1\): the hash of its bytes"),
    ((f"UPDATE event_log SET recorded_at = recorded_at + interval '1 day' WHERE {_OF_ORDER}", RECHAIN),
     r"\(order \S+ v2\): recorded_at is"),
    ((f"UPDATE event_log SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE {_OF_ORDER}",),
     r"\(order \S+ v2\): prev_hash is"),
    ((f"UPDATE event_log SET prev_hash = hash WHERE {_OF_ORDER}",), r"\(order \S+ v1\): prev_hash is"),
    ((f"DELETE FROM event_log WHERE {_OF_ORDER}",), r"\(order \S+ v2\): the event before it, v1, is missing"),
    ((f"DELETE FROM event_log WHERE {_LAST}",), r"event \d+: in the log \(sealed .*\) is missing, not there"),
    ((f"DELETE FROM event_log WHERE {_CLOSED}",), r"payment \S+: state is authorized, not pending"),
    ((f"DELETE FROM event_log WHERE {_TOKEN}",), r"access_token \S+: its row is a stranger, not known to the log"),
]  # fmt: skip

# Done so well that neither chains nor rows show it: the seals do.
HIDDEN: list[tuple[tuple[str, ...], str]] = [
    ((f"DELETE FROM event_log WHERE {_TOKEN}", "DELETE FROM access_token"), r"^event \d+: in the log .* is missing"),
    ((_CHEAPER, RECHAIN, "UPDATE price SET amount_minor = 1"), r"^event \d+ \(price \S+ v1\): its hash \(sealed "),
    ((f"INSERT INTO event_log SELECT ({_DEAD}), shard, partition_key, 'gift', gen_random_uuid(), 1, gen_random_uuid(),"
      " type, payload, metadata, recorded_at, prev_hash, hash FROM event_log LIMIT 1", RECHAIN),
     r"^event \d+ \(gift \S+ v1\): its hash .* is \w+, not missing"),
    ((f"TRUNCATE event_log, {TABLES}",),
     r"^events 1 to \d+: in the log .* is missing, not there"),
]  # fmt: skip

_TERMS = ('{"name": "n", "currency": "EUR", "channels": [], "groups": [], "starts_at": null, "ends_at": null, '
          '"priority": 1}')  # fmt: skip

ROWS: list[tuple[str, str]] = [
    ("UPDATE warehouse SET priority = 9", r"warehouse \S+: priority is 9, not 1"),
    ("UPDATE stock_item SET on_hand = on_hand + 1", r"stock_item \S+: on_hand is 9, not 8"),
    ("UPDATE stock_item SET low_at = 0", r"stock_item \S+: low_at is 0, not 5"),
    ("UPDATE reservation SET quantity = 2", r"stock_item \S+: reservations\.\S+ is 2, not 1"),
    ("UPDATE reservation SET id = gen_random_uuid()", r"stock_item \S+: reservations\.\S+ is missing, not 1"),
    ("UPDATE reservation SET for_order = false", r"stock_item \S+: reservation \S+ for_order is false, not true"),
    ("UPDATE category SET name = 'Lumps'", r"category \S+: name is Lumps, not Lamps"),
    ("UPDATE product SET description = 'free'", r"product \S+: facts\.description is free, not"),
    ("UPDATE variant SET ean = '4006381333931'", r"product \S+: facts\.variants\.0\.ean is 4006381333931, not null"),
    ("UPDATE variant SET retired = true", r"product \S+: retired\.lamp is"),
    ("UPDATE variant SET options = '7'", r"product \S+: its row is not: "),
    ("UPDATE priced_variant SET version = 7", r"price \S+: version is 7, not 1"),
    ("UPDATE price SET amount_minor = 1", r"price \S+: prices\.EUR is 1, not 1000"),
    ("DELETE FROM price", r"price \S+: prices\.EUR is missing, not 1000"),
    ("INSERT INTO scheduled_price SELECT id, 'EUR', now(), 5 FROM priced_variant",
     r"price \S+: scheduled\.0 is .*amount_minor.*, not missing"),
    ("INSERT INTO list_price SELECT id, gen_random_uuid(), 1, 5 FROM priced_variant",
     r"price \S+: lists\.\S+ is .*amount_minor.*, not missing"),
    ("INSERT INTO price_list VALUES (gen_random_uuid(), '" + _TERMS + "', 'running', 1)",
     r"price_list \S+: its row is a stranger, not"),
    ("UPDATE order_line SET from_quantity = 2", r"order \S+: lines\.0\.from_quantity is 2, not missing"),
    ("UPDATE quote SET groups = '{vip}'", r"quote \S+: groups\.0 is vip, not missing"),
    ("UPDATE cart SET channel = 'app'", r"cart \S+: channel is app, not web"),
    ("UPDATE destination SET areas = '[]' WHERE country = 'ES'", r"destination \S+: areas\S* is missing, not"),
    ("UPDATE shipping_zone SET places = '[]' WHERE code = 'germany'", r"shipping_zone \S+: places\S* is missing, not"),
    ("UPDATE cart SET currency = 'USD'", r"cart \S+: currency is USD, not EUR"),
    ("UPDATE cart_line SET quantity = 99", r"cart \S+: lines\.lamp is 99, not"),
    ("UPDATE quote SET totals = jsonb_set(totals, '{total_minor}', '1')", r"quote \S+: totals\.total_minor is 1, not"),
    ("UPDATE customer_order SET mail = 's1.x'", r"order \S+: mail is s1\.x, not s1\."),
    ("UPDATE customer_order SET state = 'confirmed'", r"order \S+: state is confirmed, not pending_payment"),
    ("UPDATE order_line SET name = 'Lump'", r"order \S+: lines\.0\.name is Lump, not Lamp"),
    ("UPDATE order_allocation SET warehouse = 'MUC'", r"order \S+: allocations\.0\.warehouse is MUC, not BER"),
    ("UPDATE order_allocation SET item_id = gen_random_uuid()", r"order \S+: allocations\.0\.item_id is \S+, not \S+"),
    ("UPDATE payment SET amount_minor = 1", r"payment \S+: amount_minor is 1, not"),
    ("UPDATE mail SET state = 'sent'", r"mail \S+: state is sent, not queued"),
    ("UPDATE access_token SET scopes = '{access:write}'", r"access_token \S+: scopes\.0 is access:write, not"),
    ("DELETE FROM customer_order WHERE state = 'confirmed'", r"order \S+: its row is missing, not as its events say"),
    ("DELETE FROM stock_item", r"stock_item \S+: its row is missing, not as its events say"),
    ("INSERT INTO category VALUES (gen_random_uuid(), NULL, 'x', 'x', 1)", r"category \S+: its row is a stranger, not"),
]  # fmt: skip


async def test_a_shop_that_nobody_tampered_with_is_clean(tampered: Tampered) -> None:
    assert await tampered.found() == []
    async with tampered.by() as found:
        assert found == []


async def test_every_tampering_with_the_log_is_found(tampered: Tampered) -> None:
    for statements, pattern in EVENTS:
        async with tampered.by(*statements) as found:
            assert re.search(pattern, told(found)), (statements, told(found))
    assert await tampered.found() == []


async def test_what_was_hidden_from_chains_and_rows_is_told_by_the_seals(tampered: Tampered) -> None:
    for statements, pattern in HIDDEN:
        async with tampered.by(*statements) as found:
            assert {difference.kind for difference in found} == {"seal"}, told(found)
            assert re.search(pattern, told(found)), (statements, told(found))
    assert await tampered.found() == []


async def test_every_tampering_with_a_row_is_found(tampered: Tampered) -> None:
    for statement, pattern in ROWS:
        async with tampered.by(statement) as found:
            assert re.search(pattern, told(found)), (statement, told(found))
            assert {difference.kind for difference in found} <= {"row", "reservation"}, (statement, told(found))
    assert await tampered.found() == []
