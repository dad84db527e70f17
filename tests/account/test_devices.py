"""A session's device is called what people call it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ua_parser import load_lazy_builtins

from flask_myprofile.account.devices import Device, _browser, _system, describe
from flask_myprofile.pages.session_rows import ICONS, _in_words
from tests.account.visitors import Visitor
from tests.support.host import Host

#: What must be read, the kind, and the agent.
TABLE = [line.split("\t") for line in (Path(__file__).parent / "agents.tsv").read_text("utf-8").splitlines()]
#: What only a parser calls anything.
RAW = re.compile(r"\bMobile\b|\biOS\b|WebView|\bOther\b|Mac OS X|Chrome OS|CFNetwork|%\d|\d\.\d|^Android on|\bIE\b")


def read(host: Host, devices: list[Device]) -> list[str]:
    with host.app.test_request_context():
        return [_in_words(device) for device in devices]


def test_the_table_is_read_as_people_would_say_it(host: Host) -> None:
    devices = [describe(agent) for _, _, agent in TABLE]
    shown = [[words, device.kind] for words, device in zip(read(host, devices), devices, strict=True)]
    assert shown == [[words, kind] for words, kind, _ in TABLE]
    assert {device.kind for device in devices} == set(ICONS)
    assert len(TABLE) >= 60


@pytest.mark.parametrize("words", ["App on iPhone", "LG TV", "PlayStation", "Safari on Mac or iPad"])
def test_the_page_shows_the_words_and_an_icon_of_the_kind(words: str, host: Host) -> None:
    agent, kind = next((agent, kind) for name, kind, agent in TABLE if name == words)
    alice = host.browser()
    alice.client.environ_base["HTTP_USER_AGENT"] = agent
    alice.login("alice")
    assert [(row["name"], row["device"]) for row in alice.sessions()] == [(words, words)]
    page = alice.get("/profile/sessions").text
    assert f"<bdi>{words}</bdi>" in page
    icons = host.app.jinja_env.get_template("myprofile/_icons.html").module.ICONS  # type: ignore[attr-defined]
    assert set(ICONS.values()) <= set(icons)
    assert icons[ICONS[kind]] in page


@pytest.mark.parametrize(
    "agent",
    [
        *("", " ", "/", "%", "Mozilla", "<b>/1", "%00%0a/1.0 CFNetwork/1 Darwin/22", "x" * 512, "a " * 256),
        *("%E2%80%AEevil/1 CFNetwork/1 Darwin/22", "\xe9" * 512, "(" * 512, "; " * 256, "HbbTV" * 100, "a-" * 256),
    ],
)
def test_what_is_no_agent_has_a_short_name_or_none(agent: str) -> None:
    device = describe(agent)
    assert device.kind in ICONS
    assert max(map(len, device)) <= 40
    assert "".join(device).isprintable()
    assert "\u202e" not in device.browser


def test_no_installed_rule_of_the_parser_shows_its_own_words() -> None:
    """A new release of the rules may bring a name that ends so."""
    browsers, systems, _ = load_lazy_builtins()
    shown = {_browser("", rule.family) for rule in browsers if rule.family and "$" not in rule.family}
    shown |= {_system("", rule.family)[0] for rule in systems if rule.family and "$" not in rule.family}
    assert len(shown) > 150
    assert [name for name in shown if RAW.search(name)] == []


def test_no_visitor_is_shown_a_word_of_the_parser(visitors: list[Visitor], host: Host) -> None:
    agents = sorted({visitor.agent for visitor in visitors})
    shown = read(host, [describe(agent) for agent in agents])
    assert len(agents) > 300
    assert [words for words in shown if RAW.search(words)] == []
    assert "Unknown device" not in shown


def test_the_kind_is_what_the_platform_and_the_screen_of_the_visitor_say(visitors: list[Visitor]) -> None:
    """What is missed is nearly all iPads that say they are Macs."""
    known = [(visitor.kind, describe(visitor.agent).kind) for visitor in visitors if visitor.kind]
    right = sum(is_so == said for is_so, said in known)
    assert len(known) > 5000
    assert right / len(known) >= 0.97


def test_neither_the_app_nor_a_sign_in_loads_the_parser() -> None:
    program = (
        "import sys, flask_myprofile.extension, flask_myprofile.cli, flask_myprofile.tabs.sessions\n"
        "from flask_myprofile.account.devices import describe\n"
        "assert 'ua_parser' not in sys.modules\n"
        "assert describe('curl/8.5.0').browser == 'curl'\n"
        "assert 'ua_parser_builtins.matchers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
