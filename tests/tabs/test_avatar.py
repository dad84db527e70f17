"""The profile picture: put up, shown, taken away, and whose it is."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import LargeBinary, String, event
from sqlalchemy.orm import mapped_column

from flask_myprofile import SetupError, current_profile, record_sso
from tests.support.host import JSON, Host, signed_in, user_class
from tests.support.kept import in_each_database
from tests.support.pictures import (
    BLUE,
    GREEN,
    PICTURE,
    RED,
    REMOVE,
    SAVE,
    is_near,
    picture,
    read,
    upload,
    upload_json,
    with_columns,
    with_pictures,
)

TAB = "/profile/personal-information"
SETTINGS = {"MYPROFILE_AVATAR": "avatar"}


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return new_host(model=with_pictures, **SETTINGS)


def shown(html: str) -> str | None:
    """The address of the picture in the menu."""
    found = re.search(r'<summary.*?<img src="([^"]+)"', html, re.S)
    return found[1].replace("&amp;", "&") if found else None


def stored(host: Host, name: str = "alice") -> Any:
    users, session = host.User, host.db.session
    with host.app.app_context():
        return tuple(session.execute(host.db.select(users.avatar, users.avatar_version).filter_by(username=name)).one())


# ---- put up, shown, taken away


@pytest.mark.parametrize("kept_in", ["sqlite", "postgres", "mariadb"], indirect=True)
def test_a_picture_is_put_up_replaced_and_taken_away(host: Host) -> None:
    alice = signed_in(host)
    assert shown(alice.get("/menu").text) is None
    answer = upload(alice, picture(colour=RED))
    assert (answer.status_code, answer.location) == (303, TAB)
    page = alice.get(TAB).text
    assert "Your picture has been saved." in page
    first = shown(alice.get("/menu").text)
    assert first and first in page
    seen = read(alice.get(first).data)
    assert (seen.format, seen.size, seen.mode) == ("JPEG", (256, 256), "RGB")
    assert is_near(seen.getpixel((128, 128)), RED)
    upload(alice, picture(colour=BLUE))
    second = shown(alice.get("/menu").text)
    assert second and second != first, "the browser has the one before under another address"
    assert is_near(read(alice.get(second).data).getpixel((1, 1)), BLUE)
    assert alice.post(REMOVE).status_code == 303
    assert "Your picture has been removed." in alice.get(TAB).text
    assert shown(alice.get("/menu").text) is None
    assert alice.get(second).status_code == 404
    assert stored(host) == (None, None)
    assert alice.post(REMOVE).status_code == 303, "to take it away twice is no mistake"


@pytest.mark.parametrize("kept_in", ["sqlite", "mariadb"], indirect=True)
def test_the_noisiest_picture_fits_into_a_blob(host: Host) -> None:
    """Which holds 65,535 bytes in MariaDB."""
    from PIL import Image

    from tests.support.pictures import written

    alice, noise = signed_in(host), Image.effect_noise((256, 256), 255)
    coloured = Image.merge("RGB", [Image.effect_noise((256, 256), 255) for _ in "rgb"])
    for each in (noise, coloured):
        assert upload(alice, written(each)).status_code == 303
        assert len(alice.get(PICTURE).data) <= 65_535


@pytest.mark.parametrize(
    ("error", "said"), [(ValueError("Only in grey"), "Only in grey"), (KeyError("RGB"), "This value is not accepted.")]
)
def test_a_picture_that_the_model_refuses_is_said_at_its_field(
    error: Exception, said: str, new_host: Callable[..., Host]
) -> None:
    def picky(db: Any) -> Any:
        made = with_pictures(db)

        @event.listens_for(made.avatar, "set")
        def refuse(*given: Any) -> None:
            raise error

        return made

    host = new_host(model=picky, **SETTINGS)
    alice = signed_in(host)
    page, problem = upload(alice, picture()), upload_json(alice, picture())
    assert page.status_code == problem.status_code == 422
    assert said in page.text and problem.json["errors"] == {"avatar": [said]}
    assert stored(host) == (None, None)


def test_programs_do_the_same(host: Host) -> None:
    alice = signed_in(host)
    assert alice.json(TAB).json["avatar"] is None
    answer = upload_json(alice, picture())
    assert answer.status_code == 200
    assert answer.json["message"] == "Your picture has been saved."
    assert alice.get(answer.json["avatar"]).mimetype == "image/jpeg"
    assert alice.json(TAB).json["avatar"] == answer.json["avatar"]
    removed = alice.post_json(REMOVE)
    assert removed.json == {"avatar": None, "message": "Your picture has been removed."}
    assert alice.json(TAB).json["avatar"] is None


def test_the_etag_of_personal_information_is_that_of_its_fields(host: Host) -> None:
    alice = signed_in(host)
    before = alice.json(TAB).headers["ETag"]
    upload(alice, picture())
    assert alice.json(TAB).headers["ETag"] == before, "whoever edits a name loses nothing to a new picture"


def test_what_happened_is_in_the_activity_by_name_alone(host: Host) -> None:
    alice = signed_in(host)
    upload(alice, picture(), name="holiday-in-rome.png")
    upload(alice, picture(), name="the same again.png")
    alice.post(REMOVE)
    alice.post(REMOVE)
    events = [
        each for each in alice.json("/profile/activity").json["events"] if each["kind"] == "profile.fields_changed"
    ]
    assert [each["details"] for each in events] == [{"fields": ["avatar"]}] * 2, "and not where nothing changed"
    page = alice.get("/profile/activity").text
    assert "Profile picture" in page
    assert "holiday" not in page


def test_a_file_that_was_not_chosen_is_asked_for(host: Host) -> None:
    alice = signed_in(host)
    for answer in (upload(alice, b"", name=""), upload(alice, b"", name="")):
        assert answer.status_code == 422
        assert "Choose a picture" in answer.text
    for sent in ({"avatar": "text"}, {}):
        assert alice.post(SAVE, sent).status_code == 422
        assert alice.post_json(SAVE, sent).status_code == 422
    assert stored(host) == (None, None)


def test_a_refused_picture_changes_nothing(host: Host) -> None:
    alice = signed_in(host)
    upload(alice, picture(colour=GREEN))
    before = stored(host)
    answer = upload(alice, b"<svg xmlns='http://www.w3.org/2000/svg'/>", name="me.svg", kind="image/svg+xml")
    assert answer.status_code == 422
    assert "This is no picture that can be used. Choose a JPEG, PNG, WebP or GIF." in answer.text
    refused = upload_json(alice, b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    assert refused.status_code == 422
    assert refused.json["errors"]["avatar"] == ["A HEIC picture cannot be used. Choose a JPEG, PNG, WebP or GIF."]
    assert stored(host) == before


def test_the_page_keeps_the_picture_beside_what_is_wrong(host: Host) -> None:
    alice = signed_in(host)
    upload(alice, picture())
    page = upload(alice, b"nothing").text
    assert shown(page) and 'value="Alice"' in page


# ---- too much of it


def test_more_bytes_than_allowed_are_refused_in_words(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_pictures, **SETTINGS, MYPROFILE_AVATAR_MAX_BYTES=20_000)
    alice = signed_in(host)
    answer = upload(alice, picture() + bytes(30_000))
    assert answer.status_code == 413
    assert "This picture has more than 0.02 MB. Choose a smaller one." in answer.text
    for content in (bytes(200_000), bytes(400_000)):
        page, program = upload(alice, content), upload_json(alice, content)
        assert (page.status_code, program.status_code) == (413, 413)
        assert "This file is too large." in page.text and 'value="Alice"' in page.text
        assert program.json["code"] == "request_entity_too_large"
    assert upload(alice, picture() + bytes(19_000)).status_code == 303
    assert alice.post(TAB, {"first_name": "x" * 70_000}).status_code == 413, "other forms are no larger than they were"


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_what_no_file_comes_in_is_no_larger_than_elsewhere(kind: str, host: Host) -> None:
    alice = signed_in(host)
    headers = {**JSON, "X-CSRFToken": alice.csrf()}
    for length, status in ((60_000, 422), (70_000, 413)):
        body = f'{{"avatar": "{"x" * length}"}}' if kind == "application/json" else "a=&" * (length // 3)
        assert alice.client.post(SAVE, data=body, content_type=kind, headers=headers).status_code == status


def test_nothing_of_what_is_too_large_is_read_into_memory(host: Host) -> None:
    """A body of 90 MB, made as it is read."""

    class Endless:
        most = taken = 0

        def read(self, size: int = -1) -> bytes:
            assert size > 0, "all of it at once"
            self.most, self.taken = max(self.most, size), self.taken + size
            return bytes(size)

    alice, body = signed_in(host), Endless()
    answer = alice.client.post(
        SAVE,
        headers={**JSON, "X-CSRFToken": alice.csrf()},
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "90000000"},
    )
    assert answer.status_code == 413
    assert body.taken == 90_000_000, "or the browser says that the connection was broken"
    assert body.most <= 65_536
    far = Endless()
    endless = {"wsgi.input": far, "CONTENT_LENGTH": str(10**12)}
    answer = alice.client.post(SAVE, content_type="multipart/form-data; boundary=x", environ_overrides=endless)
    assert (answer.status_code, far.taken) == (413, 0), "and not for ever"


def test_more_pixels_than_allowed_are_refused_before_they_are_there(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_pictures, **SETTINGS, MYPROFILE_AVATAR_MAX_PIXELS=1_000_000)
    alice = signed_in(host)
    answer = upload(alice, picture(size=(1001, 1000)))
    assert answer.status_code == 422
    assert "This picture has more than 1 million pixels. Choose a smaller one." in answer.text
    assert upload(alice, picture(size=(1000, 1000))).status_code == 303


# ---- who sees it


def test_a_picture_is_its_owners_and_the_administrators(host: Host) -> None:
    alice, bob, admin = signed_in(host), signed_in(host, "bob"), signed_in(host, "admin")
    upload(alice, picture())
    assert bob.get(PICTURE).status_code == 404, "there is none of his"
    assert bob.get(PICTURE + "?user=1").status_code == 403
    assert bob.get(PICTURE + "?user=999").status_code == 403, "which does not say who there is"
    assert bob.get(PICTURE + "?user=2").status_code == 404, "his own"
    assert admin.get(PICTURE + "?user=1").data == alice.get(PICTURE).data
    assert admin.get(PICTURE + "?user=999").status_code == 404
    page = admin.get("/profile/admin/sessions?user=alice").text
    assert f'<img src="{PICTURE}?user=1&amp;v=' in page
    assert PICTURE not in admin.get("/profile/admin/sessions?user=bob").text
    visitor = host.browser()
    assert visitor.get(PICTURE).status_code == 401, "an image leads nobody to the sign-in page"
    assert visitor.json(PICTURE).status_code == 401
    assert "_flashes" not in visitor.client.get("/csrf").text


@in_each_database
@pytest.mark.parametrize("key", ["9" * 40, "9" * 5_000, "%00", "alice", "-1"])
def test_a_key_that_nobody_can_have_is_404(key: str, new_host: Callable[..., Host]) -> None:
    admin = signed_in(new_host(model=with_pictures, **SETTINGS), "admin")
    assert admin.get(f"{PICTURE}?user={key}").status_code == 404


def test_an_api_token_does_not_get_it(host: Host) -> None:
    alice = signed_in(host)
    upload(alice, picture())
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    program = host.browser().client
    answer = program.get(PICTURE, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_what_is_served_is_a_picture_and_nothing_else(host: Host) -> None:
    alice = signed_in(host)
    upload(alice, picture("GIF"), name="../../etc/<script>.html", kind="text/html")
    headers = alice.get(PICTURE).headers
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"] == 'inline; filename="picture"'
    assert headers["Cross-Origin-Resource-Policy"] == "same-site"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script>", b"<svg onload='alert(1)'/>", b"%PDF-1.7", b""])
def test_what_the_host_had_in_its_column_is_served_only_if_it_is_a_picture(content: bytes, host: Host) -> None:
    host.change("alice", avatar=content, avatar_version="1")
    assert signed_in(host).get(PICTURE).status_code == 404


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "JPEG"])
def test_a_picture_that_the_host_had_before_is_served_as_what_it_is(kind: str, host: Host) -> None:
    host.change("alice", avatar=picture(kind), avatar_version="1")
    assert signed_in(host).get(PICTURE).content_type == f"image/{kind.lower()}"


def test_only_this_sessions_browser_may_keep_it_and_asks_again_for_the_same(host: Host) -> None:
    alice = signed_in(host)
    upload(alice, picture())
    first = alice.get(PICTURE)
    assert sorted(first.headers["Cache-Control"].split(", ")) == ["max-age=300", "private"]
    assert {"Cookie", "Accept"} <= set(first.vary)
    statements = host.count_statements()
    again = alice.get(PICTURE, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert not any(re.search(r"avatar(?!_version)", each.split("FROM")[0]) for each in statements)
    for refused in (host.browser().get(PICTURE), signed_in(host, "bob").get(PICTURE)):
        assert refused.headers["Cache-Control"] == "no-store"
    upload(alice, picture(colour=BLUE))
    assert alice.get(PICTURE, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


# ---- what it costs


def test_a_page_knows_of_the_picture_without_loading_it_or_asking_once_more(
    new_host: Callable[..., Host], host: Host
) -> None:
    without = new_host()
    browsers = [signed_in(without), signed_in(host), signed_in(host, "bob")]
    upload(browsers[1], picture())
    counts = []
    for each, of in zip(browsers, (without, host, host), strict=True):
        each.get("/menu")
        statements = of.count_statements()
        each.get("/menu")
        assert not any(re.search(r"avatar(?!_version)", one.split("FROM")[0]) for one in statements)
        counts.append(len(statements))
    assert len(set(counts)) == 1, counts


# ---- switched off, or somebody else's to say


def test_it_can_be_switched_off(new_host: Callable[..., Host], host: Host) -> None:
    alice, admin = signed_in(host), signed_in(host, "admin")
    upload(alice, picture())
    assert "Profile picture" in admin.get("/profile/admin/features").text
    admin.post("/profile/admin/features", {"personal_information.avatar": "off"})
    assert shown(alice.get("/menu").text) is None
    assert "Profile picture" not in alice.get(TAB).text
    assert "avatar" not in alice.json(TAB).json
    for url in (PICTURE, SAVE, REMOVE):
        assert alice.get(url).status_code == 404
    assert upload(alice, picture()).status_code == 404
    assert upload_json(alice, picture()).status_code == 404
    assert alice.post_json(REMOVE).status_code == 404
    admin.post("/profile/admin/features", {"personal_information.avatar": "on"})
    assert shown(alice.get("/menu").text), "nothing was lost"


def test_without_the_setting_there_is_nothing_of_it(new_host: Callable[..., Host]) -> None:
    host = new_host()
    alice, admin = signed_in(host), signed_in(host, "admin")
    assert "picture" not in alice.get(TAB).text.lower()
    assert "avatar" not in alice.json(TAB).json
    assert "Profile picture" not in admin.get("/profile/admin/features").text
    assert alice.get(PICTURE).status_code == 404
    assert upload(alice, picture()).status_code == 404
    assert alice.post(REMOVE).status_code == 404


def test_the_provider_of_single_sign_on_may_own_it(new_host: Callable[..., Host]) -> None:
    def sign_in_by_sso(host: Host) -> None:
        @host.app.get("/sso")
        def sso() -> str:
            import flask_login

            record_sso("okta")
            flask_login.login_user(host.db.session.get(host.User, 1))
            return ""

    host = new_host(model=with_pictures, after=sign_in_by_sso, **SETTINGS, MYPROFILE_PERSONAL_SSO_FIELDS=("avatar",))
    alice, bob = host.browser(), signed_in(host, "bob")
    alice.get("/sso")
    host.change("alice", avatar=picture(), avatar_version="of the provider")
    page = alice.get(TAB).text
    assert shown(page) and "Your organization manages this." in page
    assert "Upload picture" not in page and "Remove picture" not in page
    assert upload(alice, picture(colour=BLUE)).status_code == 403
    assert alice.post(SAVE, {}).status_code == 403, "before anything that was sent is looked at"
    assert alice.post_json(REMOVE).status_code == 403
    assert stored(host)[1] == "of the provider"
    assert upload(bob, picture()).status_code == 303, "who has a password here, may"


def test_another_site_puts_up_nothing(host: Host) -> None:
    alice = signed_in(host)
    without = alice.client.post(SAVE, data={"avatar": (io.BytesIO(picture()), "a.png")})
    assert without.status_code == 400
    elsewhere = upload(alice, picture(), headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    assert stored(host) == (None, None)


# ---- other places than a column


class Shelf:
    """Where a host keeps pictures: callables of its own."""

    def __init__(self) -> None:
        self.pictures: dict[int, bytes] = {}
        self.asked = 0

    def get(self, user: Any) -> bytes | None:
        self.asked += 1
        return self.pictures.get(user.id)

    def set(self, user: Any, content: bytes | None) -> None:
        if content is None:
            del self.pictures[user.id]
        else:
            self.pictures[user.id] = content


def test_callables_of_the_host_keep_it(new_host: Callable[..., Host]) -> None:
    shelf = Shelf()
    host = new_host(MYPROFILE_AVATAR=[shelf.get, shelf.set])
    alice = signed_in(host)
    assert upload(alice, picture()).status_code == 303
    assert read(shelf.pictures[1]).size == (256, 256)
    address = shown(alice.get("/menu").text)
    assert address and alice.get(address).data == shelf.pictures[1]
    assert alice.post(REMOVE).status_code == 303
    assert shelf.pictures == {}


def test_callables_are_not_asked_for_the_picture_where_there_is_a_version(new_host: Callable[..., Host]) -> None:
    shelf = Shelf()
    host = new_host(
        MYPROFILE_AVATAR=(shelf.get, shelf.set),
        MYPROFILE_AVATAR_VERSION=lambda user: str(user.id in shelf.pictures or ""),
    )
    alice = signed_in(host)
    upload(alice, picture())
    assert shown(alice.get("/menu").text) == f"{PICTURE}?v=True"
    assert shelf.asked == 0
    alice.get(PICTURE)
    assert shelf.asked == 1


def test_a_picture_may_be_at_an_address_of_the_hosts(new_host: Callable[..., Host]) -> None:
    kept: list[bytes | None] = []
    host = new_host(
        MYPROFILE_AVATAR=(lambda user: "https://pictures.test/1.jpg", lambda user, content: kept.append(content))
    )
    alice = signed_in(host)
    assert shown(alice.get("/menu").text) == "https://pictures.test/1.jpg"
    assert alice.get(PICTURE).location == "https://pictures.test/1.jpg"
    assert upload(alice, picture()).status_code == 303
    assert read(kept[0] or b"").format == "JPEG"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "picture.jpg"])
def test_an_address_that_no_picture_has_is_none(address: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_AVATAR=(lambda user: address, lambda user, content: None))
    alice = signed_in(host)
    found = shown(alice.get("/menu").text)
    assert found is None or found.startswith(PICTURE)
    assert alice.get(PICTURE).status_code == 404


def test_a_callable_that_fails_breaks_no_page(new_host: Callable[..., Host]) -> None:
    def fail(user: Any, content: bytes | None = None) -> Any:
        raise OSError("the disk is full")

    host = new_host(MYPROFILE_AVATAR=(fail, fail))
    alice = signed_in(host)
    page = alice.get("/menu")
    assert page.status_code == 200 and shown(page.text) is None
    answer = upload(alice, picture())
    assert answer.status_code == 503
    assert "Nothing was changed." in answer.text


def test_the_same_in_python(host: Host) -> None:
    with host.app.app_context():
        user = host.db.session.get(host.User, 1)
        assert current_profile.avatars.version(user) is None
        assert current_profile.avatars.save(user, io.BytesIO(picture()))
        host.db.session.commit()
    with host.app.app_context():
        user = host.db.session.get(host.User, 1)
        assert read(current_profile.avatars.get(user)).size == (256, 256)
        assert current_profile.avatars.remove(user)
        assert not current_profile.avatars.remove(user)
        host.db.session.commit()
    assert stored(host) == (None, None)


def test_who_asks_what_is_kept_of_them_gets_the_picture(host: Host, new_host: Callable[..., Host]) -> None:
    upload(signed_in(host), picture())
    with host.app.app_context():
        exported = current_profile.export(host.db.session.get(host.User, 1))["user"]["avatar"]
        assert current_profile.export(host.db.session.get(host.User, 2))["user"]["avatar"] is None
    assert exported["type"] == "image/jpeg"
    assert read(base64.b64decode(exported["base64"])).size == (256, 256)
    plain = new_host()
    with plain.app.app_context():
        assert "avatar" not in json.dumps(current_profile.export(plain.db.session.get(plain.User, 1)))


# ---- the settings


def a_place(**version: Any) -> Any:
    return with_columns(avatar=mapped_column(LargeBinary, nullable=True, deferred=True), **version)


def a_text(db: Any) -> Any:
    return with_columns(
        avatar=mapped_column(String(16), default=""), avatar_version=mapped_column(String(8), nullable=True)
    )(db)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (user_class, "MYPROFILE_AVATAR = 'avatar': User does not have it"),
        (a_place(), "User needs a column avatar_version, a String(16) or longer that may be NULL"),
        (a_text, "User.avatar must be a LargeBinary column that may be NULL"),
        (a_text, "User needs a column avatar_version"),
    ],
)
def test_a_mistake_stops_the_app_and_says_what_to_do(model: Any, said: str, new_host: Callable[..., Host]) -> None:
    host = new_host(model=model, **SETTINGS)
    with pytest.raises(SetupError, match=re.escape(said)):
        host.browser().get("/pub")


def test_a_field_of_that_name_is_still_a_field_where_there_are_no_pictures(new_host: Callable[..., Host]) -> None:
    def model(db: Any) -> Any:
        return with_columns(avatar=mapped_column(String(80), nullable=True))(db)

    host = new_host(model=model, MYPROFILE_PERSONAL_FIELDS=("avatar",))
    page = signed_in(host).get(TAB).text
    assert ">Avatar" in page and "Profile picture" not in page
    host = new_host(model=model, MYPROFILE_PERSONAL_FIELDS=("avatar",), MYPROFILE_AVATAR=(len, len))
    with pytest.raises(SetupError, match="'avatar' is the picture of MYPROFILE_AVATAR: take it out"):
        host.browser().get("/pub")


@pytest.mark.parametrize("value", [7, "", (len,), (len, "set"), {"get": len}])
def test_a_setting_of_another_type_stops_the_app(value: Any, new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_AVATAR must be the name of a column, or two callables"):
        new_host(MYPROFILE_AVATAR=value)


def test_a_version_of_nothing_stops_the_app(new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_AVATAR_VERSION needs MYPROFILE_AVATAR"):
        new_host(MYPROFILE_AVATAR_VERSION="avatar_version")


def test_without_pillow_the_app_says_what_to_install(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_myprofile.account.avatars.find_spec", lambda name: None)
    with pytest.raises(SetupError, match=re.escape('pip install "Flask-MyProfile[images]"')):
        new_host(model=with_pictures, **SETTINGS)
    new_host(model=with_pictures)


def test_a_column_of_another_name_will_do(new_host: Callable[..., Host]) -> None:
    model = with_columns(
        photo=mapped_column(LargeBinary, nullable=True, deferred=True),
        photo_digest=mapped_column(String(40), nullable=True),
    )
    host = new_host(model=model, MYPROFILE_AVATAR="photo", MYPROFILE_AVATAR_VERSION="photo_digest")
    alice = signed_in(host)
    upload(alice, picture())
    address = shown(alice.get("/menu").text)
    assert address and alice.get(address).status_code == 200
    assert len(host.user("alice").photo_digest) == 16
