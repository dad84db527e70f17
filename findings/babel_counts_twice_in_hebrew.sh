#!/bin/sh
# Babel 2.19.0: in Hebrew, format_timedelta() says "in two hours" and "two hours ago" by a word that holds the number (a
# dual), and puts the number behind it in brackets once more; so it does for one day. In Arabic, which has a dual as well,
# the word stands alone. Who shows the text to people shows "before two hours (2)".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Babel==2.19.0
cat > "$folder/hebrew.py" <<'PY'
import sys
from datetime import timedelta

from babel.dates import format_timedelta


def ago(locale, **length):
    return format_timedelta(-timedelta(**length), add_direction=True, locale=locale)


seen = {
    "he, two hours": ago("he", hours=2),
    "he, one day": ago("he", days=1),
    "he, three hours": ago("he", hours=3),
    "ar, two hours": ago("ar", hours=2),
}
print(seen)
twice = [name for name, text in seen.items() if text.endswith(")")]
sys.exit(0 if twice == ["he, two hours", "he, one day"] else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/hebrew.py"
