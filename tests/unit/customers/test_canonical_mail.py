"""What spellings of one mailbox have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sealed import canonical_mail, normalized_mail
from tests.properties.values import BOUNDED
from write_side.customers.domain import MAIL_PATTERN

MAILS = st.from_regex(MAIL_PATTERN, fullmatch=True)
LOCALS = st.from_regex(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", fullmatch=True)
TAGS = st.from_regex(r"\+[A-Za-z0-9.+_-]*", fullmatch=True)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("ada@x.example", "ada@x.example"),
        (" Ada+Shop@X.Example ", "ada@x.example"),
        ("ada+1+2@x.example", "ada@x.example"),
        ("ada+@x.example", "ada@x.example"),
        ("a.d.a@x.example", "a.d.a@x.example"),
        ("A.D.A+1@Gmail.com", "ada@gmail.com"),
        ("ada@googlemail.com", "ada@gmail.com"),
        ("ada@gmail.com.example", "ada@gmail.com.example"),
        ("+x@y.example", "+x@y.example"),
        ("+@y.example", "+@y.example"),
        (".+x@gmail.com", ".@gmail.com"),
        ("+x.y@gmail.com", "+xy@gmail.com"),
        ("'ada+1'@x.example", "'ada@x.example"),
        ("no address+1", "no address+1"),
    ],
)  # fmt: skip
def test_spellings_and_what_they_have_in_common(typed: str, canonical: str) -> None:
    assert canonical_mail(typed) == canonical


@BOUNDED
@given(MAILS)
def test_it_is_its_own_and_an_address_at_the_same_place(mail: str) -> None:
    canonical = canonical_mail(mail)
    assert canonical_mail(canonical) == normalized_mail(canonical) == canonical
    local, _, domain = canonical.rpartition("@")
    assert local
    assert domain == normalized_mail(mail).rpartition("@")[2].replace("googlemail.com", "gmail.com")


@BOUNDED
@given(LOCALS, TAGS, st.sampled_from(["x.example", "gmail.com", "googlemail.com"]))
def test_what_stands_behind_a_plus_makes_no_other_customer(local: str, tag: str, domain: str) -> None:
    assert canonical_mail(f"{local}{tag}@{domain}") == canonical_mail(f"{local.upper()}@{domain}")


@BOUNDED
@given(LOCALS, LOCALS)
def test_whose_local_parts_differ_otherwise_are_others(one: str, other: str) -> None:
    mails = {normalized_mail(f"{local}@x.example") for local in (one, other)}
    assert {canonical_mail(mail) for mail in mails} == mails
