#!/bin/sh
# Werkzeug 3.1.9: request.accept_languages.best_match() looks for a language that is spelt exactly so in the whole of
# the header, and for the language of a region only where there is none. Who asks for "de-AT,en;q=0.5", German by far,
# of "de" and "en" gets English; "de-AT" alone gets German. Babel's negotiate_locale() takes one wish after the other,
# as the lookup of RFC 4647 (3.4) does.
# One would expect the weights to decide. Browsers send such headers where somebody has a region without its
# language in their list, and a locale_selector of Flask-Babel is mostly this one call. Ask for each of
# accept_languages.values() in turn instead.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Werkzeug==3.1.9 Babel==2.19.0
cat > "$folder/wishes.py" <<'PY'
import sys

from babel import negotiate_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

OFFERED = ["de", "en", "fr"]


def taken(header):
    asked = parse_accept_header(header, LanguageAccept)
    return asked.best_match(OFFERED), negotiate_locale(asked.values(), OFFERED, sep="-")


wanted = {
    "de-AT": ("de", "de"),
    "de-AT,de;q=0.9,en;q=0.8": ("de", "de"),
    "de-AT,en;q=0.5": ("en", "de"),
    "fr-CH,en;q=0.1": ("en", "fr"),
}
seen = {header: taken(header) for header in wanted}
for header, (by_werkzeug, by_babel) in seen.items():
    print(f"{header}: Werkzeug {by_werkzeug}, Babel {by_babel}")
sys.exit(0 if seen == wanted else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/wishes.py"
