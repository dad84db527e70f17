"""The pictures of the documentation: the example app in a real browser. Run it again when the pages have changed."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import make_server

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from example_app import create_app  # noqa: E402 (from the folder above)
from example_app.extensions import db  # noqa: E402

PICTURES = HERE / "_static"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) {} Safari/537.36"
DESK = CHROME.format("Chrome/142.0.0.0")
HOUR = 3600
AGE = """UPDATE myprofile_session SET created_at = created_at - :started, last_seen_at = last_seen_at - :active
WHERE ip = :ip"""
#: user agent, address (from the ranges kept for documentation), remembered, hours since sign-in, since last activity
OTHERS = (
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.6 Mobile/15E148 Safari/604.1",
        "198.51.100.23",
        True,
        9 * 24,
        2,
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "203.0.113.81", False, 50, 26),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
        "Safari/537.36 Edg/142.0.0.0",
        "2001:db8:4f::17",
        False,
        12 * 24,
        7 * 24,
    ),
)


@contextmanager
def example(folder: str) -> Iterator[tuple[Any, str]]:
    """The example app on a free port of this machine, with an empty database."""
    app = create_app(
        {
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/pictures.sqlite3",
            "SECRET_KEY": "only for the pictures",
            "MYPROFILE_FEATURES": {"api_token": True},
        }
    )
    app.wsgi_app = ProxyFix(app.wsgi_app)  # the browser says which address it comes from
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield app, f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


def sign_in_elsewhere(app: Any) -> None:
    """Other devices of Maya's, with a past."""
    for agent, address, remembered, *_ in OTHERS:
        client = app.test_client()
        told = {"User-Agent": agent, "X-Forwarded-For": address}
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in", headers=told).text)
        sent = {"csrf_token": found[1] if found else "", "identifier": "maya", "password": "maya-demo-password"}
        client.post("/sign-in", data={**sent, **({"remember": "y"} if remembered else {})}, headers=told)
    with app.app_context(), db.engine.begin() as connection:
        for _, address, _, started, active in OTHERS:
            connection.execute(text(AGE), {"started": started * HOUR, "active": active * HOUR, "ip": address})


def open_page(browser: Browser, site: str, *, width: int, height: int, locale: str = "en", **options: Any) -> Page:
    """A new browser window in which Maya is signed in."""
    context = browser.new_context(
        base_url=site,
        viewport={"width": width, "height": height},
        user_agent=DESK,
        locale=locale,
        extra_http_headers={"X-Forwarded-For": "192.0.2.44"},
        **options,
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#identifier", "maya")
    page.fill("#password", "maya-demo-password")
    page.click("main button[type=submit]")
    page.wait_for_url("**/dashboard")
    return page


def take_small(browser: Browser, site: str, address: str, name: str, **options: Any) -> None:
    """One of the four of the README, which stand side by side: all of the same shape."""
    width = options.pop("width", 720)
    page = open_page(browser, site, width=width, height=width * 4 // 3, device_scale_factor=960 / width, **options)
    take(page, address, name, whole=False)
    with Image.open(PICTURES / name) as picture:  # 256 colours are enough for a page, in a third of the size
        picture.quantize(256, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)


def take(page: Page, address: str, name: str, *, whole: bool = True) -> None:
    page.goto(address)
    if whole:  # in a window as high as the page, for what sticks to the window's edge
        size = page.viewport_size or {"width": 0, "height": 0}
        page.set_viewport_size({**size, "height": page.evaluate("document.documentElement.scrollHeight")})
    page.screenshot(path=PICTURES / name, animations="disabled")
    sign_out(page)


def sign_out(page: Page) -> None:
    """So that the next picture does not show this window among the other sessions."""
    page.click(".mp-menu > summary")
    page.click(".mp-menu__out")
    page.context.close()


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, example(folder) as (app, site), sync_playwright() as playwright:
        sign_in_elsewhere(app)
        path = shutil.which("chromium") or shutil.which("chromium-headless-shell")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        desk = {"width": 1180, "height": 800}
        take(open_page(browser, site, **desk), "/profile/sessions", "my-profile.png")
        take(open_page(browser, site, **desk, color_scheme="dark"), "/profile/sessions", "my-profile-dark.png")
        take(open_page(browser, site, **desk, locale="he"), "/profile/sessions", "my-profile-he.png")
        take(open_page(browser, site, **desk, locale="ja"), "/profile/preferences", "my-profile-ja.png")
        take(open_page(browser, site, **desk), "/profile/admin/features", "feature-management.png")
        phone = open_page(browser, site, width=390, height=844, device_scale_factor=2, has_touch=True)
        take(phone, "/profile/personal-information", "my-profile-phone.png", whole=False)
        take_small(browser, site, "/profile/sessions", "small-sessions.png")
        take_small(browser, site, "/profile/password", "small-password.png")
        take_small(browser, site, "/profile/admin/features", "small-features.png")
        take_small(browser, site, "/profile/preferences", "small-phone.png", width=390, color_scheme="dark")
        browser.close()


if __name__ == "__main__":
    main()
