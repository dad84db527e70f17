"""An answer that waits for its writes is, for servers and middlewares, the answer that Flask would have given."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.validate import validator

import flask_login
import pytest
from flask import Flask, Response, request_finished, send_file
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import create_environ

from tests.support.devices import live
from tests.support.host import JSON, Host
from tests.support.refusing import ours_refused

NewHost = Callable[..., Host]
ROOT = Path(__file__).parent.parent.parent


class OwnResponse(Response):
    """A host's own class, which does something when it is sent."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.headers["X-Sent"] = flask_login.current_user.get_id() or ""
        return super().__call__(environ, start_response)


#: What views answer that sign somebody in.
ANSWERS: dict[str, Callable[[], Any]] = {
    "text": lambda: "in",
    "no content": lambda: ("", 204),
    "stream": lambda: (part for part in ["i", "n"]),
    "file": lambda: send_file(BytesIO(b"in"), "text/plain"),
    "headers": lambda: ("in", {"Content-Type": "text/x", "X-Own": "1"}),
    "own class": lambda: OwnResponse("in"),
}


def with_answers(host: Host) -> None:
    @host.app.route("/in/<how>", methods=["GET", "POST"])
    def sign_in(how: str) -> Any:
        flask_login.login_user(host.db.session.get(host.User, 1))
        return ANSWERS[how]()

    @host.app.route("/not-in/<how>")
    def nobody(how: str) -> Any:
        return ANSWERS[how]()


