"""A person with long everything, in an app that has much of everything: 55 sessions, 30 tabs, 60 features, a dark
navigation bar, a layout without padding, and htmx that boosts each link."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from jinja2 import DictLoader

from flask_myprofile import Part, Tab, Users
from flask_myprofile.account.events import KINDS, id_at
from flask_myprofile.store.records import EventRecord
from tests.browser.gallery import DEVICES
from tests.hosts.layouts import add_layouts
from tests.support.host import Host, make_host
from tests.support.live import serving

MONTH = 31 * 86_400
LATIN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten"
ARABIC = "عبدالرحمن_بن_عبدالعزيز_آل_الشيخ_المستشار_القانوني_للشركة_الدولية"
HEBREW = "הסתדרות_העובדים_הכללית_החדשה_בארץ_ישראל_והתנועה_הקיבוצית_המאוחדת"
JAPANESE = "寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末食う寝る処に住む処藪ら柑子の藪柑子"
COMBINED = "Z\u0351\u036b\u0343a\u0300\u0301\u0302l\u0334\u0321g\u0322o\u0336" * 4
SCRIPTS = (LATIN, ARABIC, HEBREW, JAPANESE, COMBINED)
#: Of 72 characters and without a place where it may break.
EMAIL = f"{'extraordinarily' * 4}.long@{'subdomain' * 7}.example"[:72]
ADDRESS = "2001:0db8:85a3:0000:0000:8a2e:0370:7334"
AGENT = f"Mozilla/5.0 (X11; Linux x86_64) {'Applikationsrahmenwerk' * 8}/1.2.3 {ARABIC}/7"
LAYOUT = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>{% block title %}Own{% endblock %}</title><link rel="icon" href="data:,"><style>
body { margin: 0; background: Canvas; color: CanvasText }
header { display: flex; justify-content: space-between; background: #101828; color: #fff; padding: 8px }
header a { color: #fff }</style><script src="/static/htmx.org/dist/htmx.min.js" defer></script>
{% block head %}{% endblock %}</head><body hx-boost="true"><header><a href="/own">Own</a>{{ myprofile_user_menu() }}
</header><main>{% block content %}<h1>Own</h1>{% endblock %}</main></body></html>"""


def _tab(number: int) -> type[Tab]:
    parts = tuple(Part(f"part{each}", f"{SCRIPTS[number % 5]} {each}", SCRIPTS[(number + each) % 5]) for each in (1, 2))
    label = f"{('Rechnungsadressen', 'Kontoauszüge', 'الفواتير', 'חשבוניות', '請求書')[number % 5]} {number}"
    names = {"name": f"custom{number}", "label": label, "meaning": SCRIPTS[number % 5], "parts": parts}
    return type(f"Custom{number}", (Tab,), names)


def options(tabs: int) -> dict[str, Any]:
    """For a host with so many tabs."""
    users = Users(fields={"avatar_url": lambda user: "/static/that-is-not-there.png"})
    return {"myprofile_options": {"tabs": [_tab(number) for number in range(tabs - 5)], "users": users}}


@contextmanager
def served(folder: Path, tabs: int = 30, own_layout: bool = False) -> Iterator[tuple[Host, str]]:
    def add(host: Host) -> None:
        add_layouts(host)
        host.app.jinja_loader = DictLoader({"base.html": LAYOUT})  # type: ignore[method-assign]

    blocks = {"title": "title", "head": "head", "content": "content"}
    layout = (
        {} if own_layout else {"MYPROFILE_BASE_TEMPLATE": "base.html", "MYPROFILE_BASE_BLOCKS": blocks, "after": add}
    )
    told = {**layout, **options(tabs)}
    recorded = {
        "MYPROFILE_FEATURES": {"api_token": True, "doctor": True, "activity": True},
        "MYPROFILE_ACTIVITY_KINDS": {f"topic{each}.done": SCRIPTS[each] for each in range(len(SCRIPTS))},
    }
    places = {"MYPROFILE_SESSION_PLACE": lambda address: JAPANESE, "MYPROFILE_API_TOKEN_LIFETIME": 86_400}
    with (
        closing(make_host(f"sqlite:///{folder / 'long.sqlite'}", **told, **recorded, **places)) as host,
        serving(host.app) as site,
    ):
        person = host.browser()
        person.client.environ_base["HTTP_USER_AGENT"] = AGENT
        person.login("admin")
        person.post_json("/profile/api-token/regenerate")
        host.change("admin", first_name=f"{LATIN} {COMBINED}", last_name=f"{ARABIC} {HEBREW}", email=EMAIL)
        add_sessions(host, 54)
        add_events(host, 54)
        yield host, site


def add_sessions(host: Host, number: int) -> None:
    """Half of them in use, each with another name; of all that is there to sign in by, and from afar."""
    (stored,) = host.rows.all()
    agents, now = (AGENT, *DEVICES), int(time.time())
    for each in range(number):
        seen = now - each * 3600 - (MONTH if each > number // 2 else 0)
        changed = {"secret_hash": f"{each:064x}", "user_agent": agents[each % len(agents)], "ip": ADDRESS}
        named = {"name": SCRIPTS[each % 5][:64] if each % 2 else None, "remember_until": now + MONTH}
        way = {"method": "sso", "provider": LATIN} if each % 3 == 0 else {}
        host.rows.add(stored._replace(id=f"{each:024x}", created_at=seen, last_seen_at=seen, **changed, **named, **way))


def add_events(host: Host, number: int) -> None:
    """In each of those sessions, of each kind, and by an administrator with a long name."""
    kinds = [*KINDS, *(f"topic{each}.done" for each in range(len(SCRIPTS)))]
    key, now = str(host.user("admin").id), int(time.time())
    details = json.dumps({"fields": ["first_name", "phone"], "after": {f"custom{each}": True for each in range(20)}})
    rows = [
        EventRecord(
            *(f"{id_at(key, now - each * 3600)}{each:04x}", key, kind.partition(".")[0], kind, now - each * 3600),
            *("user" if each % 4 else "admin", None, f"{LATIN} {HEBREW}"),
            *(f"{each:024x}", ADDRESS, AGENT, details),
        )
        for each, kind in enumerate(kinds * (number // len(kinds)))
    ]
    with host.app.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["myprofile_event"]
        connection.execute(table.insert(), [row._asdict() for row in rows])
