"""What an OpenID provider says of itself: its metadata, and the keys that it signs with.

Authlib has them since the last sign-in, and a provider that waits for our answer need not be asked for them meanwhile.
Else they are fetched when they are needed, kept, and never asked for more often than once a minute nor waited for
longer than three seconds, whatever arrives and whatever the provider does meanwhile. OpenID Connect Discovery 1.0.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from logging import getLogger
from math import ceil
from threading import Lock, Thread
from typing import Any
from weakref import WeakKeyDictionary

from . import detection

#: Seconds to wait for the provider, in all.
PATIENCE = 3.0
#: Seconds that its answer may take that nobody waits for: it may be waiting for ours, and go on when we give up.
SLOWEST = 15.0
#: Seconds between two times of asking it.
INTERVAL = 60
#: Seconds after which what it said is asked for again, because it may have withdrawn a key.
GOOD_FOR = 3600
_MOST_BYTES = 500_000
_WELL_KNOWN = "/.well-known/"
_log = getLogger(__name__)


class ProviderUnknown(Exception):
    """What has to be known of the provider is not known now.

    :ivar retry_after: the seconds after which it may be asked again.
    """

    def __init__(self, retry_after: int = INTERVAL) -> None:
        super().__init__("the provider's metadata or its keys cannot be had now")
        self.retry_after = retry_after


class Provider:
    """One provider, as one of the app's Authlib clients knows it. Threads share it.

    :param issuer: the one that the client was registered with; None: the one whose metadata is at its address.
    """

    def __init__(self, client: Any, issuer: str | None) -> None:
        self._client = client
        self._address: str | None = client._server_metadata_url
        self._issuer = issuer or (self._address or "").partition(_WELL_KNOWN)[0]
        self._metadata: Mapping[str, Any] = {}
        self._keys: Sequence[Any] = ()
        #: Authlib's set of keys, as it was when it was last looked at.
        self._of_authlib: Any = None
        self._undated: Mapping[str, Any] | None = None
        self._asked_at = self._known_at = float("-inf")
        self._asking: Thread | None = None
        self._lock = Lock()

    @property
    def client_id(self) -> str:
        return str(self._client.client_id)

    def metadata(self) -> Mapping[str, Any]:
        """:raises ProviderUnknown: the provider cannot be reached, or says that it is another one."""
        self._ask_unless(lambda: bool(self._metadata))
        if not self._metadata:
            raise ProviderUnknown(self._retry_after())
        return self._metadata

    @property
    def undated(self) -> bool:
        """Whether it has left out when somebody had signed in, though it was asked, and has not changed since."""
        return self._undated is not None and self._undated == self._metadata

    @undated.setter
    def undated(self, is_so: bool) -> None:
        self._undated = self._metadata if is_so else None

    def algorithms(self) -> Sequence[str]:
        """Those by which it signs. Never one that needs no key, or a secret that both sides know."""
        said = self.metadata().get("id_token_signing_alg_values_supported") or ["RS256"]
        return [name for name in said if name[:2] in ("RS", "PS", "ES") or name in ("EdDSA", "Ed25519")]

    def key(self, kid: str | None, wanted_at: float) -> Any:
        """The key of that id; without one, the only key there is. None: it has said since it was wanted (by
        ``time.monotonic()``) that there is none.

        :raises ProviderUnknown: it cannot be asked now, and may have taken a new one.
        """
        self._ask_unless(lambda: self._find(kid) is not None)
        found = self._find(kid)
        if found is None and self._known_at < wanted_at:
            raise ProviderUnknown(self._retry_after())
        return found

    def _find(self, kid: str | None) -> Any:
        # without an id, which of several keys is meant must not be a guess
        fitting = [key for key in self._keys if kid in (None, key.kid)]
        return fitting[0] if fitting and (kid is not None or len(fitting) == 1) else None

    # ---- asking

    def _ask_unless(self, enough: Callable[[], bool]) -> None:
        with self._lock:
            self._learn()
            now = time.monotonic()
            if enough() and now - self._known_at < GOOD_FOR:
                return
            if now - self._asked_at >= INTERVAL and (self._asking is None or not self._asking.is_alive()):
                self._asked_at = now
                # a thread, because neither a slow name server nor an answer that drips heeds a socket's time limit
                self._asking = Thread(target=self._ask, daemon=True)
                self._asking.start()
            asking, patience = self._asking, self._asked_at + PATIENCE - now
        # what is old serves meanwhile; and whoever comes later waits for what is left of the three seconds
        if asking is not None and not enough():
            asking.join(max(patience, 0))

    def _retry_after(self) -> int:
        if self._asking is not None and self._asking.is_alive():
            return ceil(PATIENCE)
        return max(1, ceil(self._asked_at + INTERVAL - time.monotonic()))

    def _learn(self) -> None:
        """Take what Authlib has fetched since, to check a sign-in. How old that is it does not say: it serves, and the
        provider is asked all the same, which nobody has to wait for."""
        said = dict(self._client.server_metadata)
        jwks = said.pop("jwks", None)
        said.pop("_loaded_at", None)
        if jwks is self._of_authlib:
            return
        self._of_authlib = jwks
        try:
            self._check(said)
            keys = _keys_in(jwks)
        except (AttributeError, KeyError, TypeError, ValueError):
            return  # what is wrong is said when the provider is asked
        self._metadata, self._keys = self._metadata or said, keys

    def _ask(self) -> None:
        of_authlib = self._client.server_metadata.get("jwks")
        try:
            metadata = self._fetch(self._address) if self._address else dict(self._client.server_metadata)
            self._check(metadata)
            uri = metadata.get("jwks_uri")
            keys = _keys_in(self._fetch(uri) if uri else metadata.get("jwks") or {})
        except Exception as error:  # of requests, of JSON, of whatever the provider says
            _log.warning(
                "MyProfile cannot ask the provider %s for its keys: %s", self._client.name, _without_secrets(error)
            )
            return
        self._metadata, self._keys, self._known_at = metadata, keys, time.monotonic()
        self._of_authlib = of_authlib  # which are older than these

    def _check(self, metadata: Mapping[str, Any]) -> None:
        said = str(metadata["issuer"])
        if self._issuer and said.rstrip("/") != self._issuer.rstrip("/"):
            raise ValueError(
                f"it calls itself {said!r}, and the client is registered for {self._issuer!r}:"
                " register it with issuer=… if its metadata is elsewhere"
            )

    def _fetch(self, url: str) -> dict[str, Any]:
        """By the client's own kind of session: a host may have given it a proxy or certificates."""
        with self._client.client_cls(**self._client.client_kwargs) as session:
            limits = {"timeout": SLOWEST, "allow_redirects": False, "stream": True}
            with session.request("GET", url, withhold_token=True, **limits) as response:
                if response.status_code != 200:
                    raise ValueError(f"{url} answers {response.status_code}")
                found = json.loads(response.raw.read(_MOST_BYTES, decode_content=True))
        if not isinstance(found, dict):
            raise TypeError(f"{url} is no object")
        return found


