"""A directory (slapd) and a SAML provider (SimpleSAMLphp) of Debian's, and the libraries by which apps ask them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket

from tests.providers.foreign import HERE

SLAPD = Path("/usr/sbin/slapd")
SIMPLESAML = Path("/usr/share/simplesamlphp/www")
_DIRECTORY = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
database mdb
suffix dc=example
directory {folder}
"""
_ENTRIES = """
dn: dc=example
objectClass: domain
dc: example

dn: ou=people,dc=example
objectClass: organizationalUnit
ou: people
"""
_ENTRY = """
dn: uid={name},ou=people,dc=example
objectClass: inetOrgPerson
uid: {name}
cn: {name}
sn: {name}
userPassword: the password of {name}
"""
_CONFIG = """<?php require '/etc/simplesamlphp/config.php';
$config = array_merge($config, [
    'baseurlpath' => '{address}/', 'certdir' => '{folder}', 'loggingdir' => '{folder}', 'datadir' => '{folder}',
    'tempdir' => '{folder}/t', 'secretsalt' => 'of tests alone', 'auth.adminpassword' => 'of tests alone',
    'enable.saml20-idp' => true, 'session.phpsession.savepath' => '{folder}', 'session.cookie.secure' => false,
    'session.cookie.samesite' => null, 'logging.handler' => 'errorlog', 'authproc.idp' => [],
    'module.enable' => ['exampleauth' => true], 'metadata.sources' => [['type' => 'flatfile']],
    'metadatadir' => '{folder}/metadata',
]);"""
_PEOPLE = """<?php $config = ['people' => ['exampleauth:UserPass',
    'alice:any' => ['uid' => ['alice']], 'bob:any' => ['uid' => ['bob']]]];"""
_ITSELF = """<?php $metadata['{address}/idp'] = ['host' => '__DEFAULT__', 'privatekey' => 'key.pem',
    'certificate' => 'certificate.pem', 'auth' => 'people',
    'authproc' => [3 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid']]];"""
_APP = """<?php $metadata['{app}'] = ['AssertionConsumerService' => '{app}/saml/acs',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'];"""


def libraries() -> None:
    """What is asked for by these tests alone may be imported from here on."""
    for folder in (HERE / ".venv/lib").glob("python*/site-packages"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))


def free_port() -> int:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    """Until the end of the block, and from when it listens."""
    with subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                try:
                    create_connection(("127.0.0.1", port), timeout=20).close()
                    break
                except ConnectionRefusedError:
                    continue
            assert process.poll() is None, f"{command[0]} did not start"
            yield
        finally:
            process.kill()


@contextmanager
def directory(folder: Path) -> Iterator[int]:
    """The port of a slapd with alice and bob."""
    port, configuration = free_port(), folder / "slapd.conf"
    configuration.write_text(_DIRECTORY.format(folder=folder))
    entries = _ENTRIES + "".join(_ENTRY.format(name=name) for name in ("alice", "bob"))
    subprocess.run([SLAPD.with_name("slapadd"), "-f", configuration], input=entries, text=True, check=True)
    with running([str(SLAPD), "-d", "0", "-f", str(configuration), "-h", f"ldap://127.0.0.1:{port}"], port):
        yield port


class Saml:
    """:ivar address: of the provider, by a name that is another site than the app's. :ivar certificate: its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address, self._folder = f"http://localhost:{port}", folder
        (folder / "metadata").mkdir()
        for name, text in (("config", _CONFIG), ("authsources", _PEOPLE), ("metadata/saml20-idp-hosted", _ITSELF)):
            filled = text.replace("{address}", self.address).replace("{folder}", str(folder))
            (folder / f"{name}.php").write_text(filled)
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=idp", "-days", "2"]
        command += ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]  # type: ignore[list-item]
        subprocess.run(command, check=True, capture_output=True)
        self.certificate = (folder / "certificate.pem").read_text()

    def register(self, app: str) -> None:
        (self._folder / "metadata/saml20-sp-remote.php").write_text(_APP.replace("{app}", app))


@contextmanager
def saml_provider(folder: Path) -> Iterator[Saml]:
    """A SimpleSAMLphp at which alice and bob sign in."""
    port = free_port()
    provider = Saml(folder, port)
    command = ["php", "-S", f"localhost:{port}", "-t", str(SIMPLESAML)]
    with running(command, port, SIMPLESAMLPHP_CONFIG_DIR=str(folder), no_proxy="127.0.0.1,localhost"):
        yield provider
