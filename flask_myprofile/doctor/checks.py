"""All checks, in the order they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .admin_rule import admin_rule
from .clock import clock
from .cookies import cookies
from .csrf import csrf
from .features import features
from .findings import Finding
from .identities import identities
from .languages import languages
from .layout import layout
from .login_id import login_id
from .login_view import login_view
from .migrations import migrations
from .notices import notices
from .password import password
from .password_rules import password_rules
from .personal_fields import personal_fields
from .proxy import proxy
from .pruning import pruning
from .secret_key import secret_key
from .sign_out import sign_out
from .sso_clients import sso_clients
from .stored_hashes import stored_hashes
from .stores import stores
from .tables import tables
from .user_class import user_class


class Check(NamedTuple):
    """:param page: where the documentation says more. :param asks: whether it asks a database, a network or a hash."""

    examine: Callable[[], Iterable[Finding]]
    page: str
    asks: bool = False

    @property
    def name(self) -> str:
        return self.examine.__name__


CHECKS = (
    Check(user_class, "users"),
    Check(login_id, "users"),
    Check(password, "users", asks=True),
    Check(stored_hashes, "tabs/password", asks=True),
    Check(password_rules, "tabs/password"),
    Check(personal_fields, "tabs/personal_information"),
    Check(admin_rule, "features", asks=True),
    Check(features, "rollout", asks=True),
    Check(layout, "theming"),
    Check(languages, "getting-started"),
    Check(login_view, "getting-started"),
    Check(sign_out, "configuration"),
    Check(cookies, "security"),
    Check(csrf, "security"),
    Check(proxy, "getting-started"),
    Check(notices, "notices"),
    Check(clock, "many-machines", asks=True),
    Check(stores, "many-machines", asks=True),
    Check(tables, "cli", asks=True),
    Check(migrations, "cli", asks=True),
    Check(pruning, "cli", asks=True),
    Check(sso_clients, "sso", asks=True),
    Check(identities, "sso", asks=True),
    Check(secret_key, "cli"),
)
