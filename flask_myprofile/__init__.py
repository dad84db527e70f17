"""Flask-MyProfile: a My Profile page for any Flask app. ``MyProfile(app)`` is all it takes."""

import sys
import typing
from importlib import import_module

from .account.users import Users as Users
from .auth.bearer import token_authenticated as token_authenticated
from .auth.token_scopes import require_token_scope as require_token_scope
from .auth.token_scopes import scope_by_method as scope_by_method
from .auth.token_scopes import token_scope as token_scope
from .errors import Conflict as Conflict
from .errors import Forbidden as Forbidden
from .errors import Invalid as Invalid
from .errors import MyProfileError as MyProfileError
from .errors import NotFound as NotFound
from .errors import Refused as Refused
from .errors import SetupError as SetupError
from .errors import StoreDown as StoreDown
from .extension import MyProfile as MyProfile
from .globals import ESSENTIAL_ENDPOINTS as ESSENTIAL_ENDPOINTS
from .globals import Profile as Profile
from .globals import current_profile as current_profile
from .i18n.preferences import current_preferences as current_preferences
from .i18n.preferences import preferred_language as preferred_language
from .pages.error_page import error_page as error_page
from .sso.detection import record_sso as record_sso
from .tab import Confirm as Confirm
from .tab import Done as Done
from .tab import Effect as Effect
from .tab import Part as Part
from .tab import Tab as Tab
from .tab import action as action

__version__ = "0.1.0"

#: Of the public names those that few apps use, and where they are: loaded when one is asked for.
_LATER = {
    "DeleteMyAccount": ".tabs.delete_my_account",
    "DownloadMyData": ".tabs.download_my_data",
    "Notice": ".notices.notice",
    "hand_over": ".sso.hand_over",
    "handed_over": ".sso.hand_over",
}

if typing.TYPE_CHECKING:
    from .notices.notice import Notice as Notice
    from .sso.hand_over import hand_over as hand_over
    from .sso.hand_over import handed_over as handed_over
    from .tabs.delete_my_account import DeleteMyAccount as DeleteMyAccount
    from .tabs.download_my_data import DownloadMyData as DownloadMyData
else:

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_LATER[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*vars(sys.modules[__name__]), *_LATER})  # globals is a module of ours
