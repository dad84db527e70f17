"""An OpenID provider that is not ours (Glewlwyd), from Debian's packages, for tests, on loopback only.

Prints its address when it listens, and ends when its standard input does. Its pages are made by scripts, and people of
the tests have none: this program stands before it, with forms that ask it for what its own scripts would.
"""

import gzip
import json
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from html import escape
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from urllib.parse import parse_qs, urlsplit

from joserfc.jwk import RSAKey

TABLES = Path("/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
SCOPES = ["openid", "profile", "email"]
JSON = {"Content-Type": "application/json"}
CONFIGURATION = """port={port}
bind_address="127.0.0.1"
external_url="{address}"
login_url="login.html"
api_prefix="api"
cookie_secure=0
session_key="glewlwyd"
admin_scope="g_admin"
profile_scope="g_profile"
log_mode="file"
log_level="ERROR"
log_file="{folder}/log"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database={{ type="sqlite3" path="{folder}/db" }};
"""
SIGN_IN = """<form method="post"><input type="hidden" name="asked" value="{asked}"><input type="text" name="username">
<input type="password" name="password"><button>Sign in</button></form>"""
SIGN_OUT = """<form method="post"><input type="hidden" name="asked" value="{asked}"><button>Sign out</button></form>"""


def new_keys() -> str:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    return json.dumps({"keys": [key.as_dict(private=True)]})


def plugin(address: str) -> dict[str, object]:
    allowed = ("auth-type-code-enabled", "session-management-allowed", "back-channel-logout-allowed", "pkce-allowed")
    parameters = {
        "iss": f"{address}/api/oidc",
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "jwks-private": new_keys(),
        "jwks-show": True,
        "subject-type": "public",
        "access-token-duration": 3600,
        "refresh-token-duration": 3600,
        "code-duration": 600,
        "name-claim": "mandatory",
        "email-claim": "mandatory",
        "session-cookie-name": "glewlwyd_oidc",
        "session-cookie-expiration": 3600,
        **dict.fromkeys(allowed, True),
    }
    return {"module": "oidc", "name": "oidc", "display_name": "oidc", "enabled": True, "parameters": parameters}


class Glewlwyd:
    def __init__(self, port: int, address: str) -> None:
        self.port, self.address, self.cookie = port, address, ""

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        return answer, found

    def as_administrator(self, method: str, path: str, said: object = None) -> object:
        body = None if said is None else json.dumps(said).encode()
        answer, found = self.ask(method, path, body, {**JSON, "Cookie": self.cookie})
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {found.decode()}")
        return json.loads(found) if found else None

    def set_up(self) -> None:
        typed = json.dumps({"username": "admin", "password": "password"}).encode()
        self.cookie = self.ask("POST", "/api/auth/", typed, JSON)[0].headers["Set-Cookie"].partition(";")[0]
        for scope in SCOPES[1:]:
            self.as_administrator("POST", "/api/scope/", {"name": scope, "password_required": False})
        for name in ("alice", "bob"):
            person = {"username": name, "name": name, "email": f"{name}@op.test", "password": "a password"}
            self.as_administrator("POST", "/api/user/", {**person, "scope": SCOPES, "enabled": True})
        self.as_administrator("POST", "/api/mod/plugin/", plugin(self.address))

    def register(self, wanted: dict[str, object]) -> dict[str, str]:
        name, secret = "c" + secrets.token_hex(6), secrets.token_hex(24)
        client = {
            "client_id": name,
            "name": name,
            "enabled": True,
            "confidential": True,
            "client_secret": secret,
            "redirect_uri": wanted["redirect_uris"],
            "authorization_type": ["code"],
            "token_endpoint_auth_method": ["client_secret_basic"],
            "post_logout_redirect_uris": wanted["post_logout_redirect_uris"],
            "backchannel_logout_uri": wanted["backchannel_logout_uri"],
            "backchannel_logout_session_required": "1",
        }
        self.as_administrator("POST", "/api/client/", client)
        return {"client_id": name, "client_secret": secret}

    def take_keys(self) -> None:
        self.as_administrator("PUT", "/api/mod/plugin/oidc", plugin(self.address))
        self.as_administrator("PUT", "/api/mod/plugin/oidc/reset")


def front(glewlwyd: Glewlwyd) -> type[BaseHTTPRequestHandler]:
    class Front(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, asked = self.path.partition("?")
            if path == "/login.html":
                form = SIGN_OUT if "prompt=end_session" in asked else SIGN_IN
                self.say(200, {"Content-Type": "text/html"}, form.format(asked=escape(asked)).encode())
            else:
                self.pass_on()

        def do_POST(self) -> None:
            path, sent = urlsplit(self.path).path, self.sent()
            if path == "/tests/register":
                self.say(201, JSON, json.dumps(glewlwyd.register(json.loads(sent))).encode())
            elif path == "/tests/take-keys":
                self.say(200, {}, json.dumps(glewlwyd.take_keys()).encode())
            elif path == "/login.html":
                typed = {name: values[0] for name, values in parse_qs(sent.decode(), keep_blank_values=True).items()}
                asked = {name: values[0] for name, values in parse_qs(typed["asked"]).items()}
                self.sign_in(typed, asked) if "username" in typed else self.sign_out(asked)
            else:
                self.pass_on(sent)

        def sign_in(self, typed: dict[str, str], asked: dict[str, str]) -> None:
            said = json.dumps({"username": typed["username"], "password": "a password"}).encode()
            answer, _ = glewlwyd.ask("POST", "/api/auth/", said, {**JSON, "Cookie": self.headers.get("Cookie", "")})
            cookie = answer.headers["Set-Cookie"]
            granted = json.dumps({"scope": " ".join(SCOPES)}).encode()
            cookies = {**JSON, "Cookie": cookie.partition(";")[0]}
            glewlwyd.ask("PUT", f"/api/auth/grant/{asked['client_id']}", granted, cookies)
            self.say(302, {"Location": asked["callback_url"] + "&g_continue", "Set-Cookie": cookie})

        def sign_out(self, asked: dict[str, str]) -> None:
            cookies = {"Cookie": self.headers.get("Cookie", "")}
            glewlwyd.ask("DELETE", f"/api/{asked['plugin']}/session/{asked['sid']}", None, cookies)
            glewlwyd.ask("DELETE", "/api/auth/", None, cookies)
            self.say(302, {"Location": asked["callback_url"]} if "callback_url" in asked else {})

        def sent(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def pass_on(self, sent: bytes | None = None) -> None:
            answer, found = glewlwyd.ask(self.command, self.path, sent, dict(self.headers))
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def say(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            """Nothing: a test says what went wrong by itself."""

    return Front


def make_tables(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        tables = gzip.decompress(TABLES.read_bytes()).decode()
        # as they are released, its clients have no place for the name by which it looks where to come back to
        known, wanted = '"post_logout_redirect_uri":{"multiple":false', '"post_logout_redirect_uris":{"multiple":true'
        connection.executescript(tables.replace(known, wanted))
        for name in ("alice", "bob"):  # whom the tests know by it; by itself it makes one up
            row = ("oidc", name, name)
            connection.execute(
                "INSERT INTO gpo_subject_identifier (gposi_plugin_name, gposi_username, gposi_sub) VALUES (?, ?, ?)",
                row,
            )
    connection.close()


def main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # its standard input ends it, and then what it has started
    with tempfile.TemporaryDirectory() as name, socket() as free:
        folder = Path(name)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        address = f"http://127.0.0.1:{server.server_port}"
        (folder / "conf").write_text(CONFIGURATION.format(port=port, address=address, folder=folder))
        make_tables(folder / "db")
        glewlwyd = Glewlwyd(port, address)
        server.RequestHandlerClass = front(glewlwyd)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with subprocess.Popen(["glewlwyd", "--config-file", folder / "conf"], stdout=sys.stderr) as process:
            try:
                while process.poll() is None:
                    try:
                        glewlwyd.set_up()
                        break
                    except ConnectionError:
                        time.sleep(0.1)
                print(address, flush=True)
                sys.stdin.read()
            finally:
                process.kill()


if __name__ == "__main__":
    main()
