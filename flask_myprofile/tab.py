"""What every tab is made of. The five built-in ones use nothing that a custom tab cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import isfunction, signature
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from flask_wtf import FlaskForm

from .errors import SetupError

#: A form class, or what makes one for this user: ``callable(tab, user) -> form class``.
FormSource = type[FlaskForm] | Callable[[Any, Any], type[FlaskForm]]
_F = TypeVar("_F", bound=Callable[..., Any])


class Part(NamedTuple):
    """A part of a tab that an admin may switch: an action, a field, or whatever the tab asks the features for."""

    name: str
    label: Any
    hint: Any = ""
    default: bool = True


class Effect(NamedTuple):
    """What comes of moving a switch, in words and with numbers: said beside it as it moves.

    :param asks: whether an administrator is asked before it is off, because not all of that can be undone.
    """

    off: Any = ""
    on: Any = ""
    asks: bool = False


class Confirm(NamedTuple):
    """The question before an action that cannot be undone: a page of its own, and a dialog where JavaScript runs.

    :param text: a sentence, or a callable(tab, user) -> list of sentences.
    :param fields: callable(tab, user) -> what the confirmation sends along, such as the version that was looked at;
        the action names it as its ``condition``.
    :param form: callable(tab, user) -> what there is to choose besides, or None; the action names its fields likewise.
    """

    title: Any
    text: Any
    yes: Any
    no: Any
    fields: Callable[[Any, Any], Mapping[str, str]] | None = None
    form: Callable[[Any, Any], FlaskForm | None] | None = None


class Done(NamedTuple):
    """What an action answers: a message; for JSON other data; for HTML another page than a redirect to the tab.

    :param data: the JSON answer (default: the message).
    :param filename: answer a browser with ``data`` as a file of this name, which it saves: for an action with ``file``.
    :param template: answer the POST with this page. For what must be seen once and never fetched again.
    :param redirect: where the browser goes instead of back to the tab.
    :param kind: how the message looks: ``success``, or ``info`` where nothing was done.
    """

    message: Any = ""
    data: Mapping[str, Any] | None = None
    template: str | None = None
    context: Mapping[str, Any] = {}
    redirect: str | None = None
    kind: str = "success"
    filename: str | None = None


class Action(NamedTuple):
    """One thing a user can do on a tab: a POST."""

    name: str
    function: Callable[..., Any]
    form: FormSource | None
    confirm: Confirm | None
    feature: str | None
    label: Any
    hint: Any
    fresh: bool
    #: Fields of an action without a form: what is done only if it is still so.
    condition: tuple[str, ...] = ()
    #: What it is for, to go on after "To".
    purpose: Any = None
    #: Whether it answers a file: a browser that comes back from a confirmation would show no page with it.
    file: bool = False
    #: Bytes that may be sent, where that is more than a form of texts needs.
    max_body: int | Callable[[], int] | None = None
    answer: Mapping[str, Any] | None = None

    @property
    def slug(self) -> str:
        return self.name.replace("_", "-")

    def form_class(self, tab: Tab, user: Any) -> type[FlaskForm] | None:
        if self.form is None or (isinstance(self.form, type) and issubclass(self.form, FlaskForm)):
            return self.form
        made: type[FlaskForm] = self.form(tab, user)
        return made


def action(
    form: Any = None,
    *,
    confirm: Confirm | None = None,
    feature: str | Literal[False] | None = None,
    label: Any = None,
    hint: Any = "",
    fresh: bool = False,
    condition: Sequence[str] = (),
    purpose: Any = None,
    file: bool = False,
    max_body: int | Callable[[], int] | None = None,
    answer: Mapping[str, Any] | None = None,
) -> Any:
    """Make a method an action: ``POST <tab>/<method-name>``; ``save`` is ``POST <tab>``.

    :param form: a FlaskForm class, or callable(tab, user) -> class. The method then gets ``(user, form)`` once the
        form is valid; without one it gets ``(user)``.
    :param confirm: ask first, on the page that a GET of the action's URL shows.
    :param feature: the part that switches it (default: the method's own name; ``save`` has none). False: the tab alone.
    :param label: what Feature Management calls the switch.
    :param hint: what it says below.
    :param purpose: such as "pay the bill", for "To pay the bill, enter your password." Without one, the label is said.
    :param fresh: ask for the password first, if the sign-in is older than ``MYPROFILE_REAUTH_MAX_AGE``. What was sent
        is kept meanwhile and carried out then; passwords and files are not kept, and asked for again.
    :param file: it answers :class:`Done` with a ``filename``, which the browser asks for again after that question.
    :param condition: names of fields that an action without a form takes, such as the version that was looked at. The
        method gets each that was sent as a keyword argument, a text; whatever else is sent as JSON is refused.
    :param max_body: the bytes of a form with files, where there is a ``FileField``; or a callable(). Else 64 KB.
    :param answer: JSON Schema of the ``data`` that it answers, for the OpenAPI document.
    :returns: a decorator. The method answers a message or :class:`Done`, or raises :class:`~flask_myprofile.Refused`;
        it changes what it likes by ``db.session`` and does not commit: the extension does, or rolls back if it fails.
    """
    _check_parentheses(form)
    options = (label, hint, fresh, tuple(condition), purpose, file, max_body, answer)
    return partial(_mark, form, confirm, feature, options)


def _mark(form: Any, confirm: Confirm | None, feature: str | Literal[False] | None, options: Any, function: _F) -> _F:
    name = function.__name__
    switch = None if feature is False else feature or (None if name == "save" else name)
    made = Action(name, function, form, confirm, switch, *options)
    _check_condition(made)
    function.__myprofile_action__ = made  # type: ignore[attr-defined]
    return function


def _check_parentheses(form: Any) -> None:
    if isfunction(form) and next(iter(signature(form).parameters), "") == "self":
        raise SetupError(f"Write @action() with parentheses above {form.__qualname__}")


def _check_condition(made: Action) -> None:
    if not made.condition:
        return
    name, taken = made.function.__qualname__, signature(made.function).parameters
    if made.form is not None or not set(made.condition) <= set(taken):
        raise SetupError(f"{name} must take {', '.join(made.condition)}, and have no form of its own")


def _action_of(value: Any) -> Any:
    """What :func:`action` has made of it. Whatever else a class has is not asked: a lazy text would look for that in
    the language of whoever reads, and load it."""
    try:
        return object.__getattribute__(value, "__dict__").get("__myprofile_action__")
    except AttributeError:
        return None


class Tab:
    """A tab of My Profile: subclass it, name it, and hand the class to ``MyProfile(app, tabs=[…])``.

    One word, everywhere: ``name`` is the feature, the endpoint, the template and (with dashes) the URL.
    """

    name: ClassVar[str]
    label: ClassVar[Any]
    #: The sentence below the title.
    summary: ClassVar[Any] = ""
    #: What an admin decides with this tab's switch.
    meaning: ClassVar[Any] = ""
    icon: ClassVar[str] = "square"
    on_by_default: ClassVar[bool] = True
    #: Parts that can be switched besides the actions.
    parts: ClassVar[Sequence[Part]] = ()
    #: Whether further parts come from the host's user model, which may be defined after the extension.
    open_parts: ClassVar[bool] = False
    actions: ClassVar[Mapping[str, Action]] = {}
    query: ClassVar[Mapping[str, Any]] = {}  #: Parameters of a GET, for the OpenAPI document: name -> JSON Schema.
    #: The action whose form is on the tab's page, with what has to be corrected in it.
    main: ClassVar[str] = "save"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = getattr(cls, "name", None)
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise SetupError(f'{cls.__name__}.name must be a word such as "notifications", not {name!r}')
        if not hasattr(cls, "label"):
            raise SetupError(f"{cls.__name__}.label must be the tab's title")
        found = (_action_of(value) for base in reversed(cls.__mro__) for value in vars(base).values())
        cls.actions = {item.name: item for item in found if isinstance(item, Action)}

    @property
    def slug(self) -> str:
        return self.name.replace("_", "-")

    @property
    def template(self) -> str:
        return f"myprofile/tabs/{self.name}.html"

    def all_parts(self) -> list[Part]:
        """What an administrator may switch within the tab.

        :returns: the declared parts, then the actions that are none of them.
        """
        parts = {part.name: part for part in self.parts}
        for item in self.actions.values():
            if item.feature and item.feature not in parts:
                label = item.feature.replace("_", " ").capitalize() if item.label is None else item.label
                parts[item.feature] = Part(item.feature, label, item.hint)
        return list(parts.values())

    def effects(self) -> Mapping[str, Effect]:
        """What comes of each switch. Asked for an administrator's page alone: it may count, if only so much at most.

        :returns: feature, as ``notifications.pause`` -> :class:`Effect`.
        """
        return {}

    def is_offered(self, user: Any) -> bool:
        """Whether there is anything on it for this user.

        :param user: the signed-in user.
        :returns: False: it is not in the menu, and answers 404.
        """
        return True

    def mistakes(self) -> list[str]:
        """What has to be corrected in the settings: asked at the first request, when the host has made its models.

        :returns: sentences, which stop the app there.
        """
        return []

    def check(self, user: Any, action: Action) -> None:
        """Refuse an action before anything that was sent is read.

        :param user: the signed-in user.
        :param action: what they are about to do; ``action.name`` is the method's name.
        :raises Refused: or a subclass, to refuse it.
        """

    def values(self, user: Any) -> dict[str, Any]:
        """The tab's data.

        :param user: the signed-in user.
        :returns: what a JSON GET answers, and what the form starts with.
        """
        return {}

    def json(self, user: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data for JSON, where some of it is no JSON.

        :param user: the signed-in user.
        :param values: what :meth:`values` has answered.
        :returns: the same as JSON has it.
        """
        return values

    def json_schema(self, user: Any) -> Mapping[str, Any]:
        """What :meth:`json` answers, for the OpenAPI document.

        :param user: the signed-in user, or a new and empty one.
        :returns: JSON Schema; by default that of any object.
        """
        return {"type": "object"}

    def version(self, user: Any, values: Mapping[str, Any]) -> str | None:
        """What a program may send back as ``version``, to change only what is still so.

        :param user: the signed-in user.
        :param values: what :meth:`values` has answered.
        :returns: the ``ETag`` of a JSON GET; None: it has none.
        """
        return None

    def context(self, user: Any) -> dict[str, Any]:
        """What the tab's template needs besides ``tab``, ``form`` and the addresses of its actions.

        :param user: the signed-in user.
        :returns: further variables.
        """
        return {}
