"""Demo SSO: an OpenID provider in the same process, so that the example needs no internet and no other service.

It is a real one: authorization code, PKCE, nonce, ID tokens signed with RS256, logout that reaches the apps. What it
lacks is anybody to keep out: everyone may say that they are Alex. What it knows is kept in memory, so run one process;
with threads, for the app and the provider call each other.

The app asks it over HTTP, at http://127.0.0.1:<port>. Where the app is reached by another address, in a container or
behind a proxy, set ``EXAMPLE_URL`` to its https:// address. Tests start a real server (port 0 will do).
"""

from .addresses import app_sites as app_sites
from .addresses import issuer as issuer
from .client import CLIENT_ID as CLIENT_ID
from .pages import account_url as account_url
from .pages import bp as bp
from .people import ALEX as ALEX
from .provider import client_secret as client_secret
from .provider import init_app as init_app
