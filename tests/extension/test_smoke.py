from tests.support.host import Host


def test_a_user_opens_all_five_tabs(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    for tab in ("personal-information", "preferences", "password", "api-token", "sessions"):
        assert alice.get(f"/profile/{tab}").status_code == 200, tab


def test_a_signed_out_browser_lands_on_the_login_page(host: Host) -> None:
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    copy = c2.copy()
    other = next(row for row in c1.sessions() if not row["current"])
    assert c1.post("/profile/sessions/sign-out", {"id": other["id"]}).status_code == 303
    assert not copy.is_in()
    assert not c2.is_in()
    assert c1.is_in()
