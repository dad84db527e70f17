"""Recent sign-in of somebody who came by Single Sign-On: proved where they signed in, at the OpenID provider.

The provider is asked to have the same person sign in again (``prompt=login``, ``max_age``), with the redirect URI of
their sign-in, which is registered there. Its answer is for us, not for the app's own callback: see :func:`take_over`.
What it says is looked at in :mod:`.proof`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Request, current_app, redirect, request, session, url_for
from werkzeug.routing import BuildError

from ..account.clock import now
from ..auth.identity import recorded_identity
from ..auth.request_state import is_superseded
from ..errors import Forbidden, Unavailable
from ..globals import current_profile
from ..i18n import gettext
from ..responses import RETRY_AFTER
from ..store.records import AT_PROVIDER, SessionRecord
from . import detection, proof
from .proof import MAX_AGE
from .provider import ProviderUnknown, provider_of

#: What each ``state`` of ours begins with.
MARK = "mp-step-up-"
_QUERY = "state=" + MARK
#: In the session, while the browser is at the provider: state, when it was sent there, which session of ours, and what
#: is to follow.
_PENDING = "_myprofile_step_up"
#: Seconds that the provider has for its answer.
_PATIENCE = 10
#: What errors of OAuth and names of claims look like, and codes and tokens do not; anybody can send anything else.
_WORD = re.compile(r"[a-z_]{1,40}")


def is_possible(record: SessionRecord | None) -> bool:
    """Whether the provider of this session can be asked, and could prove that it is the same person."""
    if record is None or not current_profile.config.sso_step_up:
        return False
    known = record.provider and record.callback and record.issuer and record.subject
    if not known or provider_of(record.provider or "") is None:
        return False
    # an answer that comes as a form would reach the app's own callback, see take_over()
    always_asked = detection.client(record.provider or "").authorize_params or {}
    return bool(always_asked.get("response_mode", "query") == "query")


def begin(record: SessionRecord, follows: Mapping[str, str]) -> Any:
    """Off to the provider. :raises Refused: it cannot be reached.

    :param follows: what :func:`asked_for` answers on the way back.
    """
    name = record.provider or ""
    _forget(name, session.pop(_PENDING, None))
    state = MARK + secrets.token_urlsafe(24)
    try:
        provider = provider_of(name)
        if provider is None:
            raise ProviderUnknown
        provider.metadata()  # Authlib would wait for it without a limit
        answer = detection.client(name).authorize_redirect(record.callback, state=state)
        answer.location = _asking_anew(answer.location)
    except Exception as error:  # whatever the provider's answer makes of Authlib and requests
        _log(name, _in_log(error))
        sentence = gettext("%(provider)s cannot be reached. Try again later.", provider=name)
        raise Unavailable(RETRY_AFTER, sentence) from error
    session[_PENDING] = [state, now(), record.id, dict(follows)]
    return answer


def _asking_anew(url: str) -> str:
    """What the host has its own sign-ins ask for, by ``authorize_params``, Authlib puts in the place of what it is told
    for this one."""
    target = urlsplit(url)
    others = [pair for pair in parse_qsl(target.query) if pair[0] not in ("prompt", "max_age")]
    asked = urlencode([*others, ("prompt", "login"), ("max_age", str(MAX_AGE))])
    return urlunsplit(target._replace(query=asked))


def watch_and_take_over(incoming: Request) -> Any:
    """What Single Sign-On has to see of each request, before the host's own functions do."""
    detection.watch_authlib()
    return take_over(incoming)


def take_over(incoming: Request) -> Any:
    """The provider's answer to :func:`begin`, at the callback of the app: its view would sign in whoever it is. Before
    every request, so it looks at the query string and, nearly always, at nothing else."""
    if _QUERY not in incoming.environ.get("QUERY_STRING", "") or incoming.endpoint == "myprofile_sso.confirmed":
        return None
    answer = {name: incoming.args[name] for name in ("code", "error", "state", "iss") if name in incoming.args}
    if not answer.keys() & {"code", "error"}:
        return None  # the question itself, in an app that is its own provider
    try:
        ours = url_for("myprofile_sso.confirmed")
    except BuildError:  # MYPROFILE_URL_PREFIX has a variable, which this address does not say
        return None
    return redirect(f"{ours}?{urlencode(answer)}")


def asked_for() -> Mapping[str, str]:
    """What is to follow the confirmation that the provider's answer is about."""
    state, *_, follows = session.get(_PENDING) or ("", {})
    return follows if request.args.get("state") == state else {}


def _forget(name: str, pending: Sequence[Any] | None) -> None:
    """What Authlib keeps in the session for a question that is no longer open would soon fill the cookie."""
    if pending is not None and (client := detection.client(name)) is not None:
        client.framework.clear_state_data(session, pending[0])


def check(record: SessionRecord | None) -> SessionRecord:
    """Back from the provider: it is the same person, who has just signed in there, and in which session of theirs.

    :raises Forbidden: it is not, or that cannot be known.
    """
    pending = session.get(_PENDING)
    state, since, session_id, _ = pending or ("", 0, "", {})
    # anybody can send a browser here: the question goes on until it is answered, once
    answered = pending if request.args.get("state") == state else None
    if answered is not None:
        session.pop(_PENDING)
    name = record.provider or "" if record is not None else ""
    mine = record is not None and session_id == record.id and not is_superseded()
    if record is None or not mine or not is_possible(record) or answered is None:
        _forget(name, answered)
        _log(name, "the answer is to no question of this session")
        raise Forbidden(gettext("This confirmation is not from this session. Try again."), code="step_up_failed")
    client = detection.client(name)
    try:
        token = client.authorize_access_token(timeout=_PATIENCE)  # state, nonce, signature, PKCE
    except Exception as error:  # as above; and what the person has refused there
        _log(name, _in_log(error))
        sentence = gettext("%(provider)s has not confirmed that it is you. Nothing has been changed.", provider=name)
        raise Forbidden(sentence, code="step_up_failed") from error
    claims = detection.validated_claims(token)
    doubt = proof.doubt(claims, record, client.client_id, now() - since)
    _remember(name, doubt)
    if doubt is not None:
        _log(name, doubt.reason)
        raise Forbidden(doubt.sentence(name), code="step_up_failed")
    identity = recorded_identity()  # as at the sign-in, from the same claims
    return record._replace(**{name: getattr(identity, name) for name in AT_PROVIDER})


def is_undated(record: SessionRecord) -> bool:
    """Whether the provider is known not to say when somebody has signed in: to ask it once more is of little use."""
    provider = provider_of(record.provider or "")
    return provider is not None and provider.undated


def _remember(name: str, doubt: proof.Doubt | None) -> None:
    provider = provider_of(name)
    if provider is not None and doubt in (None, proof.UNDATED):
        provider.undated = doubt is proof.UNDATED


def _in_log(error: Exception) -> str:
    """What has failed, by its name: what providers and libraries say besides may quote codes and tokens."""
    said = [str(getattr(error, name, "")) for name in ("error", "claim", "claim_name")]
    return " ".join([type(error).__name__, *filter(_WORD.fullmatch, said)])


def _log(name: str, reason: str) -> None:
    current_app.logger.warning("MyProfile: step-up at %s failed: %s", name, reason)
