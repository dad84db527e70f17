"""The rounds of the load: each does something at once, at both nodes, and looks whether what was said is so."""

from __future__ import annotations

from functools import partial

from tests.fleet.load import DEVICES, Device, Load, token_in
from tests.fleet.nodes import Node
from tests.support.host import NEW_PASSWORD, PASSWORD


class Rounds:
    """
    :ivar nodes: the two of them.
    :ivar passwords: the present one, and the next.
    """

    def __init__(self, load: Load, nodes: tuple[Node, Node]) -> None:
        self._load, self.nodes = load, nodes
        self.passwords = PASSWORD, NEW_PASSWORD
        self._token: str | None = None

    def all_kinds(self, rounds: int) -> None:
        for _ in range(rounds):
            self.alone()
            self.each_alone()
            self.in_and_out()
            self.revoke()
            self.change_password()
            self.regenerate()

    def alone(self) -> None:
        """One device, with nobody beside it: as often as there are devices otherwise, so that the times compare."""
        for _ in range(DEVICES):
            held = self._load.sign_in(0, self.passwords[0], "alone")
            if held is not None:
                self._load.check("acknowledged lost", held, is_in=True)
                self._end([held])

    def each_alone(self) -> None:
        """As many as are in each other's way otherwise, and nobody is in another's."""
        sign_ins = [partial(self._load.sign_in, n, PASSWORD, "of all users", f"user{n}") for n in range(DEVICES)]
        self._end([each for each in self._load.at_once(sign_ins) if each is not None])

    def in_and_out(self, devices: int = DEVICES) -> None:
        """They sign in at once, are in at the other node, sign out at once, and are out there."""
        held = self._signed_in(devices)
        self._end(held)

    def revoke(self) -> None:
        """One signs out the others while they look at pages."""
        first, *others = self._signed_in(4) or [None]
        if first is None:
            return
        look = [partial(self._load.is_in, number, number, each.cookies) for number, each in enumerate(others, 1)]
        url = "/profile/sessions/sign-out-others"
        revoke = partial(self._load.ask, 0, 0, "POST", url, cookies=first.cookies, body={})
        answer, *_ = self._load.at_once([revoke, *look])
        if answer is not None and answer.status == 200:
            self._load.count("revoked", len(others))
            for number, each in enumerate(others, 1):
                self._load.check("revoked got in", each, number, is_in=False)
                self._load.check("revoked got in", each._replace(number=each.number + 1), number, is_in=False)
        self._load.check("live refused", first, is_in=True)
        self._end([first])

    def change_password(self) -> None:
        """While others sign in with the password of before, who are not in afterwards."""
        load, (old, new) = self._load, self.passwords
        body = {"current_password": old, "new_password": new}
        held = self._signed_in(2)
        if len(held) < 2:
            return
        change = partial(load.ask, 0, 0, "POST", "/profile/password", cookies=held[0].cookies, body=body)
        late = [partial(load.sign_in, number, old) for number in range(2, 5)]
        answer, *begun = load.at_once([change, *late])
        if answer is None or answer.status != 200:
            self._end([*held, *(each for each in begun if each)])
            return
        load.count("passwords changed")
        self.passwords = new, old
        for each in (held[1], *begun):
            if each is not None:
                load.check("revoked got in", each, is_in=False)
        now = Device(f"session={answer.cookies['session']}", 0)
        load.check("live refused", now, is_in=True)
        self._end([now])

    def regenerate(self) -> None:
        """Two to eight of them ask for a new API token: one of those that there ever were works, whoever is told so."""
        load, held = self._load, self._signed_in(1)
        devices = 2 + load.counts["token races"] % (DEVICES - 1)
        if not held:
            return
        url = "/profile/api-token/regenerate"
        ask = [partial(load.ask, n, n, "POST", url, cookies=held[0].cookies, body={}) for n in range(devices)]
        given = [token for answer in load.at_once(ask) if (token := token_in(answer)) is not None]
        known = [*given, *([self._token] if self._token else [])]
        live = [token for token in known if load.works(token)]
        load.count("token races")
        load.count("tokens not one", int(len(live) != 1))
        self._token = live[0] if live else self._token
        self._end(held)

    def prune(self) -> None:
        """On both machines at once."""
        running = [node.command("sessions", "prune", "--quiet") for node in self.nodes]
        for each in running:
            said, _ = each.communicate(timeout=120)
            self._load.count("prunes")
            if each.returncode:
                self._load.count("prune failed")
                print(said)

    def limit(self) -> None:
        """Where a user may have one session, one is left of those that sign in at once, and the others are out."""
        held = [each for each in self._load.at_once(self._sign_ins(2)) if each is not None]
        live = [each for each in held if self._load.is_in(0, each.number + 1, each.cookies)]
        self._load.count("limit rounds")
        self._load.count("over limit", int(len(live) != 1))

    def _sign_ins(self, devices: int) -> list[partial[Device | None]]:
        how = "of one user" if devices == DEVICES else ""
        return [partial(self._load.sign_in, number, self.passwords[0], how) for number in range(devices)]

    def _signed_in(self, devices: int) -> list[Device]:
        held = [each for each in self._load.at_once(self._sign_ins(devices)) if each is not None]
        checks = [
            partial(self._load.check, "acknowledged lost", each, number, is_in=True) for number, each in enumerate(held)
        ]
        self._load.at_once(checks)
        return held

    def _end(self, held: list[Device]) -> None:
        outs = [partial(self._load.sign_out, number, each) for number, each in enumerate(held)]
        for number, (each, is_done) in enumerate(zip(held, self._load.at_once(outs), strict=True)):
            if is_done:
                self._load.check("acknowledged lost", each, number, is_in=False)
                self._load.check("acknowledged lost", each._replace(number=each.number + 1), number, is_in=False)
