"""After each form that a person sends, one element has the focus and one status is announced. All forms there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser import looks
from tests.browser.gallery import (
    LONG_AGO,
    MAYA,
    NEWCOMER,
    SAM,
    SAVED,
    SEND,
    Gallery,
    clicked,
    deleted_the_account,
    downloaded_twice,
    erased_another,
    has_a_history,
    has_disowned_a_password,
    put_up_a_picture,
    put_up_no_picture,
    refused_an_address,
    took_a_picture_away,
    typed,
    wanted_an_address,
)
from tests.browser.visitor import Visitor
from tests.support.live import Person

Deed = tuple[str, str, Callable[[Visitor], Any]]
SAID = "[data-mp-focus]"
TOKEN, SESSIONS, FEATURES = "/profile/api-token", "/profile/sessions", "/profile/admin/features"
PERSONAL = "/profile/personal-information"
A_USER, CONFIRM = "/profile/admin/sessions?user=somebody", "/profile/confirm"
DELETE, DOWNLOAD = "/profile/delete-my-account", "/profile/download-my-data"

ONE = clicked("main .mp-list form [type=submit]", SAID)


def name_of(person: Visitor) -> str:
    return person.open("/profile/password").locator("[name=username]").first.input_value()


def elsewhere(person: Visitor) -> str:
    """The same person signs in at another browser."""
    name = name_of(person)
    with Person(person.site) as other:
        other.sign_in(name)
    return name


def generated(person: Visitor) -> None:
    person.open(TOKEN)
    clicked(SEND, SAID)(person)
    person.open(TOKEN)


def in_dialog(person: Visitor, link: str = "") -> None:
    person.page.locator(f"main a[href*='{link}'][data-mp-dialog]" if link else "main a[data-mp-dialog]").first.click()
    clicked("dialog [type=submit]", SAID)(person)


def regenerated(person: Visitor) -> None:
    generated(person)
    in_dialog(person, "/regenerate")


def revoked(person: Visitor) -> None:
    generated(person)
    in_dialog(person, "/revoke")


def revealed(person: Visitor) -> None:
    generated(person)
    clicked("form[action$='/reveal'] [type=submit]", SAID)(person)


def signed_out_elsewhere(person: Visitor) -> None:
    elsewhere(person)
    person.open(SESSIONS)
    clicked("main .mp-list form[action$='/sign-out'] [type=submit]", SAID)(person)


def signed_out_all_others(person: Visitor) -> None:
    elsewhere(person)
    person.open(SESSIONS)
    in_dialog(person, "/sign-out-others")


def renamed(name: str) -> Callable[[Visitor], None]:
    def rename(person: Visitor) -> None:
        person.page.locator("main .mp-more summary").first.click()
        person.page.locator(".mp-rename input[name=name]").first.fill(name)
        clicked(".mp-rename [type=submit]", SAID)(person)

    return rename


def signed_out_unused(person: Visitor) -> None:
    """There are none, which is said as well."""
    person.page.locator("main .mp-rename").first.evaluate(
        "form => { form.action = '/profile/sessions/sign-out-unused' }"
    )
    renamed("")(person)


def revoked_by_administrator(person: Visitor) -> None:
    (name,) = parse_qs(urlsplit(person.page.url).query)["user"]
    with Person(person.site) as user:
        user.sign_in(name)
        user.post_json("/profile/api-token/regenerate", {}, page=TOKEN)
    person.page.reload()
    in_dialog(person, "/revoke-token")


def address_cancelled(person: Visitor) -> None:
    (name,) = parse_qs(urlsplit(person.page.url).query)["user"]
    with Person(person.site) as user:
        user.sign_in(name)
        asked = {"new_email": f"{name}-new@acme.example"}
        user.post("/profile/personal-information/change-email", asked)
    person.page.reload()
    in_dialog(person, "/cancel-email-change")


def erased(name: str | None) -> Callable[[Visitor], None]:
    """With this name, or with the right one."""

    def erase(person: Visitor) -> None:
        shown = person.page.locator("#mp-whose").inner_text()
        person.page.locator("main a[href*='/forget']").click()
        person.page.locator("main [name=name]").fill(name or shown)
        clicked("main form .mp-btn--danger", SAID)(person)

    return erase


def confirmed(then: Callable[[Visitor], None]) -> Callable[[Visitor], None]:
    """Somebody whose sign-in is old wants a token."""

    def confirm(person: Visitor) -> None:
        clicked(SEND, "[form=mp-reauth-cancel]")(person)
        then(person)

    return confirm


def right_password(person: Visitor) -> None:
    name = person.page.locator("[name=username]").first.input_value()
    typed("#token", current_password=f"{name}-demo-password")(person)


def changed_the_password(person: Visitor) -> None:
    new = "seven quiet swans on a lake"
    name = person.page.locator("[name=username]").first.input_value()
    typed(SAID, current_password=f"{name}-demo-password", new_password=new, confirm_password=new)(person)


def left(person: Visitor) -> None:
    person.page.locator(".mp-menu summary").click()
    clicked(".mp-menu__out", ".flash")(person)


def undone(person: Visitor) -> None:
    has_a_history(person)
    in_dialog(person, "/history/undo")


def reset(person: Visitor) -> None:
    person.page.locator("#f-sessions-address").click()
    SAVED(person)
    if person.page.locator("main a[href$='/reset']").count() == 0:  # it was the default that was chosen
        person.page.locator("#f-sessions-address").click()
        SAVED(person)
    in_dialog(person, "/reset")


def after_asking(action: str) -> Callable[[Visitor], None]:
    def press(person: Visitor) -> None:
        wanted_an_address(person)
        clicked(f"form[action$='{action}'] button", SAID)(person)

    return press


def in_a_format_that_nobody_knows(person: Visitor) -> None:
    person.page.locator("main form").first.evaluate("form => { form.enctype = 'text/plain' }")
    clicked(SEND, SAID)(person)


#: By the endpoint that the form goes to.
DEEDS: dict[str, dict[str, Deed]] = {
    "myprofile.personal_information": {
        "saved": (SAM, "/profile/personal-information", SAVED),
        "wrong": (SAM, "/profile/personal-information", typed(first_name="")),
        "of no known format": (SAM, "/profile/personal-information", in_a_format_that_nobody_knows),
    },
    "myprofile.personal_information_change_email": {
        "asked for": (NEWCOMER, PERSONAL, wanted_an_address),
        "wrong": (SAM, PERSONAL, refused_an_address),
    },
    "myprofile.personal_information_avatar": {
        "put up": (NEWCOMER, PERSONAL, put_up_a_picture),
        "wrong": (SAM, PERSONAL, put_up_no_picture),
    },
    "myprofile.personal_information_remove_avatar": {"taken away": (NEWCOMER, PERSONAL, took_a_picture_away)},
    "myprofile.personal_information_resend_email": {"too soon": (NEWCOMER, PERSONAL, after_asking("/resend-email"))},
    "myprofile.personal_information_cancel_email_change": {
        "cancelled": (NEWCOMER, PERSONAL, after_asking("/cancel-email-change"))
    },
    "myprofile.mail_link": {"disowned": (NEWCOMER, "/profile/password", has_disowned_a_password)},
    "myprofile.preferences": {
        "saved": (SAM, "/profile/preferences", SAVED),
        "all cities": (SAM, "/profile/preferences", clicked("[name=zones]", SAID)),
    },
    "myprofile.password": {
        "wrong": (SAM, "/profile/password", typed(new_password="short")),
        "changed": (NEWCOMER, "/profile/password", changed_the_password),
    },
    "myprofile.notifications": {"saved": (SAM, "/profile/notifications", SAVED)},
    "myprofile.api_token_regenerate": {
        "made": (NEWCOMER, TOKEN, clicked(SEND, "#token")),
        "replaced": (NEWCOMER, TOKEN, regenerated),
    },
    "myprofile.api_token_reveal": {"shown": (NEWCOMER, TOKEN, revealed)},
    "myprofile.api_token_revoke": {"revoked": (NEWCOMER, TOKEN, revoked)},
    "myprofile.sessions_sign_out": {"another": (NEWCOMER, SESSIONS, signed_out_elsewhere)},
    "myprofile.sessions_sign_out_others": {"all others": (NEWCOMER, SESSIONS, signed_out_all_others)},
    "myprofile.sessions_sign_out_unused": {"unused": (NEWCOMER, SESSIONS, signed_out_unused)},
    "myprofile.sessions_rename": {
        "renamed": (NEWCOMER, SESSIONS, renamed("At home")),
        "too long": (NEWCOMER, SESSIONS, renamed("x" * 200)),
    },
    "myprofile.confirm": {
        "wrong": (LONG_AGO, TOKEN, confirmed(typed(current_password="wrong"))),
        "right": (LONG_AGO, TOKEN, confirmed(right_password)),
        "nothing": (SAM, CONFIRM, typed(current_password="")),
        "cancelled": (LONG_AGO, TOKEN, confirmed(clicked("[form=mp-reauth-cancel]", SAID))),
    },
    "myprofile.download_my_data_download": {"too soon": (NEWCOMER, DOWNLOAD, downloaded_twice)},
    "myprofile.delete_my_account": {
        "another name": (SAM, DELETE, erased_another),
        "deleted": (NEWCOMER, DELETE, deleted_the_account),
    },
    "myprofile.sign_out": {"left": (NEWCOMER, SESSIONS, left)},
    "myprofile_admin.features": {"saved": (MAYA, FEATURES, SAVED)},
    "myprofile_admin.features_audience": {
        "saved": (MAYA, f"{FEATURES}/audience?feature=sessions.rename", typed(".mp-status", share="50")),
        "wrong": (MAYA, f"{FEATURES}/audience?feature=sessions.rename", typed(share="a lot")),
    },
    "myprofile_admin.features_import": {
        "wrong": (MAYA, f"{FEATURES}/import", typed(document='{"flask_myprofile_features": 1}')),
    },
    "myprofile_admin.features_undo": {"undone": (MAYA, FEATURES, undone)},
    "myprofile_admin.features_reset": {"reset": (MAYA, FEATURES, reset)},
    "myprofile_admin.sessions_sign_out": {"one": (MAYA, A_USER, clicked("main .mp-list form [type=submit]", SAID))},
    "myprofile_admin.sessions_sign_out_all": {"all": (MAYA, A_USER, lambda at: in_dialog(at, "/sign-out-all"))},
    "myprofile_admin.sessions_end_everything": {"all": (MAYA, A_USER, lambda at: in_dialog(at, "/end-everything"))},
    "myprofile_admin.sessions_cancel_email_change": {"cancelled": (MAYA, A_USER, address_cancelled)},
    "myprofile_admin.sessions_forget": {
        "another name": (MAYA, A_USER, erased("Somebody else")),
        "erased": (MAYA, A_USER, erased(None)),
    },
    "myprofile_admin.sessions_revoke_token": {"revoked": (MAYA, A_USER, revoked_by_administrator)},
}


def test_no_form_is_left_out(gallery: Gallery) -> None:
    tabs = gallery.app.extensions["myprofile"].tabs.values()
    nothing_to_save = {f"myprofile.{tab.name}" for tab in tabs if "save" not in tab.actions}
    for_providers = {"myprofile_sso.backchannel_logout"}
    # test_several_tokens.py
    for_several = {f"myprofile.api_token_{action}" for action in ("create", "change", "revoke_all")}
    actions = ("sets", *(f"sets_{action}" for action in ("put_back", "rename", "replace", "delete")))
    sets = {f"myprofile_admin.features_{action}" for action in actions}  # tests/admin/test_feature_sets.py
    # test_feature_preview.py
    preview = {f"myprofile_admin.features_{action}" for action in ("preview", "preview_end")}
    posted = {
        rule.endpoint
        for rule in gallery.app.url_map.iter_rules()
        if rule.endpoint.startswith("myprofile") and "POST" in (rule.methods or ())
    }
    assert posted - nothing_to_save - for_providers - for_several - sets - preview == set(DEEDS)


@pytest.mark.parametrize(("endpoint", "deed"), [(endpoint, deed) for endpoint in DEEDS for deed in DEEDS[endpoint]])
def test_one_element_has_the_focus_and_one_status_is_announced(endpoint: str, deed: str, gallery: Gallery) -> None:
    who, path, do = DEEDS[endpoint][deed]
    person = gallery.person(who)
    if "somebody" in path:
        path = path.replace("somebody", name_of(gallery.person(NEWCOMER)))
    person.open(path)
    do(person)
    assert person.has_sent_a_form()
    at_home = endpoint == "myprofile.sign_out"  # the host's page
    assert looks.announced(person.page) == []
    assert looks.has_focus(person.page) == [] or at_home


def test_a_page_where_nothing_has_the_focus_is_found(gallery: Gallery) -> None:
    page = gallery.person(SAM).open("/profile/preferences")
    assert looks.has_focus(page)
    assert looks.announced(page)
    SAVED(person := gallery.person(SAM))
    assert looks.has_focus(person.page) == []
    person.page.evaluate("document.activeElement.blur()")
    assert looks.has_focus(person.page)
