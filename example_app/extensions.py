"""The Flask extensions that the app uses, one object each."""

from __future__ import annotations

from flask_babel import Babel, lazy_gettext
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

db = SQLAlchemy()
csrf = CSRFProtect()
babel = Babel()

login_manager = LoginManager()
login_manager.login_view = "auth.sign_in"
login_manager.login_message = lazy_gettext("Please sign in to open this page.")
login_manager.login_message_category = "info"
# a program that calls the API is told 401; a redirect to a sign-in page would be no use to it
login_manager.blueprint_login_views = {"api": None}
