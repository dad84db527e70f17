#!/bin/sh
# WTForms 3.3.2: a SelectField with coerce=int, an empty choice and Optional() cannot take a value away. The empty
# text is no number, so the data stays what the edited object had; Optional() drops the error that said so; validate()
# is true, and populate_obj() writes the old value back. Nothing tells the person, nor the log.
# One would expect what IntegerField does with the same text and the same validator: the data is None then. A form
# that creates an object works, since there is no old value; only the one that edits does not. coerce=lambda text:
# int(text) if text else None says what is meant.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check WTForms==3.3.2 Werkzeug==3.1.9
cat > "$folder/empty.py" <<'PY'
import sys
from types import SimpleNamespace

from werkzeug.datastructures import MultiDict
from wtforms import Form, IntegerField, SelectField
from wtforms.validators import Optional

CITIES = [("", "none"), (1, "Bern"), (3, "Rome")]


class Settings(Form):
    city = SelectField(choices=CITIES, coerce=int, validators=[Optional()])
    city_or_none = SelectField(choices=CITIES, coerce=lambda text: int(text) if text else None, validators=[Optional()])
    rooms = IntegerField(validators=[Optional()])


FIELDS = ("city", "city_or_none", "rooms")


def emptied(**stored):
    edited = SimpleNamespace(**stored)
    form = Settings(MultiDict(dict.fromkeys(FIELDS, "")), obj=edited)
    is_valid = form.validate()
    form.populate_obj(edited)
    return is_valid, vars(edited)


seen = {"edited": emptied(city=3, city_or_none=3, rooms=3), "created": emptied()}
for how, (is_valid, stored) in seen.items():
    print(f"{how} with nothing chosen: valid {is_valid}, stored {stored}")
nothing = dict.fromkeys(FIELDS)
sys.exit(0 if seen == {"edited": (True, {**nothing, "city": 3}), "created": (True, nothing)} else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/empty.py"
