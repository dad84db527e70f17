"""``flask myprofile …``: what an operator does with tables, sessions, tokens and accounts."""

from . import accounts as accounts
from . import credentials as credentials
from . import features as features
from . import sessions as sessions
from . import set_up as set_up
from .command_group import group as group
