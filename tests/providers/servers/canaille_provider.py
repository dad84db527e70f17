"""An OpenID provider that is not ours (canaille), for tests, on loopback only.

Prints its address when it listens, and ends when its standard input does. Clients register themselves (RFC 7591).
"""

import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from canaille import create_app
from joserfc.jwk import RSAKey


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *said: object) -> None:
        """Nothing: a test says what went wrong by itself."""


def new_key() -> dict[str, object]:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True).as_dict(private=True)


def configuration(address: str) -> dict[str, object]:
    return {
        "SECRET_KEY": "of tests alone",
        "SERVER_NAME": address.removeprefix("http://"),
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory"},
        "CANAILLE_OIDC": {"DYNAMIC_CLIENT_REGISTRATION_OPEN": True, "ACTIVE_JWKS": [new_key()]},
    }


def populate(app) -> None:
    from canaille.app import models
    from canaille.backends import Backend

    with app.app_context(), Backend.instance.session():
        for name in ("alice", "bob"):
            user = models.User(user_name=name, formatted_name=name, family_name=name, emails=[f"{name}@op.test"])
            Backend.instance.save(user)
            Backend.instance.set_user_password(user, "any")


def add_take_keys(app) -> None:
    from canaille.app.flask import csrf

    @app.post("/tests/take-keys")
    @csrf.exempt
    def take_keys() -> str:
        keys = app.config["CANAILLE_OIDC"]
        keys["ACTIVE_JWKS"], keys["INACTIVE_JWKS"] = [new_key()], keys["ACTIVE_JWKS"]
        return ""


def main() -> None:
    server = make_server("127.0.0.1", 0, None, Server, Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    app = create_app(configuration(address))
    populate(app)
    add_take_keys(app)
    server.set_app(app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
