"""What is around every page: routes, access control, forms, layout and recent sign-in.

Of these modules some are for a page that is shown, and loaded when one is first named, as in ``pages.layout.render``:
an app starts without them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_LATER = (
    "event_rows",
    "glance",
    "layout",
    "not_me",
    "only_changed",
    "password_answers",
    "personal_data",
    "session_rows",
    "typed_again",
    "views",
)

if TYPE_CHECKING:
    from . import event_rows as event_rows
    from . import glance as glance
    from . import layout as layout
    from . import not_me as not_me
    from . import only_changed as only_changed
    from . import password_answers as password_answers
    from . import personal_data as personal_data
    from . import session_rows as session_rows
    from . import typed_again as typed_again
    from . import views as views
else:

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")
