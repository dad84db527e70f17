"""An OpenID provider that is not ours (idpyoidc), for tests, on loopback only.

Prints its address when it listens, and ends when its standard input does. Clients register themselves (RFC 7591).
"""

import os
import secrets
import sys
import tempfile
import threading

import requests
from cryptojwt.key_issuer import build_keyissuer
from flask import Flask, Response, redirect, request
from idpyoidc.message.oidc import AccessTokenRequest, AuthorizationRequest
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.oidc.token import Token
from idpyoidc.server.user_authn.user import UserAuthnMethod, create_signed_jwt, verify_signed_jwt
from werkzeug.serving import WSGIRequestHandler, make_server

SERVER = "idpyoidc.server."
KEYS = [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]
ACR = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
PEOPLE = {
    name: {"sub": name, "name": name, "email": f"{name}@op.test", "email_verified": True} for name in ("alice", "bob")
}
LOGIN = """<form method="post" action="/verify"><input type="hidden" name="token" value="{token}">
<input type="text" name="username"><input type="password" name="password"><button>Sign in</button></form>"""
LOGOUT = """<form method="post" action="/signed-out"><input type="hidden" name="sjwt" value="{sjwt}">
<button name="logout" value="yes">Sign out</button></form>"""


class Password(UserAuthnMethod):
    """Whoever says who they are, is it."""

    def __init__(self, upstream_get=None, **given):
        super().__init__(upstream_get=upstream_get)

    def __call__(self, **asked):
        context = self.upstream_get("context")
        keys = self.upstream_get("attribute", "keyjar")
        return LOGIN.format(token=create_signed_jwt(context.issuer, keys, **asked))

    def verify(self, username, **typed):
        return username if username in PEOPLE else None

    def unpack_token(self, token):
        return verify_signed_jwt(token=token, keyjar=self.upstream_get("attribute", "keyjar"))


def login_name(user_id, **salted):
    """Whom the tests know by it; by default it is a digest."""
    return user_id


def endpoint(path, name, methods=None, **more):
    return {"path": path, "class": SERVER + name, "kwargs": {"client_authn_method": methods, **more}}


def configuration(address):
    secret = ["client_secret_basic", "client_secret_post"]
    return {
        "issuer": address,
        "httpc_params": {"verify": False},
        "scopes_supported": ["openid", "profile", "email"],
        "preference": {"scopes_supported": ["openid", "profile", "email"]},
        "key_conf": {"key_defs": KEYS, "uri_path": "jwks"},
        "cookie_handler": {
            "class": SERVER + "cookie_handler.CookieHandler",
            "kwargs": {
                "keys": {"key_defs": [{"type": "OCT", "use": [use], "kid": use} for use in ("enc", "sig")]},
                "name": {"session": "op", "register": "op_rp", "session_management": "op_sman"},
            },
        },
        "authentication": {"user": {"acr": ACR, "class": Password, "kwargs": {}}},
        "authz": {
            "class": SERVER + "authz.AuthzHandling",
            "kwargs": {
                "grant_config": {
                    "usage_rules": {
                        "authorization_code": {"supports_minting": ["access_token", "id_token"], "max_usage": 1},
                        "access_token": {},
                    },
                    "expires_in": 43200,
                }
            },
        },
        "claims_interface": {"class": SERVER + "session.claims.ClaimsInterface", "kwargs": {}},
        "endpoint": {
            "provider_info": endpoint(".well-known/openid-configuration", "oidc.provider_config.ProviderConfiguration"),
            "authorization": endpoint("authorization", "oidc.authorization.Authorization"),
            "token": endpoint("token", "oidc.token.Token", secret),
            "end_session": endpoint(
                "session",
                "oidc.session.Session",
                logout_verify_url="verify_logout",
                post_logout_uri_path="post_logout",
                signing_alg="RS256",
            ),
        },
        "token_handler_args": {
            "jwks_def": {"key_defs": [{"type": "oct", "bytes": 24, "use": ["enc"], "kid": "code"}]},
            "code": {"lifetime": 600},
            "token": {"class": SERVER + "token.jwt_token.JWTToken", "kwargs": {"lifetime": 3600}},
            "id_token": {
                "class": SERVER + "token.id_token.IDToken",
                "kwargs": {"base_claims": {"name": None, "email": None}},
            },
        },
        "session_params": {"sub_func": {"public": {"function": login_name}}},
        "userinfo": {"class": SERVER + "user_info.UserInfo", "kwargs": {"db": PEOPLE}},
    }


