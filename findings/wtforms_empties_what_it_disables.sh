#!/bin/sh
# WTForms 3.3.2: a BooleanField or a SelectMultipleField with the validator Disabled() loses its value when the form is
# saved. A browser sends nothing of a disabled control, and Disabled() insists on that; these two take nothing for
# unticked and unselected, validate() is true, and populate_obj() writes it over what was there. StringField,
# IntegerField and SelectField with the same validator keep theirs.
# One would expect what nobody can edit to be the same after a save, and a test of a text field says so. On an account
# page it is "member: yes", or the roles, that are shown for information and gone once the person has corrected a phone
# number. Take such fields out of the form (del form.member) before populate_obj(), as pallets-eco/wtforms#217 advised
# before there was that validator.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check WTForms==3.3.2 Werkzeug==3.1.9
cat > "$folder/disabled.py" <<'PY'
import sys
from types import SimpleNamespace

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import Disabled


class Account(Form):
    name = StringField(validators=[Disabled()])
    rooms = IntegerField(validators=[Disabled()])
    city = SelectField(choices=["Bern", "Rome"], validators=[Disabled()])
    member = BooleanField(validators=[Disabled()])
    roles = SelectMultipleField(choices=["reader", "author"], validators=[Disabled()])
    phone = StringField()


stored = {"name": "Ada", "rooms": 3, "city": "Rome", "member": True, "roles": ["author"]}
account = SimpleNamespace(**stored, phone="")
form = Account(MultiDict({"phone": "555 0100"}), obj=account)  # what a browser sends: the one field that is not disabled
is_valid = form.validate()
form.populate_obj(account)
lost = {name: vars(account)[name] for name in stored if vars(account)[name] != stored[name]}
print(f"valid {is_valid}, phone {account.phone}, changed besides: {lost}")
wanted = {"member": False, "roles": []}
sys.exit(0 if is_valid and lost == wanted else f"This has changed: {wanted} was seen before.")
PY
"$folder/venv/bin/python" "$folder/disabled.py"
