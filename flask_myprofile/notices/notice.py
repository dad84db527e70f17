"""What a user is told, and what that is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..pages.site import Site


@dataclass(frozen=True)
class Notice:
    """What has happened to a user's account, in words of their language: what ``MYPROFILE_NOTIFY`` is called with.

    :param kind: ``password_changed``, ``token_made``, ``token_changed``, ``token_revoked``, ``token_ends``,
        ``new_device``, ``data_downloaded``, ``email_changed`` (to the address from before), ``confirm_email`` (to the
        new one) or ``account_deleted``, of whose user there may be none any more: then the callable gets None.
    :param moment: when it was, in UTC.
    :param to: the e-mail address that it is for; None where the user has none.
    :param paragraphs: what is said, without ``facts``: what each of those is called, and what it is.
    :param device: such as "Firefox on Linux"; empty where no browser has done it.
    :param address: the network address that it came from; empty where that is not known or not to be shown.
    :param link: where to act on it, once; None where no link can be made. Whoever has it can act: in no log, no repr.
    :param link_text: what it leads to, with how long it is good for in ``link_hint``.
    :param language: the code of the language, as Babel writes it.
    """

    kind: str
    moment: datetime
    to: str | None
    subject: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    device: str
    address: str
    language: str
    link: str | None = field(default=None, repr=False)
    link_text: str = ""
    link_hint: str = ""

    @property
    def text(self) -> str:
        """All of it as plain text."""
        facts = "\n".join(f"{name}: {value}" for name, value in self.facts)
        link = f"{self.link_text}:\n{self.link}\n{self.link_hint}" if self.link else ""
        return "\n\n".join(part for part in (*self.paragraphs[:1], facts, *self.paragraphs[1:], link) if part) + "\n"


@dataclass(frozen=True)
class News:
    """What the request knows that did it: enough to write the notice from once the request is over.

    :param site: what links begin with, as that request has it. :param language: the one that its user reads.
    :param by_admin: whether an administrator or an operator has done it.
    :param about: what it is about, if not a session.
    """

    kind: str
    user_key: str
    at: int
    session_id: str | None = None
    address: str = ""
    user_agent: str = ""
    site: Site | None = None
    language: str | None = None
    by_admin: bool = False
    about: str | None = None
    to: str | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