class Views:
    def __init__(self, server):
        self.server = server
        # as it is released, it fails where no client authenticates itself, which none does in a browser
        server.get_endpoint("session").client_authentication = lambda *asked, **more: {}

    def put_into(self, app):
        for path, name in {
            "/.well-known/openid-configuration": "provider_config",
            "/authorization": "authorization",
            "/token": "token",
            "/session": "session",
        }.items():
            app.add_url_rule(path, name, lambda name=name: self.ask(name), methods=["GET", "POST"])
        app.add_url_rule(
            "/jwks", "jwks", lambda: Response(self.server.keyjar.export_jwks_as_json(), mimetype="application/json")
        )
        app.add_url_rule("/registration", "registration", self.register, methods=["POST"])
        app.add_url_rule("/tests/take-keys", "take_keys", self.take_keys, methods=["POST"])
        app.add_url_rule("/verify", "verify", self.verify, methods=["POST"])
        app.add_url_rule("/verify_logout", "verify_logout", lambda: LOGOUT.format(sjwt=request.args["sjwt"]))
        app.add_url_rule("/signed-out", "signed_out", self.signed_out, methods=["POST"])

    def register(self):
        """Its own endpoint fails with this release of cryptojwt where a client has no keys."""
        wanted, name, secret = request.get_json(), secrets.token_hex(8), secrets.token_hex(24)
        self.server.context.cdb[name] = {
            "client_id": name,
            "client_secret": secret,
            "redirect_uris": [(uri, {}) for uri in wanted["redirect_uris"]],
            "post_logout_redirect_uri": [(uri, {}) for uri in wanted.get("post_logout_redirect_uris", [])],
            "response_types_supported": ["code"],
            "allowed_scopes": ["openid", "profile", "email"],
            "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": "RS256",
            "client_salt": secrets.token_hex(4),
            **{key: wanted[key] for key in ("backchannel_logout_uri",) if wanted.get(key)},
        }
        self.server.keyjar.add_symmetric(name, secret)
        return {"client_id": name, "client_secret": secret}, 201

    def take_keys(self):
        """It signs with the first that it has; its own rotation puts new ones behind the old."""
        jar, keys = self.server.keyjar, build_keyissuer(KEYS)
        for bundle in jar[""]:
            keys.add_kb(bundle)
        for owner in ("", self.server.context.issuer):
            jar[owner] = keys
        return ""

    def ask(self, name):
        endpoint = self.server.get_endpoint(name)
        about = {
            "headers": {key.lower(): value for key, value in request.headers.items()},
            "method": request.method,
            "url": request.url,
            "cookie": [{"name": key, "value": value} for key, value in request.cookies.items()],
        }
        sent = request.get_data(as_text=True) if request.is_json else {**request.args, **request.form}
        asked = endpoint.parse_request(sent, http_info=about)
        if "error" in asked:
            return Response(asked.to_json(), 400, mimetype="application/json")
        asked = AccessTokenRequest(**asked) if isinstance(endpoint, Token) else asked
        found = endpoint.process_request(asked, http_info=about)
        if "redirect_location" in found:
            return redirect(found["redirect_location"])
        if "http_response" in found:
            return Response(found["http_response"])
        return self.answer(endpoint, asked, found)

    def answer(self, endpoint, asked, found):
        info = endpoint.do_response(request=asked, **found)
        in_body = info.get("response_placement", endpoint.response_placement) == "body"
        answer = Response(info["response"]) if in_body else redirect(info["response"])
        for name, value in info["http_headers"]:
            answer.headers[name] = value
        self.set_cookies(answer, info.get("cookie", []))
        return answer

    @staticmethod
    def set_cookies(answer, cookies):
        for cookie in cookies if isinstance(cookies, list) else [cookies]:
            about = {name: value for name, value in cookie.items() if name in ("value", "max_age", "httponly")}
            answer.set_cookie(cookie["name"], path="/", **about)

    def verify(self):
        method = self.server.context.authn_broker.get_method_by_id("user")
        name = method.verify(**request.form)
        told = method.unpack_token(request.form["token"])
        asked = AuthorizationRequest().from_urlencoded(told["query"])
        endpoint = self.server.get_endpoint("authorization")
        session = endpoint.create_session(asked, name, told["authn_class_ref"], told["iat"], method)
        return self.answer(endpoint, asked, endpoint.authz_part2(request=asked, session_id=session))

    def signed_out(self):
        endpoint = self.server.get_endpoint("session")
        told = endpoint.unpack_signed_jwt(request.form["sjwt"])
        endpoint.do_verified_logout(**told)
        answer = redirect(told["redirect_uri"])
        self.set_cookies(answer, endpoint.kill_cookies())
        return answer


class Quiet(WSGIRequestHandler):
    def log(self, *said):
        """Nothing: a test says what went wrong by itself."""


def post(method, url, **options):
    with requests.Session() as http:
        http.trust_env = False  # no proxy between this machine and itself
        return http.request(
            method, url, timeout=20, **{name: options[name] for name in ("data", "headers") if name in options}
        )


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # it keeps its keys where it is started
        app = Flask("provider", static_folder=None)
        listener = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        address = f"http://127.0.0.1:{listener.server_port}"
        config = OPConfiguration(
            conf=configuration(address), base_path=folder, domain="127.0.0.1", port=listener.server_port
        )
        server = Server(config, cwd=folder, httpc=post)
        Views(server).put_into(app)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        print(address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
