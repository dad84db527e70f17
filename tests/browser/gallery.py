"""Every page of My Profile in every state that a person can bring it into, in the example app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from flask import Flask
from playwright.sync_api import Browser
from werkzeug.security import generate_password_hash

from example_app.extensions import db
from example_app.models import User
from example_app.settings import DEFAULTS
from flask_myprofile import current_profile
from flask_myprofile.sso import provider
from tests.browser.visitor import Visitor
from tests.support.live import Person
from tests.support.pictures import picture

MAYA, SAM, ALEX, NEWCOMER = "maya", "sam", "alex", "newcomer"
#: Somebody who has signed in two hours ago.
LONG_AGO = "long ago"
#: Maya, at a browser in which she previews the features of Sam.
PREVIEWER = "previewer"
DESK = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
DEVICES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "curl/8.11.1",
)
#: The newcomers' passwords guard nothing.
QUICK_HASH = "pbkdf2:sha256:1"
#: The token's tab on, and a switch that cannot be moved.
SETTINGS = {
    "MYPROFILE_FEATURES": {"api_token": True, "activity": True, "doctor": True},
    "MYPROFILE_FEATURES_PINNED": {"sessions.sign_out": True},
}
#: The same where users may have several tokens.
OF_SEVERAL_TOKENS = {
    **SETTINGS,
    **{name: value for name, value in DEFAULTS.items() if name.startswith("MYPROFILE_API_")},
    "MYPROFILE_API_TOKENS": 3,
}
NOT_ME = ".mp-session__foot > a"
SEND = "main form .mp-btn--primary[type=submit]"


@dataclass(frozen=True)
class State:
    """``several``: in the app where users may have several tokens."""

    who: str
    path: str
    then: Callable[[Visitor], Any] = lambda person: None
    several: bool = False


class Gallery:
    """The app, and the people in it: Maya administers it, Sam is signed in once, Alex came by SSO."""

    def __init__(self, chromium: Browser, app: Flask, site: str, several: Callable[[], Gallery] | None = None) -> None:
        self.chromium, self.app, self.site = chromium, app, site
        self._several, self._others = several, list[Gallery]()
        self._numbers = count(1)
        self._signed_in: dict[str, Any] = {}
        self._visitors: dict[tuple[str, str], Visitor] = {}
        self._guests: list[Visitor] = []
        for device in DEVICES:
            with Person(site) as elsewhere:
                elsewhere.http.headers["User-Agent"] = device
                elsewhere.sign_in(MAYA)
                elsewhere.post("/profile/api-token/regenerate", {}, page="/profile/api-token")

    def person(self, who: str, language: str = "en", **options: Any) -> Visitor:
        """At a browser in that language; without options always the same one. A newcomer is somebody else each time."""
        if options or who in (NEWCOMER, LONG_AGO, PREVIEWER):
            self._guests.append(self._visitor(self._cookies(who), language, options))
            return self._guests[-1]
        if (who, language) not in self._visitors:
            self._visitors[who, language] = self._visitor(self._cookies(who), language, {})
        return self._visitors[who, language]

    def _visitor(self, cookies: Any, language: str, options: dict[str, Any]) -> Visitor:
        return Visitor(self.chromium.new_context(storage_state=cookies, locale=language, **options), self.site)

    def _cookies(self, who: str) -> Any:
        """What a browser has after signing in; all browsers of a person are one session, so no row is added."""
        if who not in self._signed_in:
            if who in (NEWCOMER, LONG_AGO):
                name = self._new_user()
                cookies = self._sign_in(name)
                if who == LONG_AGO:
                    self._age(name)
                return cookies
            cookies = self._sign_in(who)
            self._signed_in[who] = cookies
        return self._signed_in[who]

    def _sign_in(self, name: str) -> Any:
        """Without a browser, whose part of it has tests of its own and takes long."""
        with Person(self.site) as person:
            person.http.headers["User-Agent"] = DESK
            person.sign_in_by_sso() if name == ALEX else person.sign_in(MAYA if name == PREVIEWER else name)
            if name == PREVIEWER:
                person.post("/profile/admin/features/preview", {"user": SAM})
            cookies = [{"name": each.name, "value": each.value, "url": self.site} for each in person.http.cookies]
            return {"cookies": cookies, "origins": []}

    def _age(self, name: str) -> None:
        with self.app.app_context():
            key = db.session.scalars(db.select(User.id).filter_by(username=name)).one()
            rows = db.metadata.tables["myprofile_session"]
            older = db.update(rows).where(rows.c.user_key == str(key)).values(created_at=rows.c.created_at - 7200)
            db.session.execute(older)
            db.session.commit()

    def _new_user(self) -> str:
        name = f"new{next(self._numbers)}"
        with self.app.app_context():
            user = User(username=name, email=f"{name}@acme.example", first_name="New", last_name=name)
            user.password_hash = generate_password_hash(f"{name}-demo-password", QUICK_HASH)
            db.session.add(user)
            db.session.commit()
        return name

    def part_with_guests(self) -> list[str]:
        """Close the browsers of one visit only; what all browsers have had to complain of since the last time.

        That something came from elsewhere is a complaint, too.
        """
        elsewhere = [complaint for other in self._others for complaint in other.part_with_guests()]
        everybody = [*self._visitors.values(), *self._guests]
        complaints = [complaint for visitor in everybody for complaint in visitor.complaints]
        for visitor in everybody:
            complaints += [each.url for each in visitor.requests if not each.url.startswith(f"{self.site}/")]
            visitor.complaints.clear()
            visitor.requests.clear()
        for guest in self._guests:
            guest.context.close()
        self._guests.clear()
        return [*complaints, *elsewhere]

    @property
    def of_several_tokens(self) -> Gallery:
        """Made when it is first asked for."""
        if not self._others:
            assert self._several is not None
            self._others.append(self._several())
            have_tokens(self._others[0].app)
        return self._others[0]

    def close(self) -> None:
        for other in self._others:
            other.close()
        for visitor in self._visitors.values():
            visitor.context.close()


def have_tokens(app: Flask) -> None:
    """Maya has some of each kind, Alex as many as may be, and nobody else any."""
    week = 7 * 86_400
    with app.test_request_context():
        maya, alex = (db.session.scalars(db.select(User).filter_by(username=name)).one() for name in (MAYA, ALEX))
        tokens, networks = current_profile.tokens, "192.0.2.0/24 2001:db8::/32"
        tokens.revoke(maya)
        tokens.make(maya, "Last year’s import", scopes=["figures:read"], lifetime=week)
        rows = db.metadata.tables["myprofile_named_token"]
        older = {name: rows.c[name] - 2 * week for name in ("created_at", "expires_at")}
        db.session.execute(db.update(rows).values(**older))
        db.session.commit()
        tokens.make(maya, "Nightly export", lifetime=week, networks=networks)
        nightly = next(each for each in tokens.list(maya) if each.name == "Nightly export")
        tokens.regenerate(maya, tokens.version(nightly), keep=86_400)
        tokens.make(maya, "CI", scopes=["profile:read", "figures:read"])
        for number in range(3):
            tokens.make(alex, f"Machine {number + 1}")


def typed(wait_for: str = "[data-mp-focus]", **values: str) -> Callable[[Visitor], None]:
    """Fill in and send the form."""

    def send(person: Visitor) -> None:
        for name, text in values.items():
            person.page.locator(f"main [name={name}]").fill(text)
        person.page.locator(SEND).click()
        person.page.locator(wait_for).wait_for()

    return send


def clicked(button: str, wait_for: str) -> Callable[[Visitor], None]:
    def click(person: Visitor) -> None:
        person.page.locator(button).first.click()
        person.page.locator(wait_for).first.wait_for()

    return click


def chose_what_is_not_offered(person: Visitor) -> None:
    person.page.locator("main select").first.evaluate(
        "(list) => { list.add(new Option('tlh', 'tlh')); list.value = 'tlh' }"
    )
    person.page.locator(SEND).click()
    person.page.locator(".mp-summary").wait_for()


def changed_the_password(person: Visitor) -> None:
    name = person.page.locator("[name=username]").first.input_value()
    new = "seven quiet swans on a lake"
    typed(".mp-status", current_password=f"{name}-demo-password", new_password=new, confirm_password=new)(person)


def signed_out_elsewhere(person: Visitor) -> None:
    person.open("/profile/password")
    name = person.page.locator("[name=username]").first.input_value()
    with Person(person.site) as elsewhere:
        elsewhere.sign_in(name)
        elsewhere.post("/profile/sessions/sign-out-others", {})
    person.open("/profile/sessions")
    person.page.locator(".flash").first.wait_for()


def named_too_long(person: Visitor) -> None:
    person.page.locator(".mp-more summary").first.click()
    person.page.locator(".mp-rename input[name=name]").first.fill("x" * 200)
    person.page.locator(".mp-rename [type=submit]").first.click()
    person.page.locator(".mp-summary").wait_for()


def skipped_a_step(person: Visitor) -> None:
    clicked(NOT_ME, ".mp-steps")(person)
    clicked("[aria-current=step] .mp-actions > a", ".mp-steps .mp-badge")(person)


def moved_a_switch(person: Visitor) -> None:
    """To the other side, whichever that is; who did it is said beside it from then on."""
    person.page.locator("#f-sessions-address").click()
    SAVED(person)


def has_a_history(person: Visitor) -> None:
    moved_a_switch(person)
    person.open("/profile/admin/features/history")
    person.page.locator("a[href*='/history/undo']").first.wait_for()


def has_a_set(person: Visitor) -> None:
    """One for all visits: there may be no more than fifty."""
    person.open("/profile/admin/features/sets")
    if not person.page.locator("a[href*='/sets/put-back']").count():
        typed(".mp-list", name="Before the launch of the new sign-in page")(person)


def asked_before_putting_back(person: Visitor) -> None:
    has_a_set(person)
    person.page.locator("a[href*='/sets/put-back']").first.click()
    person.page.wait_for_load_state()
    if not person.page.locator("[data-mp-confirm]").count():  # nothing would change
        person.open("/profile/admin/features")
        moved_a_switch(person)
        has_a_set(person)
        person.page.locator("a[href*='/sets/put-back']").first.click()
    person.page.locator("[data-mp-confirm]").wait_for()


def put_a_set_back(person: Visitor) -> None:
    asked_before_putting_back(person)
    clicked("[data-mp-confirm] [type=submit]", ".mp-status")(person)
    person.open("/profile/admin/features/history")


def renamed_a_set_to_nothing(person: Visitor) -> None:
    has_a_set(person)
    person.page.locator("a[href*='/sets/rename']").first.click()
    typed(".mp-summary", name="")(person)


def asked_before_replacing(person: Visitor) -> None:
    has_a_set(person)
    name = person.page.locator(".mp-list .mp-h3").first.inner_text()
    typed("[data-mp-confirm]", name=name.upper())(person)


def the_provider_says_no_time(person: Visitor) -> None:
    """For this visit: what is known of a provider is of the process, which other visits are of as well."""
    known = list(provider._known.values())
    for each in known:
        each.undated = True
    person.page.reload()
    person.page.locator("[form=mp-reauth-sign-out]").wait_for()
    for each in known:
        each.undated = False


def wanted_an_address(person: Visitor) -> str:
    address = f"address{next(_titles)}@acme.example"
    person.page.locator("[name=new_email]").fill(address)
    person.page.locator("form[action$='/change-email'] button").click()
    person.page.locator(".mp-status").wait_for()
    return address


def refused_an_address(person: Visitor) -> None:
    person.page.locator("[name=new_email]").fill("nobody")
    person.page.locator("form[action$='/change-email'] button").click()
    person.page.locator(".mp-summary").wait_for()


def chose_a_picture(person: Visitor) -> None:
    file: Any = {"name": "me.png", "mimeType": "image/png", "buffer": picture(size=(300, 200))}
    person.page.locator("main [name=avatar]").set_input_files(file)
    person.page.locator("canvas:visible").wait_for()


def put_up_a_picture(person: Visitor) -> None:
    chose_a_picture(person)
    clicked("form[action$='/avatar'] [type=submit]", ".mp-status")(person)


def took_a_picture_away(person: Visitor) -> None:
    put_up_a_picture(person)
    clicked("[form=mp-remove-picture]", ".mp-status:has-text('removed')")(person)


def put_up_no_picture(person: Visitor) -> None:
    file: Any = {"name": "me.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}
    person.page.locator("main [name=avatar]").set_input_files(file)
    clicked("form[action$='/avatar'] [type=submit]", ".mp-summary")(person)


def confirms_an_address(person: Visitor) -> None:
    person.open_mail(wanted_an_address(person))


def disowns_a_password(person: Visitor) -> None:
    name = person.page.locator("[name=username]").first.input_value()
    changed_the_password(person)
    person.open_mail(f"{name}@acme.example")


def has_disowned_a_password(person: Visitor) -> None:
    disowns_a_password(person)
    clicked("form[action$='/mail-link'] button", "#mp-link-title[tabindex]")(person)


def switched_off_meanwhile(person: Visitor) -> None:
    with Person(person.site) as administrator:
        administrator.sign_in(MAYA)
        for state in ("off", "on"):
            administrator.post("/profile/admin/features", {"personal_information": state})
            if state == "off":
                typed("#mp-error-title", first_name="Samuel")(person)


def saved_something(person: Visitor) -> None:
    typed(".mp-status", title=f"Analyst {next(_titles)}")(person)


def moved_all_switches(person: Visitor) -> None:
    for switch in person.page.locator("main [role=switch]:enabled").all():
        switch.evaluate("(box) => box.click()")
    person.page.locator(".mp-effect:visible").first.wait_for()


def asked_before_saving(person: Visitor) -> None:
    for name in ("api_token", "api_token-copy"):
        person.page.locator(f"#f-{name}").click()
    person.page.locator(SEND).click()
    person.page.locator("[name=_back]").wait_for()


def overtaken(person: Visitor) -> None:
    with Person(person.site) as elsewhere:
        elsewhere.sign_in(MAYA)
        is_on = person.page.locator("#f-sessions-address").is_checked()
        elsewhere.post("/profile/admin/features", {"sessions.address": "off" if is_on else "on"})
    person.page.locator("#f-password").click()
    person.page.locator(SEND).click()
    person.page.locator(".mp-summary").wait_for()


def erased_another(person: Visitor) -> None:
    person.page.locator("main [name=name]").fill("Somebody else")
    person.page.locator("main form .mp-btn--danger").click()
    person.page.locator(".mp-summary").wait_for()


def downloaded_twice(person: Visitor) -> None:
    button = person.page.locator("form[action$='/download'] button")
    with person.page.expect_download():
        button.click()
    person.page.reload()
    button.click()
    person.page.locator(".mp-summary").wait_for()


def deleted_the_account(person: Visitor) -> None:
    """The name stands at the top of the page, in every language."""
    delete_as(person.page.locator(".mp-who bdi").inner_text(), ".mp-status")(person)


def delete_as(name: str, wait_for: str) -> Callable[[Visitor], None]:
    def send(person: Visitor) -> None:
        person.page.locator("main [name=name]").fill(name)
        person.page.locator("main form .mp-btn--danger").click()
        person.page.locator(wait_for).wait_for()

    return send


def is_the_only_one(person: Visitor) -> None:
    delete_as("Maya Okafor", ".mp-summary")(person)


def looked_up_who_waits(person: Visitor) -> None:
    with Person(person.site) as other:
        other.sign_in(SAM)
        other.post("/profile/personal-information/change-email", {"new_email": f"sam{next(_titles)}@acme.example"})
    person.open("/profile/admin/sessions?user=sam")
    person.page.locator("a[href*=cancel-email-change]").wait_for()


def made_a_token(person: Visitor) -> None:
    person.page.locator("main [name=access]").last.check()
    typed("#token", name="CI")(person)


def saw_a_token_once(person: Visitor) -> None:
    with Person(person.site) as administrator:
        administrator.sign_in(MAYA)
        administrator.post("/profile/admin/features", {"api_token.copy": "off"})
        person.page.reload()
        made_a_token(person)
        administrator.post("/profile/admin/features", {"api_token.copy": "on"})


def changes_a_token(person: Visitor) -> None:
    clicked("main a[href*='/change?id=']", "#mp-confirm-title")(person)


def changed_a_token_wrong(person: Visitor) -> None:
    changes_a_token(person)
    typed(".mp-summary", name="")(person)


def replaced_an_expired_one(person: Visitor) -> None:
    """Which has no room."""
    with Person(person.site) as elsewhere:
        elsewhere.sign_in(MAYA)
        elsewhere.post("/profile/api-token/create", {"name": "One more", "access": "everything", "lifetime": "never"})
    person.page.reload()
    clicked("main li:has(.mp-badge--danger) a[href*='regenerate']", "dialog[open]")(person)
    person.page.locator("dialog .mp-btn--danger").click()
    person.page.locator(".mp-summary").wait_for()


_titles = count(1)
OPEN_DIALOG = clicked("main [data-mp-dialog]", "dialog[open]")
SAVED = typed(".mp-status")
WITHOUT_A_NAME = typed(first_name="", last_name="")
STATES = {
    "menu open": State(MAYA, "/dashboard", clicked(".mp-menu summary", ".mp-menu__panel")),
    "personal information": State(SAM, "/profile/personal-information"),
    "personal information to be corrected": State(SAM, "/profile/personal-information", WITHOUT_A_NAME),
    "personal information saved": State(SAM, "/profile/personal-information", saved_something),
    "personal information as it was": State(SAM, "/profile/personal-information", SAVED),
    "personal information switched off": State(SAM, "/profile/personal-information", switched_off_meanwhile),
    "a picture that was chosen": State(NEWCOMER, "/profile/personal-information", chose_a_picture),
    "a picture put up": State(NEWCOMER, "/profile/personal-information", put_up_a_picture),
    "a picture to be corrected": State(SAM, "/profile/personal-information", put_up_no_picture),
    "an address that waits": State(NEWCOMER, "/profile/personal-information", wanted_an_address),
    "an address to be corrected": State(SAM, "/profile/personal-information", refused_an_address),
    "an address to confirm": State(NEWCOMER, "/profile/personal-information", confirms_an_address),
    "this wasn't me by mail": State(NEWCOMER, "/profile/password", disowns_a_password),
    "this wasn't me by mail, done": State(NEWCOMER, "/profile/password", has_disowned_a_password),
    "a link that was used": State(SAM, "/profile/mail-link?token=none"),
    "personal information by SSO": State(ALEX, "/profile/personal-information"),
    "preferences": State(SAM, "/profile/preferences"),
    "preferences to be corrected": State(SAM, "/profile/preferences", chose_what_is_not_offered),
    "preferences saved": State(SAM, "/profile/preferences", SAVED),
    "password": State(SAM, "/profile/password"),
    "password to be corrected": State(SAM, "/profile/password", typed(new_password="short")),
    "password changed": State(NEWCOMER, "/profile/password", changed_the_password),
    "password by SSO": State(ALEX, "/profile/password"),
    "no token": State(SAM, "/profile/api-token"),
    "token": State(MAYA, "/profile/api-token"),
    "token shown": State(NEWCOMER, "/profile/api-token", clicked(SEND, "#token")),
    "token dialog": State(MAYA, "/profile/api-token", OPEN_DIALOG),
    "token question": State(MAYA, "/profile/api-token/regenerate"),
    "several tokens, none yet": State(SAM, "/profile/api-token", several=True),
    "several tokens": State(MAYA, "/profile/api-token", several=True),
    "a token's details": State(MAYA, "/profile/api-token", clicked(".mp-more summary", ".mp-more[open]"), several=True),
    "as many tokens as may be": State(ALEX, "/profile/api-token", several=True),
    "a token to make, to be corrected": State(SAM, "/profile/api-token", typed(".mp-summary", name=""), several=True),
    "a token of several made": State(NEWCOMER, "/profile/api-token", made_a_token, several=True),
    "a token of several shown once": State(NEWCOMER, "/profile/api-token", saw_a_token_once, several=True),
    "a token of several shown again": State(
        MAYA, "/profile/api-token", clicked("form[action$='/reveal'] [type=submit]", "#token"), several=True
    ),
    "a token to change": State(MAYA, "/profile/api-token", changes_a_token, several=True),
    "a token to change, to be corrected": State(MAYA, "/profile/api-token", changed_a_token_wrong, several=True),
    "a token of several to regenerate": State(
        MAYA, "/profile/api-token", clicked("main a[href*='regenerate?id=']", "dialog[open]"), several=True
    ),
    "all tokens to revoke": State(MAYA, "/profile/api-token/revoke-all", several=True),
    "no room for an expired token": State(MAYA, "/profile/api-token", replaced_an_expired_one, several=True),
    "a user's several tokens": State(MAYA, "/profile/admin/sessions?user=maya", several=True),
    "sessions": State(MAYA, "/profile/sessions"),
    "one session": State(SAM, "/profile/sessions"),
    "a session's details": State(MAYA, "/profile/sessions", clicked(".mp-more summary", ".mp-more[open]")),
    "name to be corrected": State(MAYA, "/profile/sessions", named_too_long),
    "sessions dialog": State(MAYA, "/profile/sessions", OPEN_DIALOG),
    "sessions question": State(MAYA, "/profile/sessions/sign-out-others"),
    "this wasn't me": State(MAYA, "/profile/sessions", clicked(NOT_ME, ".mp-steps")),
    "a step of it skipped": State(MAYA, "/profile/sessions", skipped_a_step),
    "its password": State(SAM, f"/profile/password?not_me={'0' * 24}"),
    "sessions by SSO": State(ALEX, "/profile/sessions"),
    "activity": State(MAYA, "/profile/activity"),
    "activity of one topic": State(SAM, "/profile/activity?topic=session"),
    "activity, nothing of a topic": State(SAM, "/profile/activity?topic=token"),
    "older activity": State(MAYA, f"/profile/activity?before={'f' * 32}"),
    "activity by SSO": State(ALEX, "/profile/activity"),
    "not my event": State(MAYA, "/profile/activity", clicked(NOT_ME, ".mp-steps")),
    "notifications": State(SAM, "/profile/notifications"),
    "notifications saved": State(SAM, "/profile/notifications", SAVED),
    "download my data": State(SAM, "/profile/download-my-data"),
    "downloaded a moment ago": State(NEWCOMER, "/profile/download-my-data", downloaded_twice),
    "delete my account": State(SAM, "/profile/delete-my-account"),
    "delete my account, by the only administrator": State(MAYA, "/profile/delete-my-account", is_the_only_one),
    "delete my account to be corrected": State(SAM, "/profile/delete-my-account", erased_another),
    "account deleted": State(NEWCOMER, "/profile/delete-my-account", deleted_the_account),
    "who is there": State(SAM, "/profile/confirm"),
    "who is there for a form": State(LONG_AGO, "/profile/api-token", clicked(SEND, "[form=mp-reauth-cancel]")),
    "who is there to be corrected": State(SAM, "/profile/confirm", typed(current_password="")),
    "who is there by SSO": State(ALEX, "/profile/confirm"),
    "who is there where the provider says no time": State(ALEX, "/profile/confirm", the_provider_says_no_time),
    "features": State(MAYA, "/profile/admin/features"),
    "not for you": State(SAM, "/profile/admin/features"),
    "features with a tab off": State(MAYA, "/profile/admin/features", clicked("#f-password", ".mp-off:visible")),
    "features saved": State(MAYA, "/profile/admin/features", SAVED),
    "features changed": State(MAYA, "/profile/admin/features", moved_a_switch),
    "features moved": State(MAYA, "/profile/admin/features", moved_all_switches),
    "features question": State(MAYA, "/profile/admin/features", asked_before_saving),
    "features changed meanwhile": State(MAYA, "/profile/admin/features", overtaken),
    "whom a feature is on for": State(MAYA, "/profile/admin/features/audience?feature=sessions"),
    "whom a feature is on for, to be corrected": State(
        MAYA, "/profile/admin/features/audience?feature=preferences.theme", typed(share="a lot")
    ),
    "features of a user": State(MAYA, "/profile/admin/features/preview?user=sam"),
    "a tab in a preview": State(PREVIEWER, "/profile/personal-information"),
    "a tab in a preview, refused": State(PREVIEWER, "/profile/preferences", clicked(SEND, "#mp-error-title")),
    "menu in a preview": State(PREVIEWER, "/dashboard", clicked(".mp-menu summary", ".mp-menu__panel")),
    "features in a preview": State(PREVIEWER, "/profile/admin/features"),
    "a user's sessions in a preview": State(PREVIEWER, "/profile/admin/sessions?user=sam"),
    "preview ended": State(PREVIEWER, "/profile/activity", clicked(".mp-preview button", ".mp-status")),
    "export and import of features": State(MAYA, "/profile/admin/features/import"),
    "features to import, to be corrected": State(
        MAYA, "/profile/admin/features/import", typed(document='{"flask_myprofile_features": 1}')
    ),
    "sets of features": State(MAYA, "/profile/admin/features/sets", has_a_set),
    "sets of features, to be corrected": State(MAYA, "/profile/admin/features/sets", typed(name="")),
    "set of features to put back": State(MAYA, "/profile/admin/features/sets", asked_before_putting_back),
    "set of features to replace": State(MAYA, "/profile/admin/features/sets", asked_before_replacing),
    "set of features to rename, to be corrected": State(MAYA, "/profile/admin/features/sets", renamed_a_set_to_nothing),
    "set of features in the history": State(MAYA, "/profile/admin/features/sets", put_a_set_back),
    "history of features": State(MAYA, "/profile/admin/features", has_a_history),
    "doctor": State(MAYA, "/profile/admin/doctor"),
    "find a user": State(MAYA, "/profile/admin/sessions"),
    "no such user": State(MAYA, "/profile/admin/sessions?user=nobody"),
    "found users": State(MAYA, "/profile/admin/sessions?find=e"),
    "a user's sessions": State(MAYA, "/profile/admin/sessions?user=sam"),
    "a user's sessions and token": State(MAYA, "/profile/admin/sessions?user=maya"),
    "a user's token question": State(MAYA, "/profile/admin/sessions/revoke-token?user=maya"),
    "a user's everything question": State(MAYA, "/profile/admin/sessions/end-everything?user=maya"),
    "a user's activity": State(MAYA, "/profile/admin/sessions/activity?user=maya"),
    "older activity of a user": State(MAYA, f"/profile/admin/sessions/activity?user=maya&before={'f' * 24}"),
    "a user to erase": State(MAYA, "/profile/admin/sessions/forget?user=sam"),
    "a user to erase, another name typed": State(MAYA, "/profile/admin/sessions/forget?user=sam", erased_another),
    "a user's address that waits": State(MAYA, "/profile/admin/sessions", looked_up_who_waits),
    "a user's sessions question": State(MAYA, "/profile/admin/sessions/sign-out-all?user=sam"),
    "signed out of this session": State(NEWCOMER, "/dashboard", signed_out_elsewhere),
}


def shown(gallery: Gallery, name: str, language: str = "en", **options: Any) -> Visitor:
    """Somebody who has this state of a page before them."""
    state = STATES[name]
    if state.several:
        gallery = gallery.of_several_tokens
    person = gallery.person(state.who, language, **options)
    person.open(state.path)
    state.then(person)
    return person
