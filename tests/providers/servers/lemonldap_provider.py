"""An OpenID provider that is not ours (LemonLDAP::NG), from Debian's packages, for tests, on loopback only.

Prints its address when it listens, and ends when its standard input does. It has one worker. Clients register by POST
/tests/register at a port of its own, because LemonLDAP::NG takes them from its configuration: the address is printed
behind the first. Its argument is the folder where the packages are: "/", or where a release was unpacked (dpkg -x).
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(sys.argv[1])
TEMPLATES = ROOT / "usr/share/lemonldap-ng/portal/templates"
http = build_opener(ProxyHandler({}))  # no proxy between this machine and itself
INI = """[all]
logLevel = error
checkTime = 1
[configuration]
type = File
dirName = {folder}
[portal]
staticPrefix = /static
templateDir = {templates}
languages = en
"""
# whoever says who they are, is it
PORTAL = """use strict;
use Lemonldap::NG::Portal::Main;
use Lemonldap::NG::Portal::Auth::Demo;
use Lemonldap::NG::Portal::UserDB::Demo;
no warnings;
*Lemonldap::NG::Portal::Auth::Demo::authenticate = sub { 0 };
%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts =
  map { $_ => { uid => $_, cn => $_, mail => "$_\\@op.test" } } qw(alice bob);
Lemonldap::NG::Portal::Main->run({});
"""


def new_keys() -> dict[str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    secret = private.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    public = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "oidcServicePrivateKeySig": secret.decode(),
        "oidcServicePublicKeySig": public.decode(),
        "oidcServiceKeyIdSig": secrets.token_hex(4),
    }


def file_storage(folder: Path, name: str) -> dict[str, object]:
    where = folder / name
    (where / "lock").mkdir(parents=True)
    options = {"Directory": str(where), "LockDirectory": str(where / "lock")}
    return options | {"generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}


class Portal:
    """Its configuration, which it looks for anew each second."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address, self.number = folder, address, 0
        host = address.removeprefix("http://").partition(":")[0]
        self.configuration = {
            "portal": address + "/",
            "domain": host,
            "cookieName": "lemonldap",
            "securedCookie": 0,
            "key": "of tests alone",
            "authentication": "Demo",
            "userDB": "Same",
            "passwordDB": "Null",
            "registerDB": "Null",
            "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
            "whatToTrace": "uid",
            "globalStorage": "Apache::Session::File",
            "globalStorageOptions": file_storage(folder, "sessions"),
            "persistentStorage": "Apache::Session::File",
            "persistentStorageOptions": file_storage(folder, "psessions"),
            "localSessionStorage": "",
            "locationRules": {host: {"default": "accept"}},
            "requireToken": 0,
            **{f"captcha_{page}_enabled": 0 for page in ("login", "mail", "register")},
            "issuerDBOpenIDConnectActivation": 1,
            "oidcServiceAllowAuthorizationCodeFlow": 1,
            "oidcServiceIgnoreScopeForClaims": 1,
            "oidcRPMetaDataExportedVars": {},
            "oidcRPMetaDataOptions": {},
            **new_keys(),
        }
        self.save()

    def save(self) -> None:
        self.number += 1
        self.configuration |= {"cfgNum": self.number, "cfgDate": int(time.time())}
        made = self.folder / "new"
        made.write_text(json.dumps(self.configuration))
        made.rename(self.folder / f"lmConf-{self.number}.json")

    def register(self, wanted: dict[str, object]) -> dict[str, str]:
        name, secret = "c" + secrets.token_hex(6), secrets.token_hex(24)
        told = {"LogoutUrl": wanted.get("backchannel_logout_uri") or "", "LogoutType": "back"}
        options = {
            "ClientID": name,
            "ClientSecret": secret,
            "RedirectUris": " ".join(wanted["redirect_uris"]),
            "PostLogoutRedirectUris": " ".join(wanted.get("post_logout_redirect_uris", [])),
            "BypassConsent": 1,
            "IDTokenSignAlg": "RS256",  # by default it is HS512 in releases before 2.20
            "IDTokenForceClaims": 1,
            "LogoutSessionRequired": 1,
            **told,
        }
        self.configuration["oidcRPMetaDataOptions"][name] = {
            "oidcRPMetaDataOptions" + key: value for key, value in options.items()
        }
        self.configuration["oidcRPMetaDataExportedVars"][name] = {"name": "cn", "email": "mail"}
        self.save()
        asked = f"grant_type=authorization_code&code=none&client_id={name}&client_secret={secret}"
        self.wait_for("/oauth2/token", lambda page: "invalid_grant" in page, asked.encode())
        return {"client_id": name, "client_secret": secret}

    def take_keys(self) -> None:
        old = {name.replace("Service", "ServiceOld"): self.configuration[name] for name in new_keys()}
        self.configuration |= old | new_keys()
        self.save()
        self.wait_for("/oauth2/jwks", lambda page: self.configuration["oidcServiceKeyIdSig"] in page)

    def wait_for(self, path: str, is_so: Callable[[str], bool], sent: bytes | None = None) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                answer = http.open(self.address + path, sent, timeout=20)
            except HTTPError as refused:
                answer = refused
            except URLError:  # it does not listen yet
                answer = None
            if answer and is_so(answer.read().decode()):
                return
            time.sleep(0.1)
        raise SystemExit(f"not so after half a minute: {path}")


def desk(portal: Portal) -> str:
    """Where clients register, and new keys are asked for."""

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = portal.register(json.loads(sent)) if self.path == "/tests/register" else portal.take_keys()
            self.send_response(201)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *said: object) -> None:
            """Nothing: a test says what went wrong by itself."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # its standard input ends it, and then what it has started
    with tempfile.TemporaryDirectory() as name, socket() as free:
        folder = Path(name)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        (folder / "lemonldap-ng.ini").write_text(INI.format(folder=folder, templates=TEMPLATES))
        (folder / "portal.psgi").write_text(PORTAL)
        portal = Portal(folder, f"http://127.0.0.1:{port}")
        environment = os.environ | {"LLNG_DEFAULTCONFFILE": str(folder / "lemonldap-ng.ini"), "NO_PROXY": "127.0.0.1"}
        environment["PERL5LIB"] = str(ROOT / "usr/share/perl5")
        command = ["plackup", "-E", "none", "-o", "127.0.0.1", "-p", str(port), folder / "portal.psgi"]
        with subprocess.Popen(command, env=environment, cwd=folder, stdout=sys.stderr) as process:
            try:
                portal.wait_for("/oauth2/jwks", lambda page: "keys" in page)
                print(portal.address, desk(portal), flush=True)
                sys.stdin.read()
            finally:
                process.kill()


if __name__ == "__main__":
    main()
