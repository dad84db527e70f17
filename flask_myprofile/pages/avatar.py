"""The profile picture: whether there is one, putting it up and taking it away on Personal Information."""

from __future__ import annotations

from os import SEEK_END
from typing import Any
from urllib.parse import urlencode

from flask import current_app
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import FileField, Form
from wtforms.validators import ValidationError

from ..account import pictures
from ..account.avatars import AVATAR
from ..auth.feature_preview import features_of
from ..auth.request_state import request_state
from ..errors import Forbidden, Invalid, NotFound, StoreDown, TooLarge
from ..globals import MAX_BODY, current_profile
from ..i18n import gettext, lazy_gettext
from ..tab import Action, Done, action
from .column_fields import why_read_only
from .conventional_fields import PICTURE
from .held_user import held_user
from .own_urls import own_url
from .refusals import of_the_model

ENDPOINT = "myprofile.personal_information_picture"
FEATURE = f"personal_information.{AVATAR}"
_ADDRESSES = ("https://", "http://", "/")


def is_on(user: Any) -> bool:
    """Whether pictures are shown, and this user may have one."""
    return current_profile.avatars.has_place(user) and features_of(user)[FEATURE]


def picture_url(user: Any, key: str | None = None) -> str | None:
    """The address of the user's picture, told by its version alone; None: there is none. Never breaks a page.

    :param key: of the user, for an administrator.
    """
    if current_profile.config.avatar is None:
        return None
    try:
        version = current_profile.avatars.version(user) if is_on(user) else None
    except StoreDown:
        return None
    except Exception:  # of the host's callables
        current_app.logger.exception("MYPROFILE_AVATAR failed; initials are shown")
        return None
    if version is None or is_elsewhere(version):
        return version
    return f"{own_url(ENDPOINT)}?{urlencode({'v': version} if key is None else {'user': key, 'v': version})}"


def why_locked(user: Any) -> str | None:
    """Why this user sees their picture and cannot change it; None: they can."""
    config = current_profile.config
    if AVATAR in config.personal_sso_fields and current_profile.passwords.is_sso(user):
        return gettext("Your organization manages this.")
    return why_read_only(user) if AVATAR in config.personal_readonly else None


def is_elsewhere(version: str) -> bool:
    """Whether it is the address of a picture, and not the version of one that is kept."""
    return version.startswith(_ADDRESSES)


# ---- changing it


def _is_chosen(form: Form, field: FileField) -> None:
    if not isinstance(field.data, FileStorage) or not field.data:
        raise ValidationError(gettext("Choose a picture"))


class AvatarForm(FlaskForm):
    avatar = FileField(
        lazy_gettext("Picture"),
        validators=[_is_chosen],
        # for which an iPhone makes a JPEG of its own kind
        render_kw={"accept": "image/jpeg,image/png,image/webp,image/gif"},
    )


def _max_body() -> int:
    return current_profile.config.avatar_max_bytes + MAX_BODY


class AvatarActions:
    """The actions of the tab for it; ``avatar_context`` is what its page shows of it."""

    @action(AvatarForm, feature=AVATAR, label=PICTURE, max_body=_max_body)
    def avatar(self, user: Any, form: AvatarForm) -> Done:
        most, file = current_profile.config.avatar_max_bytes, form.avatar.data.stream
        if file.seek(0, SEEK_END) > most:
            size = _in(1e6, most)
            raise TooLarge(gettext("This picture has more than %(size)s MB. Choose a smaller one.", size=size))
        file.seek(0)
        try:
            current_profile.avatars.save(_to_write(user), file)
        except pictures.NotUsable as error:
            raise Invalid({AVATAR: _why(error)}) from error
        except Invalid as refusal:
            raise Invalid({AVATAR: [text for texts in of_the_model(refusal).values() for text in texts]}) from refusal
        return _done(user, gettext("Your picture has been saved."))

    @action(feature=AVATAR)
    def remove_avatar(self, user: Any) -> Done:
        current_profile.avatars.remove(_to_write(user))
        return _done(user, gettext("Your picture has been removed."))

    def check(self, user: Any, action: Action) -> None:
        """See :meth:`.Tab.check`."""
        super().check(user, action)  # type: ignore[misc]
        if action.feature == AVATAR:
            _require(user)

    @staticmethod
    def avatar_context(user: Any) -> dict[str, Any]:
        if not is_on(user):
            return {"picture": None}
        typed = request_state().typed
        form = typed if isinstance(typed, AvatarForm) else AvatarForm(formdata=None, meta={"csrf": False})
        form.avatar.description = gettext(
            "A JPEG, PNG, WebP or GIF of at most %(size)s MB. The middle of it is shown, as a square.",
            size=_in(1e6, current_profile.config.avatar_max_bytes),
        )
        return {"picture": {"url": picture_url(user), "locked": why_locked(user)}, "avatar_form": form}


def _require(user: Any) -> None:
    if not current_profile.avatars.has_place(user):
        raise NotFound(code="feature_off")
    if (locked := why_locked(user)) is not None:
        raise Forbidden(locked)


def _to_write(user: Any) -> Any:
    users, name, row = current_profile.users, current_profile.config.avatar, held_user(user)
    if isinstance(name, str) and not users.has_place(row, name):
        raise Invalid({AVATAR: gettext("There is no record yet in which this could be kept.")})
    return row


def _done(user: Any, message: str) -> Done:
    return Done(message, data={"message": message, AVATAR: picture_url(held_user(user))})


def _in(unit: float, number: int) -> str:
    return f"{number / unit:g}"


def _why(error: pictures.NotUsable) -> str:
    if isinstance(error, pictures.TooManyPixels):
        most = _in(1e6, current_profile.config.avatar_max_pixels)
        return gettext("This picture has more than %(number)s million pixels. Choose a smaller one.", number=most)
    if isinstance(error, pictures.Damaged):
        return gettext("This picture is damaged. Choose another one.")
    if isinstance(error, pictures.UnknownKind) and error.is_heif:
        return gettext("A HEIC picture cannot be used. Choose a JPEG, PNG, WebP or GIF.")
    return gettext("This is no picture that can be used. Choose a JPEG, PNG, WebP or GIF.")
