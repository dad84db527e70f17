#!/bin/sh
# Flask-Security-Too 5.9.2: in an app without a mail extension, change_user_password() sets the new hash and another
# fs_uniquifier on the user, and raises a ValueError after that: "No email extension configured". A caller who takes the
# error for "nothing was changed", and commits for another reason, has changed the password and signed everybody out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check Flask-Security-Too==5.9.2 Flask-SQLAlchemy==3.1.1 argon2-cffi==25.1.0
cat > "$folder/change.py" <<'PY'
import sys

from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore, hash_password, verify_password
from flask_security.changeable import change_user_password
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

app = Flask("change")
app.config.update(SECRET_KEY="x" * 32, SECURITY_PASSWORD_SALT="9" * 32, SQLALCHEMY_DATABASE_URI="sqlite://")
app.config.update(SECURITY_PASSWORD_HASH="argon2", SECURITY_CHANGEABLE=True)
db = SQLAlchemy(app)
fsqla_v3.FsModels.set_db_info(db)


class Role(db.Model, fsqla_v3.FsRoleMixin):
    pass


class User(db.Model, fsqla_v3.FsUserMixin):
    pass


users = SQLAlchemyUserDatastore(db, User, Role)
Security(app, users)
with app.test_request_context():
    db.create_all()
    ada = users.create_user(email="ada@example.com", password=hash_password("first words of hers"))
    db.session.commit()
    before = ada.fs_uniquifier
    try:
        change_user_password(ada, "second words of hers")
        said = "nothing"
    except ValueError as error:
        said = str(error)
    seen = [said, verify_password("second words of hers", ada.password), ada.fs_uniquifier != before]
print(seen)
sys.exit(0 if "email extension" in seen[0] and seen[1:] == [True, True] else "This has changed.")
PY
"$folder/venv/bin/python" "$folder/change.py"
