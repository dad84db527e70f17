"""Two OpenID providers that are not ours, in one Django project, for tests, on loopback only.

Prints its address when it listens, and ends when its standard input does. django-oauth-toolkit's issuer is the address
with /o, allauth's is the address itself. Clients register by POST /tests/register/<which>.
"""

import json
import sys
import tempfile
import threading
from functools import cached_property
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.core.signals import setting_changed
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

PASSWORD = "any"


def new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*pem).decode()


class NoMigrations:
    """The tables as they are now, in a second less."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def configure(folder: Path) -> None:
    apps = ("auth", "contenttypes", "sessions", "messages")
    settings.configure(
        SECRET_KEY="of tests alone",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=Urls(),
        USE_TZ=True,
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db", "OPTIONS": {"timeout": 20}}
        },
        MIGRATION_MODULES=NoMigrations(),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        INSTALLED_APPS=[
            *(f"django.contrib.{app}" for app in apps),
            *("allauth", "allauth.account", "allauth.idp.oidc", "oauth2_provider"),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        LOGIN_URL="/accounts/login/",
        LOGIN_REDIRECT_URL="/accounts/email/",
        ACCOUNT_EMAIL_VERIFICATION="none",
        ACCOUNT_RATE_LIMITS=False,
        IDP_OIDC_PRIVATE_KEY=new_key(),
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": new_key(),
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "SCOPES": {"openid": "", "profile": "", "email": ""},
        },
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


@csrf_exempt
def register(request, which):
    """With what is told by the registration of OpenID Connect, as far as these providers have it."""
    wanted = json.loads(request.body)
    after = " ".join(wanted.get("post_logout_redirect_uris") or [])
    if which == "oauth-toolkit":
        from oauth2_provider.generators import generate_client_secret
        from oauth2_provider.models import Application

        secret = generate_client_secret()
        made = Application.objects.create(
            client_secret=secret,
            client_type="confidential",
            authorization_grant_type="authorization-code",
            algorithm="RS256",
            redirect_uris=" ".join(wanted["redirect_uris"]),
            post_logout_redirect_uris=after,
            skip_authorization=True,
        )
        return JsonResponse({"client_id": made.client_id, "client_secret": secret}, status=201)
    from allauth.idp.oidc.models import Client

    client = Client(name="tests", skip_consent=True)
    client.set_redirect_uris(wanted["redirect_uris"])
    client.set_post_logout_redirect_uris(wanted.get("post_logout_redirect_uris") or [])
    client.set_scopes(["openid", "profile", "email"])
    client.set_secret("a secret of the tests")
    client.save()
    return JsonResponse({"client_id": client.id, "client_secret": "a secret of the tests"}, status=201)


@csrf_exempt
def take_keys(request):
    settings.IDP_OIDC_PRIVATE_KEY = new_key()
    old = settings.OAUTH2_PROVIDER["OIDC_RSA_PRIVATE_KEY"]
    changed = {"OIDC_RSA_PRIVATE_KEY": new_key(), "OIDC_RSA_PRIVATE_KEYS_INACTIVE": [old]}
    changed = {**settings.OAUTH2_PROVIDER, **changed}
    settings.OAUTH2_PROVIDER = changed
    setting_changed.send(sender=None, setting="OAUTH2_PROVIDER", value=changed, enter=True)
    return HttpResponse()


class Urls:
    """Which cannot be imported before Django is set up."""

    @cached_property
    def urlpatterns(self) -> list[object]:
        return [
            path("tests/register/<which>", register),
            path("tests/take-keys", take_keys),
            path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
            path("accounts/", include("allauth.urls")),
            path("", include("allauth.idp.urls")),
        ]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *said: object) -> None:
        """Nothing: a test says what went wrong by itself."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder))
        from django.contrib.auth.models import User

        for name in ("alice", "bob"):
            User.objects.create_user(name, f"{name}@op.test", PASSWORD)
        server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
