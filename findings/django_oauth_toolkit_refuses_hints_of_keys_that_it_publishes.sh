#!/bin/sh
# django-oauth-toolkit 3.4.1: a key that has been replaced is listed in OIDC_RSA_PRIVATE_KEYS_INACTIVE, so that what it has
# signed can still be checked, and is in the provider's jwks.json. But the provider itself does not look at it: whoever
# signs out there (RP-initiated logout) with an ID token of before is told that it is "expired, revoked, malformed, or
# otherwise invalid", 400. The same token with the same request is taken before the keys are changed.
# OpenID Connect asks a provider to take an ID token as a hint of which it is the issuer, also one that has expired.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check django-oauth-toolkit==3.4.1 Django==5.2.8
cat > "$folder/hint.py" <<'PY'
import json
import sys
from base64 import b64encode
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.test.utils import override_settings
from django.urls import include, path


def new_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*pem).decode()


OLD = new_key()
PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": OLD,
    "SCOPES": {"openid": ""},
    "PKCE_REQUIRED": False,
}
settings.configure(
    SECRET_KEY="not one to keep",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    OAUTH2_PROVIDER=PROVIDER,
)
django.setup()
urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402

call_command("migrate", verbosity=0)
alice = User.objects.create_user("alice", password="any")
Application.objects.create(
    client_id="app",
    client_secret="secret",
    client_type="confidential",
    authorization_grant_type="authorization-code",
    algorithm="RS256",
    redirect_uris="https://app.example/back",
    skip_authorization=True,
)
browser = Client()
browser.force_login(alice)
asked = {"response_type": "code", "client_id": "app", "redirect_uri": "https://app.example/back", "scope": "openid"}
code = parse_qs(urlsplit(browser.get("/o/authorize/", asked)["Location"]).query)["code"][0]
sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example/back"}
basic = "Basic " + b64encode(b"app:secret").decode()
id_token = Client().post("/o/token/", sent, HTTP_AUTHORIZATION=basic).json()["id_token"]


def sign_out_page():
    return browser.get("/o/logout/", {"id_token_hint": id_token, "client_id": "app"}).status_code


print("django-oauth-toolkit", version("django-oauth-toolkit"))
before = sign_out_page()
print("sign-out with the ID token:", before)
with override_settings(
    OAUTH2_PROVIDER={**PROVIDER, "OIDC_RSA_PRIVATE_KEY": new_key(), "OIDC_RSA_PRIVATE_KEYS_INACTIVE": [OLD]}
):
    keys = len(json.loads(browser.get("/o/.well-known/jwks.json").content)["keys"])
    after = sign_out_page()
print("keys that are published then:", keys, "- sign-out with the same ID token:", after)
sys.exit(0 if (before, keys, after) == (200, 2, 400) else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/hint.py"
