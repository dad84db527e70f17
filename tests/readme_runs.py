"""Run by .ci/run: the commands and the app of the README, as printed, in an environment that has nothing else."""

from __future__ import annotations

import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def install(folder: Path) -> dict[str, str]:
    """By the README's own commands; the environment in which they were run."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    environ = {**os.environ, "PATH": f"{folder / 'venv/bin'}:{os.environ['PATH']}", "PIP_QUIET": "1"}
    environ.pop("PYTHONPATH", None)
    commands = blocks("sh")[0].replace("ADDRESS-OF-THE-REPOSITORY", f"--quiet '{ROOT}'")
    subprocess.run(["sh", "-e", "-c", commands], cwd=folder, env=environ, check=True)
    return environ


def ask(browser: urllib.request.OpenerDirector, url: str, form: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(form).encode() if form else None
    with browser.open(url, data, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, "flask run has ended"
        time.sleep(0.1)
    raise AssertionError("flask run does not listen")


def look(site: str) -> None:
    """Sign in as the README says, and go to the page that it is about."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    token = re.search(r'name="csrf_token" value="([^"]+)"', ask(browser, site))
    assert token, "the start page leads to the sign-in form"
    sent = {"csrf_token": token[1], "username": "ada", "password": "ada-demo-password"}
    assert "/profile/" in ask(browser, f"{site}/login", sent), "the menu is there"
    assert 'value="Ada"' in ask(browser, f"{site}/profile/")
    assert "This device" in ask(browser, f"{site}/profile/sessions")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = install(folder)
        (folder / "app.py").write_text(blocks("python")[0], encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [folder / "venv/bin/flask", "run", "--port", str(port)]
        server = subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.DEVNULL)
        try:
            wait_for(port, server)
            look(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()
    print("the README's commands and its app work as printed")


if __name__ == "__main__":
    main()
