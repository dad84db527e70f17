"""The widgets of our pages write what WTForms' own do."""

from __future__ import annotations

from typing import Any

import pytest
from markupsafe import Markup
from wtforms import Form, StringField
from wtforms.widgets import Input, TextInput, html_params

from flask_myprofile.pages.quick_widgets import attributes, quicken
from tests.support.host import Host


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"id": "a", "class_": "b c", "for_": "d", "data_mp_time": "x", "aria_label": "y", "data-mp": "z", "a_b": "c"},
        {"value": "<script>\"'&amp;", "title": Markup('<b>"</b>'), "name": "naïve 小林"},
        {"required": True, "disabled": False, "readonly": None, "maxlength": 5, "size": 0, "value": ""},
        {'"><script>': "a", "on click": True},
    ],
)
def test_attributes_are_written_as_wtforms_writes_them(given: dict[str, Any]) -> None:
    assert attributes(**given) == html_params(**given)


def test_a_widget_that_writes_its_attributes_in_its_own_way_goes_on_to_do_so() -> None:
    class Loud(TextInput):
        @staticmethod
        def html_params(**given: Any) -> Any:
            return html_params(**given).upper()

    class It(Form):
        quiet, loud = StringField(), StringField(widget=Loud())

    form, before = It(), [str(field()) for field in It()]
    quicken(form)
    assert [str(field()) for field in form] == before
    assert "ID=" in before[1]
    assert TextInput().html_params is html_params is Input.html_params, "of the class nothing has changed"


@pytest.mark.parametrize("tab", ["personal-information", "password", "preferences"])
def test_a_page_is_the_same_with_widgets_of_either_kind(tab: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.change("alice", first_name='<b>"', last_name="&quot;")
    alice = host.browser()
    alice.login("alice")
    quick = alice.get(f"/profile/{tab}").text
    monkeypatch.setattr("flask_myprofile.pages.layout.quicken", lambda fields: None)
    token = 'name="csrf_token" value="'
    plain = alice.get(f"/profile/{tab}").text
    assert _without(token, quick) == _without(token, plain)


def _without(begin: str, html: str) -> list[str]:
    first, *rest = html.split(begin)
    return [first, *(each.partition('"')[2] for each in rest)]
