"""Whom to tell what, when, and in which words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone, tzinfo
from typing import Any

from babel import Locale
from flask import Flask, appcontext_tearing_down, current_app, g, has_request_context
from flask_login import signals as login_signals
from sqlalchemy.pool import StaticPool

from .. import signals
from ..account import events, timezones
from ..account.clock import now
from ..account.events import ADMIN, COMMAND_LINE, details_of, is_from_there
from ..auth.client import client_address, client_user_agent
from ..auth.deferred_writes import context_outlives_request
from ..auth.request_state import known_state
from ..errors import SetupError
from ..globals import current_profile
from ..i18n import asked_language, flask_babel_of, gettext, locale, offered_as, short_moment, writing_to, zone_name
from ..i18n.languages import ENGLISH, locale_of
from ..pages.session_rows import device_by
from ..pages.site import Site, has_site, site
from ..store.records import EventRecord
from ..transactions import after_commit, run
from . import mail
from .notice import News, Notice
from .task_queue import AT_THE_END, TaskQueue
from .words import DATA_DOWNLOADED, KINDS, NEW_DEVICE, PASSWORD_CHANGED, TOKEN_CHANGED, TOKEN_MADE, TOKEN_REVOKED

#: The kinds of events that are told, and the kinds of notices that they are.
_TOLD: Mapping[str, str] = {
    events.PASSWORD_CHANGED.name: PASSWORD_CHANGED,
    events.TOKEN_MADE.name: TOKEN_MADE,
    events.TOKEN_REGENERATED.name: TOKEN_MADE,
    events.TOKEN_CHANGED.name: TOKEN_CHANGED,
    events.TOKEN_REVOKED.name: TOKEN_REVOKED,
    events.SIGNED_IN.name: NEW_DEVICE,
    events.DATA_DOWNLOADED.name: DATA_DOWNLOADED,
}
#: Where the links lead.
_PAGE = "myprofile.mail_link"
#: In ``g``: what a request knows that is over when its sign-in is told of.
_ORIGIN = "_myprofile_notice_origin"
#: In ``g``: what is to be told once the request is over.
_WAITING = "_myprofile_notices"


class Notices:
    """The notices of one app whose ``MYPROFILE_NOTIFY`` says who tells."""

    def __init__(self, app: Flask, notify: Any) -> None:
        self._app = app
        self._notify = notify
        self._queue = TaskQueue(app)
        # signals hold receivers weakly: whoever has made this keeps it
        login_signals.user_logged_in.connect(self._note_origin, sender=app)
        appcontext_tearing_down.connect(self._on_end, sender=app)
        signals.activity_recorded.connect(self._on_event, sender=app)

    def check(self) -> None:
        """:raises SetupError: there is nobody who could tell."""
        if self._notify == "mail":
            mail.check()
        if not current_profile.config.email_change:
            return
        if not has_site():
            raise SetupError(
                "MYPROFILE_EMAIL_CHANGE needs links that nobody can turn elsewhere: set MYPROFILE_EXTERNAL_URL, "
                "SERVER_NAME or TRUSTED_HOSTS"
            )
        if Site("https", "localhost", "").address_of(_PAGE) is None:
            raise SetupError("MYPROFILE_EMAIL_CHANGE needs a MYPROFILE_URL_PREFIX without a variable: no link says it")

    def tell(self, kind: str, user_key: str, **more: Any) -> None:
        """Once what this is part of is committed. ``more``: see :class:`.notice.News`."""
        news = News(kind, user_key, now(), **{**_origin_of(user_key), **more})
        after_commit(lambda: self._hand_over(news))

    def wait(self, seconds: float = AT_THE_END) -> bool:
        """Until everything is told; False where that takes longer."""
        return self._queue.wait(seconds)

    # ---- once the request is over, which the thread would take time from

    def _hand_over(self, news: News) -> None:
        if has_request_context() and not context_outlives_request():
            g.setdefault(_WAITING, []).append(news)
        else:
            self._send_off(news)

    def _on_end(self, app: Flask, **extra: Any) -> None:
        try:
            for news in g.pop(_WAITING, ()):
                self._send_off(news)
        except Exception:  # no request fails by it
            app.logger.exception("MyProfile could not tell a user something")

    # ---- in the request that has done it

    def _note_origin(self, app: Flask, user: Any, **extra: Any) -> None:
        try:
            setattr(g, _ORIGIN, _origin(current_profile.users.key(user)))
        except Exception:  # nobody is kept out by that
            app.logger.exception("MyProfile could not find out where a sign-in came from")

    def _on_event(self, app: Flask, user_key: str, kind: str, event: EventRecord, **more: Any) -> None:
        """Also where events are not kept. What is known of a browser is told where it is the user's own, or of whoever
        was let in by the app."""
        told = _TOLD.get(kind)
        if told is None or _is_no_news(told, event):
            return
        browser = (event.session_id, event.ip, event.user_agent) if is_from_there(event) else (None, "", "")
        known = dict(zip(("session_id", "address", "user_agent"), browser, strict=True))
        self.tell(told, user_key, **known, values=_values(event), by_admin=event.actor in (ADMIN, COMMAND_LINE))

    def _send_off(self, news: News) -> None:
        if not self._queue.put(lambda: self._deliver(news)):
            self._app.logger.error(
                "MyProfile has too much to tell, and did not tell %r of %s", news.user_key, news.kind
            )
        elif isinstance(current_profile.db.engines[current_profile.config.bind_key].pool, StaticPool):
            self.wait()  # a database in memory has one connection, which this thread has to leave alone meanwhile

    # ---- in a thread of its own

    def _deliver(self, news: News) -> None:
        kind, user = KINDS[news.kind], current_profile.users.load(news.user_key)
        if user is None and not kind.is_last:
            return
        chosen = current_profile.preferences.of(user) if user is not None else {}
        if kind.preference and chosen.get(kind.preference) == "off":
            return
        addresses, features = _addresses(user, news), current_profile.features.for_user(user)
        current_profile.db.session.rollback()  # what follows is a transaction of its own, and may take its time
        secrets = run(lambda: _claim(news, addresses), current_profile.own_transaction)
        with writing_to(*_reader(chosen, news)):
            for address, secret in zip(addresses, secrets, strict=False):
                notice = _notice(news, address, secret, shows_address=features["sessions.address"])
                current_profile.db.session.rollback()
                self._send(user, notice, news.user_key)

    def _send(self, user: Any, notice: Notice, user_key: str) -> None:
        try:
            if self._notify == "mail":
                mail.send(notice)
            else:
                self._notify(user, notice)
        except Exception as error:
            by_mail = self._notify == "mail"  # a server may repeat the mail; the callable is the host's own
            reason = type(error).__name__ if by_mail else ""
            line = "MyProfile could not tell user %r of %s. %s"
            self._app.logger.error(line, user_key, notice.kind, reason, exc_info=None if by_mail else error)


def _is_no_news(told: str, event: EventRecord) -> bool:
    details = details_of(event)
    return (told == NEW_DEVICE and details.get("device") != "new") or (
        told == TOKEN_CHANGED and details.get("fields") == ["name"]
    )


def _values(event: EventRecord) -> dict[str, str]:
    """Which token it is about, where there may be several."""
    name = details_of(event).get("token")
    if event.topic == "token" and (name or current_profile.config.names_tokens):
        return {"token": name or ""}
    return {}


def _origin(user_key: str | None) -> dict[str, Any]:
    state, language = known_state(), asked_language()
    return {
        "user_key": user_key,
        "session_id": state.session_id if state is not None else None,
        "address": client_address(),
        "user_agent": client_user_agent(),
        "site": site(),
        "language": str(language) if language else None,
    }


def _origin_of(user_key: str) -> dict[str, Any]:
    """Of what is done to that user: nothing is known of their browser where somebody else has sent the request."""
    if has_request_context():
        state = known_state()
        found = _origin(state.user_key if state is not None else None)
    else:
        found = g.get(_ORIGIN) or {"user_key": None, "site": site()}
    is_theirs = found["user_key"] == user_key
    return {name: value for name, value in found.items() if name == "site" or (is_theirs and name != "user_key")}


def _addresses(user: Any, news: News) -> list[str | None]:
    """Where it goes: also to the address that somebody has changed who may not have been the user."""
    if news.to is not None:
        return [news.to]
    present = current_profile.users.shown(user, "email") or None
    former = current_profile.email_changes.former_addresses(user) if current_profile.config.email_change else ()
    return list(dict.fromkeys([present, *former]))


def _claim(news: News, addresses: Sequence[str | None]) -> list[str | None]:
    """The secrets of links to these; None in their place where there is no page that they could lead to. None at all
    where it is not time for it, because the same has just caused another one of its kind."""
    kind, store, interval = KINDS[news.kind], current_profile.stores[0], current_profile.config.notify_interval
    browser = f"{news.address} {news.user_agent}"
    cause = browser if news.kind == NEW_DEVICE or news.session_id is None else news.session_id
    text = "\0".join((news.user_key, news.kind, cause))
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    if not kind.repeats and not store.claim_notice(digest, news.user_key, now(), interval):
        return []
    if news.site is None or kind.purpose is None:
        return [None] * len(addresses)
    purpose = kind.purpose
    about, make = news.about or news.session_id, current_profile.links.make
    return [make(news.user_key, purpose, about, to) for to in addresses]


def _reader(chosen: Mapping[str, str], news: News) -> tuple[Locale, tzinfo]:
    """What the user has chosen; else the language of their browser, and the zone of the app."""
    babel = flask_babel_of(current_app)
    language = offered_as(chosen.get("language", "")) or locale_of(news.language or "")
    zone = timezones.find(chosen.get("timezone", ""))
    by_default = (locale_of(babel.default_locale), babel.default_timezone) if babel is not None else (None, None)
    return language or by_default[0] or ENGLISH, zone or timezones.find(str(by_default[1])) or timezone.utc


def _notice(news: News, to: str | None, secret: str | None, *, shows_address: bool) -> Notice:
    words = KINDS[news.kind].words(news)
    link = news.site.address_of(_PAGE, token=secret) if news.site and secret else None
    moment = datetime.fromtimestamp(news.at, timezone.utc)
    device = device_by(news.user_agent)[0] if news.user_agent else ""
    address = news.address if shows_address else ""
    facts = [
        (gettext("When"), f"{short_moment(moment)} ({zone_name(moment)})"),
        (gettext("Device"), device),
        (gettext("Network address"), address),
    ]
    if news.by_admin:
        facts.append((gettext("By"), gettext("An administrator")))
    if KINDS[news.kind].to_stranger:
        facts, device, address = [], "", ""
    return Notice(
        kind=news.kind,
        moment=moment,
        to=to,
        subject=words.subject,
        paragraphs=tuple(text for text in (words.happened, words.advice, "" if link else words.without) if text),
        facts=tuple(fact for fact in facts if fact[1]),
        device=device,
        address=address,
        language=str(locale()),
        link=link,
        link_text=words.link if link else "",
        link_hint=words.link_hint if link else "",
    )
