#!/bin/sh
# cryptojwt 1.11.0: after KeyJar.rotate_keys() tokens are still signed with the old key, which is marked as inactive, while
# export_jwks() gives the new one alone. Whoever fetches the keys after a rotation, as a provider's clients do, finds none
# for the tokens that are made from then on. One would expect new tokens to be signed with the new key, and the old one to
# stay published for those that are about. A provider has to put the new keys before the old ones itself.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check cryptojwt==1.11.0
cat > "$folder/rotate.py" <<'PY'
import sys
from importlib.metadata import version

from cryptojwt.jws.jws import factory
from cryptojwt.jwt import JWT
from cryptojwt.key_jar import build_keyjar

print("cryptojwt", version("cryptojwt"))
jar = build_keyjar([{"type": "RSA", "use": ["sig"]}])


def signed_with():
    token = JWT(key_jar=jar, iss="https://idp.example", sign_alg="RS256").pack({"sub": "alice"})
    return factory(token).jwt.headers["kid"]


def published():
    return [key["kid"] for key in jar.export_jwks()["keys"]]


before = signed_with()
print("before: signed with", before, "published", published())
jar.rotate_keys([{"type": "RSA", "use": ["sig"]}])
after = signed_with()
print("after:  signed with", after, "published", published())
is_so = after == before and len(published()) == 1 and after not in published()
sys.exit(0 if is_so else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/rotate.py"
