"""Every ``MYPROFILE_*`` setting: its type, its default and what it is for, stated once.

``docs/configuration.md`` is checked against this file by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import setting_checks as checks
from .avatar_settings import AvatarSettings
from .errors import SetupError
from .feature_settings import FeatureSettings
from .notice_settings import NoticeSettings
from .setting_checks import Setting, Settings
from .setting_checks import setting as _setting
from .token_settings import TokenSettings

PREFIX = "MYPROFILE_"
DAY = 86_400


class Config(NoticeSettings, FeatureSettings, TokenSettings, AvatarSettings, Settings):
    """The settings of one app, read once by :meth:`read`."""

    url_prefix: str = _setting("/profile", checks.path, "Where My Profile lives.")
    admin: str | Callable[[Any], bool] = _setting(
        "is_admin",
        checks.attribute_or_callable,
        "Who may open Feature Management: an attribute that is True or 1, or a method that says so; "
        "or a callable(user) that answers True. No such attribute: nobody.",
    )
    app_name: str | None = _setting(
        None, checks.optional(checks.text), "The app's name in page titles; the Flask app's own name where unset."
    )
    base_template: str | None = _setting(
        None,
        checks.optional(checks.text),
        "The host's layout that the pages extend; unset: Flask-AppBuilder's, or a layout of the extension's own.",
    )
    base_blocks: Mapping[str, str] = _setting(
        {"title": "title", "head": "head", "content": "content", "scripts": "scripts"},
        checks.mapping,
        "Our block -> the block of the host's layout. Only `content` must be there; leave out what the layout lacks.",
    )
    heading_offset: int = _setting(
        0, checks.number(0, 1), "1 where the host's layout has an `h1` of its own: headings here begin at `h2` then."
    )
    csp_nonce: Callable[[], str] | None = _setting(
        None,
        checks.optional(checks.function),
        "A callable() -> the nonce of this request's Content Security Policy, for the stylesheet and the script.",
    )
    menu_items: tuple[tuple[Any, str], ...] | Callable[[Any], Iterable[tuple[Any, str]]] = _setting(
        (),
        checks.menu_items,
        "The host's own entries of the user menu: (label, endpoint or URL) each, or a callable(user) that gives them.",
    )
    sign_out: str | None = _setting(
        None,
        checks.optional(checks.text),
        "The host's own sign-out, by which people sign out here: an endpoint, whose view is called, or a URL to go on "
        "to. Unset: that of Flask-Security or Flask-AppBuilder where there is one.",
    )
    table_prefix: str = _setting("myprofile_", checks.text, "What the names of the extension's tables begin with.")
    table_schema: str | None = _setting(
        None, checks.optional(checks.text), "The database schema of the extension's tables."
    )
    bind_key: str | None = _setting(
        None, checks.optional(checks.text), "The Flask-SQLAlchemy bind that holds the extension's tables."
    )
    password_min_length: int = _setting(
        15, checks.number(8), "Least length of a new password, in code points (NIST SP 800-63B-4 asks for 15)."
    )
    password_max_length: int = _setting(256, checks.number(64), "Greatest length of a new password, in code points.")
    password_require: tuple[str, ...] = _setting(
        (),
        checks.subset_of("lower", "upper", "digit", "symbol"),
        "Kinds of character a new password must have. Empty, as NIST SP 800-63B-4 asks.",
    )
    password_context: tuple[str, ...] = _setting(
        (), checks.texts, "Words, such as the product's name, that alone do not make a password."
    )
    password_blocklist: str | None = _setting(
        None,
        checks.optional(checks.text),
        "A text file of passwords that nobody may choose, one a line; unset: the packaged list of common ones.",
    )
    password_breach_check: str | Callable[[str], Any] | None = _setting(
        None,
        checks.optional(checks.url_or_callable),
        "Who knows breached passwords by the first five digits of a SHA-1: a URL or a callable. Unset: none is asked.",
        secret=True,
    )
    password_hash: str = _setting(
        "scrypt",
        checks.one_of("scrypt", "argon2id"),
        "How passwords are hashed for user models that neither check nor set it themselves. "
        "Your login must know `argon2id` as well.",
    )
    password_end_sessions: str = _setting(
        "choice",
        checks.one_of("choice", "always"),
        "A new password ends all other sessions: always, or unless the user unticks the box.",
    )
    session_store: str = _setting(
        "sqlalchemy",
        checks.session_store,
        'Where sessions are kept: `"sqlalchemy"`, the app\'s own database, or the URL of a Redis: `redis://`, '
        "`redis+sentinel://`, `redis+cluster://`.",
        secret=True,
    )
    session_idle: int | None = _setting(
        None,
        checks.optional(checks.number(60)),
        "Seconds without a request after which a session ends. Remembered devices are exempt.",
    )
    session_lifetime: int | None = _setting(
        30 * DAY,
        checks.optional(checks.number(60)),
        "Seconds after sign-in at which a session ends. Remembered devices: `REMEMBER_COOKIE_DURATION`.",
    )
    session_touch: int = _setting(
        60,
        checks.number(1),
        "Least number of seconds between two writes of a session's last activity; a twentieth of "
        "`MYPROFILE_SESSION_IDLE` where that is less.",
    )
    session_limit: int = _setting(
        100, checks.number(1), "Sessions a user may have; a further sign-in ends the least recently used one."
    )
    session_keep_ended: int = _setting(
        30 * DAY,
        checks.number(0),
        "Seconds that the row of an ended session is kept, with its address, until `flask myprofile sessions prune`.",
    )
    session_place: str | Callable[[str], str | None] | None = _setting(
        None,
        checks.optional(checks.path_or_callable),
        "Where an address is: a callable(address) -> name or None, or the path of a GeoIP2 city or country database.",
    )
    session_follows_password: bool = _setting(
        True,
        checks.switch,
        "Whatever changes a password, a reset, an administrator or SQL, ends the sessions that began with another one.",
    )
    session_adopt: bool = _setting(
        True, checks.switch, "Keep people signed in who signed in before the extension was installed."
    )
    reauth_max_age: int = _setting(
        1800,
        checks.number(60),
        "Seconds after a sign-in during which what matters is done without asking for the password again.",
    )
    request_loader_signs_in: bool = _setting(
        False,
        checks.switch,
        "Whether who comes by your `request_loader` has just signed in, such as at a proxy, and may do what asks for a "
        "recent sign-in.",
    )
    device_cookie: str | None = _setting(
        None,
        checks.optional(checks.text),
        "Name of the cookie that ties a remember-me cookie to its session. By default `myprofile_device`, and "
        "`myprofile_device_` with `REMEMBER_COOKIE_NAME` where that has a name of its own.",
    )
    store_down: str = _setting(
        "deny", checks.one_of("deny", "allow"), "Where sessions cannot be checked: answer 503, or let people pass."
    )
    personal_fields: tuple[str | tuple[str, Any], ...] | Mapping[str, Any] | None = _setting(
        None,
        checks.optional(checks.fields),
        "User attributes on Personal Information, each by name or as (name, field of WTForms); unset: the conventional "
        "ones that the user model has.",
    )
    personal_readonly: tuple[str, ...] = _setting(
        ("username", "email"), checks.texts, "Fields that are shown and cannot be edited."
    )
    personal_readonly_hint: str | Callable[[], Any] | None = _setting(
        None,
        checks.optional(checks.text_or_callable),
        "What stands under such a field: a text, or a callable() that gives one. Unset: that it cannot be changed "
        "here, and to users of Single Sign-On that their organization manages it.",
    )
    personal_readonly_url: str | None = _setting(
        None, checks.optional(checks.url_or_path), "Where such a field is changed: a URL, or a path, for a link."
    )
    personal_required: tuple[str, ...] = _setting(
        (), checks.texts, "Fields that must not be emptied, besides those whose column must have a value."
    )
    personal_email_intranet: bool | None = _setting(
        None,
        checks.optional(checks.switch),
        "Take email addresses that no other network knows, such as `ana@corp.local`; unset: from who has one already.",
    )
    activity_keep: int | None = _setting(
        90 * DAY,
        checks.optional(checks.number(0)),
        "Seconds for which what has happened to an account is kept, with the address it came from. None or 0: nothing "
        "is kept.",
    )
    activity_kinds: Mapping[str, Any] = _setting(
        {},
        checks.kinds_of_events,
        'The app\'s own kinds of events, such as `{"billing.card_changed": "Payment card changed"}`: the words for '
        "each, or a callable(details) that gives them.",
    )
    languages: tuple[str, ...] | None = _setting(
        None, checks.optional(checks.texts), "Codes of the languages offered; unset: those of the app's translations."
    )
    personal_sso_fields: tuple[str, ...] = _setting(
        (), checks.texts, "Fields that the identity provider owns: users of Single Sign-On see them, and edit none."
    )
    sso_authlib: bool = _setting(True, checks.switch, "Recognise sign-ins that went through an Authlib client.")
    sso_decides: str = _setting(
        "session",
        checks.one_of("session", "account"),
        "Who is a user of Single Sign-On: whose session began so, or whose account has ever been signed in to so.",
    )
    sso_password_url: str | Mapping[str, str] | None = _setting(
        None,
        checks.optional(checks.url_or_urls),
        "Where the organization lets people change their password: a URL, or provider -> URL.",
    )
    sso_step_up: bool = _setting(
        True, checks.switch, "A user of Single Sign-On proves a recent sign-in at the provider, without signing out."
    )
    sso_undated: str = _setting(
        "asked",
        checks.one_of("asked", "always", "never"),
        "Whether a sign-in is recent of which the OpenID provider does not say when it was (`auth_time`): if the app "
        'had it ask (`prompt="login"`), always, or never.',
    )
    sso_backchannel: bool = _setting(True, checks.switch, "Receive OpenID Connect back-channel logout.")
    sso_frontchannel: bool = _setting(
        True, checks.switch, "Receive OpenID Connect front-channel logout, which comes by a frame in the browser."
    )
    sso_backchannel_also: tuple[str, ...] = _setting(
        (),
        checks.subset_of("sessions", "api_token"),
        "What a logout at the provider ends besides the sessions that began there.",
    )
    sso_logout: bool = _setting(
        False,
        checks.switch,
        "Signing out of a session that began at an OpenID provider goes on to the provider's sign-out page.",
    )
    sso_logout_return: str | None = _setting(
        None,
        checks.optional(checks.url_or_path),
        "Where the provider sends the browser then: a URL, or a path of this app. It has to be registered there.",
    )

    @classmethod
    def read(cls, app_config: Mapping[str, Any]) -> Config:
        """The settings in ``app.config``.

        :raises SetupError: names every unknown and every ill-typed ``MYPROFILE_*`` key in one message.
        """
        known = dict(settings())
        given = {key: value for key, value in app_config.items() if key.startswith(PREFIX)}
        problems = [f"{key} is not a setting" for key in given if key not in known]
        for key, value in given.items():
            if key in known and (wanted := known[key].check(value)):
                given_as = "" if known[key].secret else f", not {value!r}"
                problems.append(f"{key} must be {wanted}{given_as}")
        if not problems:
            read = cls(**{key.removeprefix(PREFIX).lower(): _frozen(value) for key, value in given.items()})
            problems = read._clashes()
            if not problems:
                return read
        raise SetupError("Flask-MyProfile: " + "; ".join(sorted(problems)) + ". See docs/configuration.")

    def _clashes(self) -> list[str]:
        if self.password_max_length < self.password_min_length:
            return ["MYPROFILE_PASSWORD_MAX_LENGTH is below MYPROFILE_PASSWORD_MIN_LENGTH"]
        if "content" not in self.base_blocks:
            return ['MYPROFILE_BASE_BLOCKS must name the layout\'s block for "content"']
        return [
            *self.clashes_of_notices(),
            *self.clashes_of_features(),
            *self.clashes_of_avatar(),
            *self.clashes_of_tokens(),
        ]


def settings() -> list[tuple[str, Setting]]:
    """Every setting as (key, what is stated of it), for the documentation."""
    return [(PREFIX + name.upper(), stated) for name, stated in Config.stated()]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
