#!/bin/sh
# Jinja 3.1.6, Flask 3.1.3, Flask-Babel 4.0.0: {% from "buttons.html" import save %} runs the imported file once in a
# process, and keeps the values of its top-level {% set %}, not only its code: a translated label stays in the language,
# and a name out of the session stays that, of whoever came first, for everybody after them. In a macro of the same file
# both are of this request, and so they are after "with context" or {% include %}.
# That imports are cached is told, as a matter of speed; one would expect it of templates without values of a request,
# or an error about request and session, which Flask puts there for imported templates. Each test begins with a new
# application and sees nothing. Say such things in a macro, or import "with context".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
    Jinja2==3.1.6 Flask==3.1.3 Flask-Babel==4.0.0 Babel==2.19.0
cat > "$folder/first.py" <<'PY'
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask, render_template, request, session
from flask_babel import Babel
from jinja2 import DictLoader

folder = Path(sys.argv[1])
catalog = Catalog("de")
catalog.add("Save", "Speichern")
(folder / "translations/de/LC_MESSAGES").mkdir(parents=True)
with open(folder / "translations/de/LC_MESSAGES/messages.mo", "wb") as file:
    write_mo(file, catalog)

app = Flask("app")
app.config.update(SECRET_KEY="not one to keep", BABEL_TRANSLATION_DIRECTORIES=str(folder / "translations"))
Babel(app, locale_selector=lambda: request.args["language"])
BUTTONS = """{% set label, who = _("Save"), session.who %}
{% macro of_the_file() %}{{ label }} {{ who }}{% endmacro %}
{% macro of_the_macro() %}{{ _("Save") }} {{ session.who }}{% endmacro %}"""
app.jinja_loader = DictLoader(
    {
        "buttons.html": BUTTONS,
        "set": "{% from 'buttons.html' import of_the_file %}{{ of_the_file() }}",
        "macro": "{% from 'buttons.html' import of_the_macro %}{{ of_the_macro() }}",
        "with context": "{% from 'buttons.html' import of_the_file with context %}{{ of_the_file() }}",
    }
)


@app.get("/sign-in/<who>")
def sign_in(who):
    session["who"] = who
    return "in"


@app.get("/page/<template>")
def page(template):
    return render_template(template)


seen = {}
for who, language in (("Ada", "de"), ("Bob", "en")):
    browser = app.test_client()
    browser.get(f"/sign-in/{who}?language={language}")
    for template in ("set", "macro", "with context"):
        seen[template, who] = browser.get(f"/page/{template}?language={language}").text
        print(f"{who}, {language}, by {template}: {seen[template, who]}")
right = {"Ada": "Speichern Ada", "Bob": "Save Bob"}
wanted = {(template, who): right[who] for template in ("macro", "with context") for who in right}
wanted |= dict.fromkeys((("set", "Ada"), ("set", "Bob")), right["Ada"])
sys.exit(0 if seen == wanted else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/first.py" "$folder"
