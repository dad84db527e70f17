"""Flask-MyProfile: a My Profile page for any Flask app. ``MyProfile(app)`` is all it takes."""

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
from .notices.notice import Notice as Notice
from .pages.error_page import error_page as error_page
from .sso.detection import record_sso as record_sso
from .sso.hand_over import hand_over as hand_over
from .sso.hand_over import handed_over as handed_over
from .tab import Confirm as Confirm
from .tab import Done as Done
from .tab import Effect as Effect
from .tab import Part as Part
from .tab import Tab as Tab
from .tab import action as action
from .tabs import DeleteMyAccount as DeleteMyAccount
from .tabs import DownloadMyData as DownloadMyData

__version__ = "0.1.0"
