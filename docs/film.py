"""The film of the documentation: on her laptop Maya signs her phone out, and the phone is out. Made of the example app.

Run it again when the pages have changed; needs Chromium. It writes ``_static/film.webp`` and ``film-still.png``.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from screenshots import ARGUMENTS, OTHERS, PICTURES, example, open_page

LAPTOP, PHONE, EDGE, WORDS = (780, 620), (320, 620), 16, 56
SIZE = (LAPTOP[0] + PHONE[0] + 3 * EDGE, LAPTOP[1] + 2 * EDGE + WORDS)
#: Where the windows stand in the picture.
AT = {"laptop": (EDGE, EDGE), "phone": (2 * EDGE + LAPTOP[0], EDGE)}
MOST = 2_000_000


class Frame(NamedTuple):
    picture: Image.Image
    milliseconds: int


class Film:
    """Two windows side by side, with a sentence below them."""

    def __init__(self, laptop: Page, phone: Page) -> None:
        self.windows = {"laptop": laptop, "phone": phone}
        self.frames: list[Frame] = []
        self._pointer: tuple[float, float] = (SIZE[0] / 2, SIZE[1] * 0.8)
        self._font = ImageFont.load_default(size=24)

    def show(self, words: str, milliseconds: int, *, pressed: bool = False, pointer: bool = True) -> None:
        canvas = Image.new("RGB", SIZE, "#2b3140")
        for name, page in self.windows.items():
            canvas.paste(Image.open(io.BytesIO(page.screenshot(animations="disabled"))), AT[name])
        draw = ImageDraw.Draw(canvas)
        draw.text((SIZE[0] / 2, SIZE[1] - WORDS / 2 - 4), words, fill="white", font=self._font, anchor="mm")
        if pointer:
            (x, y), radius = self._pointer, 10 if pressed else 14
            fill = "#ffb703" if pressed else None
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline="#ffb703", width=5, fill=fill)
        self.frames.append(Frame(canvas, milliseconds))

    def press(self, name: str, target: Locator, words: str) -> None:
        """Go there, and press it."""
        box = target.bounding_box()
        assert box, "it is in sight"
        end = (AT[name][0] + box["x"] + box["width"] / 2, AT[name][1] + box["y"] + box["height"] / 2)
        start = self._pointer
        for step in range(1, 11):
            part = step / 10
            self._pointer = tuple(a + (b - a) * part for a, b in zip(start, end, strict=True))  # type: ignore[assignment]
            self.show(words, 50)
        self.show(words, 350, pressed=True)
        target.click()
        self.windows[name].wait_for_load_state("networkidle")

    def save(self) -> None:
        first, *rest = self.frames
        with self.frames[-1].picture.quantize(256, dither=Image.Dither.NONE) as still:  # what has come of it
            still.save(PICTURES / "film-still.png", optimize=True)
        path = PICTURES / "film.webp"
        durations = [frame.milliseconds for frame in self.frames]
        pictures = [frame.picture for frame in rest]
        # once: what moves for longer than five seconds has to stop by itself, or by a button (WCAG 2.2.2)
        first.picture.save(
            path, save_all=True, append_images=pictures, duration=durations, loop=1, quality=75, method=4
        )
        assert path.stat().st_size < MOST


def windows(browser: Browser, site: str) -> tuple[Page, Page]:
    agent, address, *_ = OTHERS[0]
    context = browser.new_context(
        base_url=site,
        viewport={"width": PHONE[0], "height": PHONE[1]},
        user_agent=agent,
        has_touch=True,
        extra_http_headers={"X-Forwarded-For": address},
    )
    phone = context.new_page()
    phone.goto("/sign-in")
    phone.fill("#identifier", "maya")
    phone.fill("#password", "maya-demo-password")
    phone.click("main button[type=submit]")
    phone.wait_for_url("**/dashboard")
    phone.goto("/profile/personal-information")
    laptop = open_page(browser, site, width=LAPTOP[0], height=LAPTOP[1])
    laptop.goto("/profile/sessions")
    return laptop, phone


def play(film: Film) -> None:
    laptop, phone = film.windows["laptop"], film.windows["phone"]
    lost = "Maya has lost her phone, where she is signed in."
    film.show(lost, 2200, pointer=False)
    row = laptop.get_by_role("listitem").filter(has_text="Safari on iPhone")
    film.press("laptop", row.get_by_role("button", name="Sign out"), lost)
    ended = "On her laptop, she signs it out."
    film.show(ended, 2200)
    found = "Whoever finds the phone is asked to sign in at the next click."
    film.press("phone", phone.locator(".mp-nav a", has_text="Preferences"), found)
    assert "/sign-in" in phone.url
    film.show(found, 3000, pointer=False)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, example(folder) as (_, site), sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-headless-shell")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        film = Film(*windows(browser, site))
        play(film)
        film.save()
        browser.close()


if __name__ == "__main__":
    main()