class Server:
    """Calls an app as servers do, and writes down in which order things happen."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.heads: list[tuple[str, list[tuple[str, str]]]] = []
        self.happened: list[str] = []

    def ask(self, url: str, method: str = "GET", **headers: str) -> bytes:
        environ = create_environ(url, method=method, headers=headers)
        answer = self.app(environ, self._start)
        self.happened.append("returned")
        with closing(answer):
            return b"".join(answer)

    def _start(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        self.happened.append("start_response")
        self.heads.append((status, headers))
        return self.happened.append


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("how", ANSWERS)
def test_the_answer_is_the_one_that_flask_gives(how: str, method: str, new_host: NewHost) -> None:
    host = new_host(after=with_answers)
    held, plain = Server(host.app), Server(host.app)
    assert held.ask(f"/in/{how}", method) == plain.ask(f"/not-in/{how}", method)
    (status, headers), (plain_status, plain_headers) = held.heads[0], plain.heads[0]
    assert status == plain_status
    ours = ("Set-Cookie", "Vary", "X-Sent", "Date")  # the last may be that of the next second
    assert [h for h in headers if h[0] not in ours] == [h for h in plain_headers if h[0] not in ours]
    assert any(name == "Set-Cookie" and value.startswith("session=") for name, value in headers)
    assert dict(headers).get("X-Sent") == ("1" if how == "own class" else None)
    assert held.happened == plain.happened == ["start_response", "returned"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("how", [how for how in ANSWERS if how != "no content"])  # Flask's own 204 has a type
def test_it_is_what_the_standard_asks_for(how: str, refused: bool, method: str, new_host: NewHost) -> None:
    """PEP 3333, as the standard library checks it."""
    host = new_host(after=with_answers, csrf=False)
    server = Server(validator(host.app))
    if refused:
        with ours_refused(host):
            server.ask(f"/in/{how}", method)
    else:
        server.ask(f"/in/{how}", method)
    assert server.happened == ["start_response", "returned"], "before the app returns, and once"
    assert server.heads[0][0].startswith("503" if refused else "20")


def test_what_a_host_does_when_an_answer_is_over_is_done_for_one_that_nobody_sees(new_host: NewHost) -> None:
    closed: list[str] = []

    def closing_up(host: Host) -> None:
        with_answers(host)

        @host.app.after_request
        def close(response: Response) -> Response:
            response.call_on_close(lambda: closed.append(response.status))
            return response

    host = new_host(after=closing_up)
    server = Server(host.app)
    server.ask("/in/text")
    assert closed == ["200 OK"]
    with ours_refused(host):
        server.ask("/in/stream")
    assert closed == ["200 OK", "200 OK", "503 SERVICE UNAVAILABLE"]


def test_pages_that_sign_nobody_in_or_out_are_not_held(new_host: NewHost) -> None:
    kinds: list[type[Any]] = []
    host = new_host(after=with_answers)

    def see(app: Flask, response: Response, **extra: Any) -> None:
        kinds.append(type(response))

    with request_finished.connected_to(see, host.app):
        alice = host.browser()
        alice.get("/pub")
        alice.get("/csrf")  # which writes into an anonymous session
        alice.get("/in/text")
        host.rows.age(last_seen_at=300)
        alice.get("/page")
    assert kinds.pop(2) is not Response
    assert kinds == [Response] * 3, "last activity is no promise"


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("where", ["teardown_request", "teardown_appcontext"])
def test_a_teardown_of_the_hosts_that_fails_does_what_it_does_in_flask(
    where: str, refused: bool, new_host: NewHost
) -> None:
    class Broken(Exception):
        pass

    def breaking(host: Host) -> None:
        with_answers(host)

        def fail(error: Any) -> None:
            if armed:
                raise Broken

        getattr(host.app, where)(fail)

    armed: list[bool] = []
    host = new_host(after=breaking)
    alice = host.browser()
    with ours_refused(host) if refused else nullcontext():
        armed.append(True)
        for url in ("/pub", "/in/text"):
            with pytest.raises(Broken):
                alice.get(url)
        armed.clear()
    assert not alice.is_in()


def test_a_page_for_503_that_fails_itself_is_replaced_by_a_plain_one(
    new_host: NewHost, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(host: Host) -> None:
        with_answers(host)

        @host.app.errorhandler(503)
        def fail(error: Any) -> Any:
            raise RuntimeError("no template")

    host = new_host(after=broken)
    with ours_refused(host):
        answer = host.browser().get("/in/text")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "no template" in caplog.text


def test_a_page_for_503_that_would_sign_somebody_in_does_not_go_on_for_ever(new_host: NewHost) -> None:
    def stubborn(host: Host) -> None:
        with_answers(host)

        @host.app.errorhandler(503)
        def again(error: Any) -> Any:
            flask_login.login_user(host.db.session.get(host.User, 1))
            return "in after all", 503

    host = new_host(after=stubborn)
    alice = host.browser()
    with ours_refused(host):
        answer = alice.get("/in/text")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "in after all" not in answer.text
        assert not alice.is_in()


def test_a_refusal_has_the_headers_that_the_host_gives_every_answer(new_host: NewHost) -> None:
    """Else a script of another origin could not read it."""

    def open_to_others(host: Host) -> None:
        with_answers(host)

        @host.app.after_request
        def allow(response: Response) -> Response:
            response.headers["Access-Control-Allow-Origin"] = "https://spa.example"
            return response

    host = new_host(after=open_to_others)
    with ours_refused(host):
        answer = host.browser().client.get("/in/text", headers=JSON)
    assert answer.json["code"] == "unavailable"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://spa.example"


def test_within_a_surrounding_app_context_the_answer_is_the_same(new_host: NewHost) -> None:
    """As pytest-flask does it."""
    host = new_host(after=with_answers, csrf=False)
    with host.app.app_context():
        alice = host.browser()
        with ours_refused(host):
            assert alice.client.post("/in/text").status_code == 503
        assert not alice.is_in()
        assert alice.client.post("/in/text").text == "in"
        assert alice.is_in()
        with ours_refused(host):
            assert alice.client.post("/logout").status_code == 503
        assert alice.is_in()
        assert alice.client.post("/logout").status_code == 302
        assert not alice.is_in()


def test_within_a_client_that_keeps_its_context_the_answer_is_the_same(new_host: NewHost) -> None:
    host = new_host(after=with_answers)
    alice = host.browser()
    with alice.client:
        assert alice.get("/in/text").text == "in"
        assert flask_login.current_user.username == "alice"
        assert alice.is_in()
    assert live(host) == 1


# ---- on servers


class Quiet(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        """Nothing."""


@contextmanager
def by_werkzeug(host: Host, listening: socket.socket, log: Path) -> Iterator[None]:
    server = make_server("127.0.0.1", 0, ProxyFix(host.app), request_handler=Quiet, fd=listening.fileno())
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def by_gunicorn(worker: str) -> Callable[..., Any]:
    @contextmanager
    def serve(host: Host, listening: socket.socket, log: Path) -> Iterator[None]:
        command = [sys.executable, "-m", "gunicorn", f"--worker-class={worker}", "--threads=2", "--no-control-socket"]
        command += [f"--bind=fd://{listening.fileno()}", "tests.support.held_answer_app:create()"]
        environ = {"HOST": host.app.config["SQLALCHEMY_DATABASE_URI"], "PATH": ""}
        with (
            log.open("wb") as out,
            subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=out, stderr=out, pass_fds=(listening.fileno(),)
            ) as server,
        ):
            try:
                yield
            finally:
                server.kill()
        print(log.read_text(errors="replace")[-4000:])

    return serve


SERVERS: dict[str, Callable[..., Any]] = {
    "werkzeug": by_werkzeug,
    "gunicorn sync": by_gunicorn("sync"),
    "gunicorn gthread": by_gunicorn("gthread"),
}


@pytest.mark.parametrize("by", SERVERS)
def test_servers_send_what_is_let_go_and_nothing_of_what_is_refused(by: str, new_host: NewHost, tmp_path: Path) -> None:
    host = new_host(after=with_answers)

    def ask(url: str, method: str = "GET") -> tuple[int, str, Any]:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request(method, url)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers

    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        port = listening.getsockname()[1]
        with SERVERS[by](host, listening, tmp_path / "log"):
            for how in ANSWERS:
                assert ask(f"/in/{how.replace(' ', '%20')}")[:2] == ((204, "") if how == "no content" else (200, "in"))
                assert ask(f"/in/{how.replace(' ', '%20')}", "HEAD")[1] == ""
            signed_in = live(host)
            assert signed_in == 2 * len(ANSWERS)
            with ours_refused(host):
                for how in ANSWERS:
                    for method in ("GET", "HEAD"):
                        status, body, headers = ask(f"/in/{how.replace(' ', '%20')}", method)
                        assert (status, headers["Retry-After"], headers["Set-Cookie"]) == (503, "30", None)
                        assert ("Service Unavailable" in body) is (method == "GET")
            assert live(host) == signed_in