def _keys_in(jwks: Mapping[str, Any]) -> list[Any]:
    """Public keys for signatures; of others, and of kinds not known here, there is no use (RFC 7517, section 5)."""
    from joserfc.errors import JoseError  # an optional dependency
    from joserfc.jwk import JWKRegistry

    keys = []
    for given in jwks.get("keys", ()):
        if given.get("kty") in ("RSA", "EC", "OKP") and given.get("use", "sig") == "sig":
            try:
                keys.append(JWKRegistry.import_key(given))
            except (JoseError, KeyError, TypeError, ValueError):
                continue
    return keys


def _without_secrets(error: Exception) -> str:
    """A ValueError or TypeError is in our own words; what others say may quote an answer or a proxy's password."""
    return str(error) if type(error) in (TypeError, ValueError) else type(error).__name__


_known: WeakKeyDictionary[Any, Provider] = WeakKeyDictionary()


def provider_of(name: str) -> Provider | None:
    """The OpenID provider of the app's Authlib client of this name, or None."""
    client = detection.client(name)
    metadata = getattr(client, "server_metadata", None)
    if client is None or metadata is None or not (client._server_metadata_url or "issuer" in metadata):
        return None
    return _known.get(client) or _known.setdefault(client, Provider(client, detection.registered_issuer(name)))
