#!/bin/sh
# django-allauth 65.22.1 as an OpenID provider (allauth.idp.oidc): the ID token has no auth_time, neither by itself nor
# where the client asks with max_age, for which OpenID Connect Core 1.0 (3.1.2.1) requires it. The question is answered
# without an error, so that a client which wants to know when the person has signed in learns of it from the missing claim.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check 'django-allauth[idp-oidc]==65.22.1' Django==5.2.8 requests==2.32.5
cat > "$folder/auth_time.py" <<'PY'
import json
import sys
from base64 import b64encode, urlsafe_b64decode
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.urls import include, path

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
settings.configure(
    SECRET_KEY="not one to keep",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.idp.oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    IDP_OIDC_PRIVATE_KEY=key.private_bytes(*pem).decode(),
)
django.setup()
urlpatterns = [path("accounts/", include("allauth.urls")), path("", include("allauth.idp.urls"))]

from allauth.idp.oidc.models import Client as App  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

call_command("migrate", verbosity=0)
app = App(name="app", skip_consent=True)
app.set_redirect_uris(["https://app.example/back"])
app.set_scopes(["openid"])
app.set_secret("secret")
app.save()
browser = Client()
browser.force_login(User.objects.create_user("alice", password="any"))
metadata = browser.get("/.well-known/openid-configuration").json()
authorize, take = (urlsplit(metadata[f"{name}_endpoint"]).path for name in ("authorization", "token"))


def claims(**more):
    asked = {"response_type": "code", "client_id": app.id, "redirect_uri": "https://app.example/back", "scope": "openid"}
    answer = browser.get(authorize, {**asked, **more})
    code = parse_qs(urlsplit(answer["Location"]).query)["code"][0]
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example/back"}
    basic = "Basic " + b64encode(f"{app.id}:secret".encode()).decode()
    token = Client().post(take, sent, HTTP_AUTHORIZATION=basic).json()["id_token"]
    return sorted(json.loads(urlsafe_b64decode(token.split(".")[1] + "==")))


print("django-allauth", version("django-allauth"))
seen = {"nothing": claims(), "max_age=3600": claims(max_age=3600)}
for asked, names in seen.items():
    print(f"asked with {asked}: {' '.join(names)}")
sys.exit(0 if all("sub" in names and "auth_time" not in names for names in seen.values()) else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/auth_time.py"
