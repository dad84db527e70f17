"""OpenID Connect Front-Channel Logout in a real browser, which sends no cookie of ours with a frame of another site."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask
from markupsafe import escape
from playwright.sync_api import Page

from tests.oidc.person import identify
from tests.oidc.relying_party import RelyingParty
from tests.support.live import serving


def test_a_frame_of_the_providers_page_ends_the_session_in_a_real_browser(
    relying_party: RelyingParty, page: Page
) -> None:
    page.goto(relying_party.address + "/sso/sign-in")
    identify(page, "alice")
    page.get_by_text("Hello alice").wait_for()
    phone = relying_party.person()
    phone.sign_in_at_provider("alice")
    here = page.context.cookies(relying_party.address)
    assert {"relying_party_session"} <= {cookie["name"] for cookie in here}
    (row,) = [row for row in relying_party.live_rows() if "Chrome" in row.user_agent]
    named = urlencode({"iss": relying_party.provider.issuer, "sid": row.idp_session})
    frame = f"{relying_party.address}/profile/sso/op/frontchannel-logout?{named}"
    provider = Flask("provider", static_folder=None)
    provider.add_url_rule("/signed-out", view_func=lambda: f'<iframe src="{escape(frame)}"></iframe>', endpoint="out")
    with serving(provider) as address:
        other_site = address.replace("127.0.0.1", "localhost")
        page.route(f"{other_site}/**", lambda route: route.continue_())
        with page.expect_response(frame) as answered:
            page.goto(f"{other_site}/signed-out")
    assert answered.value.status == 200
    assert "cookie" not in answered.value.request.all_headers()
    page.goto(relying_party.address + "/page")
    assert page.url.startswith(relying_party.address + "/login?next=")
    assert phone.is_in()
