"""E-mail addresses and phone numbers: what is one, and how it is stored."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

#: The letters, digits and signs that a keyboard for Chinese or Japanese makes, and the ideographic full stop.
_WIDE = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3002: ord("."), 0xFF61: ord(".")}
#: Stands behind a domain of an intranet while its form is checked.
_PUBLIC = ".example.com"
#: What address books and messages put around a phone number, which nobody sees.
_INVISIBLE = "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]"
_NUMBER = r"[\s+(]*\d[\d\s()+./\\*#,;:xX\u2010-\u2015-]*(?:ext\.?\s*\d+)?"


class Address(NamedTuple):
    """:param text: as it is stored. :param internal: whether no other network knows its domain."""

    text: str
    internal: bool


class NoAddress(ValueError):
    """It is none, of no network."""


def parse_email(typed: str) -> Address:
    """:raises NoAddress: it is none."""
    # takes 20 ms to load, and addresses are read-only unless the host says otherwise
    from email_validator import EmailNotValidError, validate_email

    typed = typed.translate(_WIDE)
    try:
        return Address(validate_email(typed, check_deliverability=False).normalized, internal=False)
    except EmailNotValidError as error:
        domain = typed.rpartition("@")[2]
        if not domain or domain.endswith(".") or domain.rpartition(".")[2].isdigit():
            raise NoAddress from error
    try:
        found = validate_email(typed + _PUBLIC, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise NoAddress from error
    return Address(found.removesuffix(_PUBLIC), internal=True)


def is_internal(address: Any) -> bool:
    """Whether it is an address that no other network knows."""
    try:
        return isinstance(address, str) and parse_email(address).internal
    except NoAddress:
        return False


def is_same_address(one: Any, address: str) -> bool:
    """Whether mail to both goes to the same mailbox, however the one is written."""
    try:
        return parse_email(str(one)).text == address
    except NoAddress:
        return False


def address_digest(address: str) -> str:
    """Of the normal form: no two people have addresses that differ by the case of their letters."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()


def clean_phone(typed: str) -> str:
    """Without the invisible marks that were pasted with it; as typed where it is no phone number without them."""
    seen = re.sub(_INVISIBLE, "", typed).strip()
    return seen if re.fullmatch(_NUMBER, seen) else typed
