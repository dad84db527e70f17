#!/bin/sh
# WTForms 3.3.2: Length(max=20) of a TextAreaField puts maxlength="20" into the page, and refuses what a browser lets
# one type there. For maxlength, HTML counts the end of a line as one character, and sends it as two (CR and LF; so
# does Chromium), which Length() counts. Whoever writes three lines that fill the box is told that they are too long,
# by a form that had counted for them; with one line everything works, and so it does in tests that send "\n".
# One would expect the two limits, which come from the same argument, to be the same. A filter that makes "\n" of
# "\r\n" before it is counted makes them so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check WTForms==3.3.2 Werkzeug==3.1.9
cat > "$folder/lines.py" <<'PY'
import re
import sys

from werkzeug.datastructures import MultiDict
from wtforms import Form, TextAreaField
from wtforms.validators import Length


def as_one(text):
    return text and text.replace("\r\n", "\n")


class Address(Form):
    plain = TextAreaField(validators=[Length(max=20)])
    filtered = TextAreaField(validators=[Length(max=20)], filters=[as_one])


page = str(Address().plain())
allowed = int(re.search(r'maxlength="(\d+)"', page).group(1))
typed = "1 High St\nAnytown\nUK"
assert len(typed) == allowed, "what HTML calls the length of the API value fits exactly"
sent = typed.replace("\n", "\r\n")  # as HTML has a form's data made
form = Address(MultiDict({"plain": sent, "filtered": sent}))
form.validate()
print(f"maxlength={allowed}, typed {len(typed)} characters, sent {len(sent)}: {form.errors}")
sys.exit(0 if list(form.errors) == ["plain"] else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/lines.py"
