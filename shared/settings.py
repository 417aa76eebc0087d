"""The settings every process reads: the same names natively, in compose.yaml and in production.

One frozen value, read once at start and passed in. A missing or malformed variable is named in the error.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta, Struct

from shared.links import OrderLinks

ReturnApproval = Literal["automatic", "by_hand"]
Picking = Literal["automatic", "by_hand", "off"]
AllocationStrategy = Literal["priority", "nearest", "most_stock", "fewest_parcels"]
FraudChecks = Literal["enforce", "watch", "off"]


class Settings(Struct, frozen=True, rename=str.upper):
    """Where the servers are, the secrets, and the few numbers an operator may turn."""

    database_url: str
    redis_url: str
    elasticsearch_url: str
    keyring_url: str  # the keys of personal data: another server than DATABASE_URL, in no backup of it
    stripe_api_base: str
    smtp_url: str
    master_key: str  # 32 bytes as hex: wraps the key of each person
    link_secret: str  # signs the links and tokens of guests
    stripe_api_key: str
    stripe_webhook_secret: str
    erasure_ledger: str = ""  # a file in no database nor its backup: who was erased; without it nobody can be
    streams_url: str | None = None  # the Redis of the event streams, REDIS_URL unless told
    stripe_publishable_key: str = "pk_test_simulator"
    mail_from: str = "Doorbuster <shop@doorbuster.example>"
    public_read_url: str = "http://127.0.0.1:8001"
    public_shop_url: str = "http://127.0.0.1:3000"  # the web shop: its /confirm and /reset take the links of mails
    attempts_per_client: int = 30  # to sign up, sign in or follow a link, a minute and at once; 0: not counted
    image_base_url: str = ""  # before paths of images; empty: they go out as they are
    image_sizes: str = ""  # where narrower ones are: an address with {width} and {path} (or {url}, the whole one)
    image_widths: str = ""  # comma-separated, in pixels: which sizes there are
    locales: str = "en"  # comma-separated languages of products; the first is that of what they say by themselves
    mail_texts: str = ""  # a folder of sentences of mails, a TOML file for each language; empty: ours alone
    cors_origins: str = ""  # comma-separated origins, or * for any
    quote_ttl_seconds: int = 900
    payment_ttl_seconds: int = 1800  # how long an unpaid order keeps its stock
    invoice_groups: str = "business"  # comma-separated customer groups whose accounts may buy on invoice
    capture_after_seconds: int = 0  # how long after it was authorized: until then a part of it can be released
    allocation: AllocationStrategy = "priority"  # which warehouses an order ships from
    fraud_checks: FraudChecks = "enforce"  # or only told in the log, or not made
    picking: Picking = "automatic"  # who starts and finishes pick lists: the worker, people, or there are none
    pick_after_seconds: int = 900  # how long a paid order may still be changed before the worker picks it
    carrier_url: str = ""  # where parcels are booked; empty: people make parcels and say that they arrived
    carrier_api_key: str = ""
    carrier_webhook_secret: str = ""
    carrier_name: str = "Carrier"  # what customers call it
    carrier_poll_seconds: int = 3600  # how often it is asked where a parcel is that it is silent of
    complete_after_days: float = 14  # how long after all has arrived an order is done
    shipping_timeout_seconds: float = 2.0  # how long whoever tells what shipping costs may take
    tax_timeout_seconds: float = 2.0  # and what tax there is
    tax_service_url: str = ""  # somebody who knows taxes, docs/taxes.md; empty: our own tables alone
    tax_service_key: str = ""
    tax_fallback: Literal["tables", "refuse"] = "tables"  # what becomes of a quote while the service has no answer
    # The member state where the shop owes its VAT; businesses of others owe theirs themselves. Empty: nobody does.
    vat_country: Annotated[str, Meta(pattern=r"^([A-Z]{2})?$")] = ""
    vat_check_url: str = ""  # where VIES answers whether a VAT id is registered; empty: by its spelling alone
    return_window_days: float = 30  # how long after goods have arrived a customer may ask to send them back
    return_approval: ReturnApproval = "automatic"  # or staff decide about each return
    return_expires_days: float = 30  # how long goods that may be sent back are waited for
    exchange_payment_days: float = 7  # how long what an exchange costs more may be paid
    # How long after an order has ended its link opens it; then a fresh one is asked for.
    order_link_days: Annotated[float, Meta(ge=0)] = 400
    return_warehouse: str = ""  # where goods are sent back to; empty: where they came from
    import_largest_mb: Annotated[int, Meta(ge=1)] = 256  # a file that is sent to POST /v1/imports, as it is sent
    pool_size: int = 12  # Postgres connections of a process; 8 to 16 is the knee on 2 cores
    requests_per_client: int = 0  # a second, of one address at one process; 0: that is the proxy's business
    client_address_header: str = ""  # in which a trusted proxy tells the client's address, such as X-Forwarded-For
    kept_pages: int = 10_000  # documents of pages that a query process keeps, those asked for most; 0: none
    kept_orders: int = 10_000  # the same of the status of orders
    kept_search_seconds: Annotated[float, Meta(ge=0, le=5)] = 1.0  # so old may a search's answer be; 0: none is kept
    host: str = "127.0.0.1"
    port: int = 0  # where this process listens; worker and projector serve health and metrics there
    log_level: str = "INFO"
    seals_file: str = ""  # where the worker keeps signed digests of the log, best on a disk of its own; empty: nowhere
    webhook_private_networks: str = ""  # comma-separated (10.1.0.0/16, ::1): where webhooks may go beside the internet
    webhook_give_up_seconds: int = 7 * 86_400  # how long one event is tried to be delivered
    webhook_disable_seconds: int = 3 * 86_400  # how long an endpoint may fail at everything before it is disabled
    observed_days: int = 90  # how long searches and behaviour are kept for analysts
    index_prefix: str = ""  # before the names of all indices, so that several stores share one Elasticsearch

    @property
    def order_links(self) -> OrderLinks:
        """How links of orders are signed, and how long they last."""
        return OrderLinks(self.link_secret, self.order_link_days)

    @property
    def streams(self) -> str:
        """The Redis URL of the event streams."""
        return self.streams_url or self.redis_url

    @property
    def allowed_origins(self) -> list[str]:
        """CORS origins as a list."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    @property
    def widths(self) -> list[int]:
        """The widths of images as numbers."""
        return [int(width) for width in self.image_widths.split(",") if width.strip()]

    @property
    def languages(self) -> list[str]:
        """The languages as a list, the shop's own first."""
        return [locale.strip() for locale in self.locales.split(",") if locale.strip()] or ["en"]

    @property
    def invoicing(self) -> frozenset[str]:
        """The customer groups that may buy on invoice."""
        return frozenset(group.strip() for group in self.invoice_groups.split(",") if group.strip())

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Settings from the environment; raises `msgspec.ValidationError` naming what is missing or wrong."""
        return msgspec.convert(dict(os.environ if environ is None else environ), cls, strict=False)
