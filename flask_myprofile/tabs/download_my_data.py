"""Download my data: all that is kept of a person, as a file. For a host that adds it."""

from __future__ import annotations

import hashlib
from typing import Any

from ..account.clock import now
from ..account.events import DATA_DOWNLOADED
from ..errors import TooMany
from ..globals import current_profile
from ..i18n import as_datetime, gettext, lazy_gettext
from ..tab import Done, Tab, action

#: Seconds between two files: each has all events of the account.
PAUSE = 60


class DownloadMyData(Tab):
    """A tab that a host adds: ``MyProfile(app, tabs=[DownloadMyData])``.

    What it saves is ``current_profile.export()``, with what the host's listeners to ``data_exported`` add.
    """

    name = "download_my_data"
    label = lazy_gettext("Download my data")
    summary = lazy_gettext("All that is kept of you in one file, to read or to take elsewhere.")
    meaning = lazy_gettext("Users save a file with all that is kept of them.")
    icon = "download"

    @action(feature=False, label=lazy_gettext("Download"), fresh=True, file=True)
    def download(self, user: Any) -> Done:
        key, moment = current_profile.users.key(user), now()
        claim = hashlib.sha256(f"{key}\0{self.name}".encode()).hexdigest()
        if not current_profile.stores[0].claim_notice(claim, key, moment, PAUSE):
            raise TooMany(PAUSE, gettext("You have just downloaded it. Wait a minute before you do so again."))
        # first, so that the file says so as well
        current_profile.activity.note(DATA_DOWNLOADED, user)
        return Done(data=current_profile.export(user), filename=f"my-data-{as_datetime(moment):%Y-%m-%d}.json")
