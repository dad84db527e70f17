"""Pictures of users: where they are kept, which the host says, and when one is another than before.

A picture is loaded when it is asked for, and never to draw a page: that there is one, a page knows by its version.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, BinaryIO

from sqlalchemy import inspect, types

from ..config import PREFIX, Config
from ..errors import SetupError
from . import pictures
from .activity import Activity
from .attributes import read_attribute
from .columns import Attribute
from .events import FIELDS_CHANGED
from .users import Users

#: What it is called as a field: in features, events, settings and JSON.
AVATAR = "avatar"
_SHORTEST = 16


class Avatars:
    """Reached as ``current_profile.avatars``.

    :raises SetupError: pictures are to be kept, and Pillow is not installed.
    """

    def __init__(self, users: Users, config: Config, activity: Activity) -> None:
        self._users = users
        self._config = config
        self._activity = activity
        if config.avatar is not None and find_spec("PIL") is None:
            raise SetupError('MYPROFILE_AVATAR needs Pillow: pip install "Flask-MyProfile[images]"')

    @property
    def _column(self) -> str | None:
        return self._config.avatar if isinstance(self._config.avatar, str) else None

    @property
    def _version_of_column(self) -> Any:
        return self._config.avatar_version or f"{self._column}_version"

    def has_place(self, user: Any) -> bool:
        """Whether a picture of this user can be kept.

        :param user: any user.
        :returns: False: ``MYPROFILE_AVATAR`` is unset, or this class of users has no such column.
        """
        if self._column is None:
            return self._config.avatar is not None
        return self._users.describe(self._users.class_of(user), self._column) is not None

    def version(self, user: Any) -> str | None:
        """What changes with the picture; a URL, where that is where it is.

        :param user: any user.
        :returns: None: there is no picture.
        """
        if self._column is not None:
            found = read_attribute(user, self._version_of_column) if self.has_place(user) else None
        elif self._config.avatar_version is not None:
            found = read_attribute(user, self._config.avatar_version)
        else:
            found = self.get(user)
            found = pictures.digest(found) if isinstance(found, bytes) else found
        return str(found) if found else None

    def get(self, user: Any) -> bytes | str | None:
        """Load the picture.

        :param user: any user.
        :returns: its bytes, or the URL that the host's callable gave; None: there is none.
        """
        if self._column is None:
            found = self._config.avatar[0](user) if isinstance(self._config.avatar, tuple) else None
        else:
            found = self._users.get(user, self._column) if self.has_place(user) else None
        return found if found is None or isinstance(found, str) else bytes(found) or None

    def save(self, user: Any, file: BinaryIO) -> bool:
        """Make the picture in a file the user's: checked, cut to a square and drawn anew. The caller commits.

        :param user: as ``Users.held()`` answers it.
        :param file: open for reading bytes.
        :returns: whether that is another one than before.
        :raises NotUsable: of ``account.pictures``: it is none that can be used.
        :raises MyProfileError: there is no place for it.
        """
        return self._write(user, pictures.drawn_anew(file, self._config.avatar_max_pixels))

    def remove(self, user: Any) -> bool:
        """Take the picture away. The caller commits.

        :param user: as ``Users.held()`` answers it.
        :returns: whether there was one.
        """
        return self._write(user, None)

    def _write(self, user: Any, content: bytes | None) -> bool:
        new, before = None if content is None else pictures.digest(content), self.version(user)
        if new == before:
            return False
        if isinstance(self._config.avatar, tuple):
            self._config.avatar[1](user, content)
        else:
            self._users.update(user, {str(self._column): content, self._version_of_column: new})
        self._activity.note(FIELDS_CHANGED, user, {"fields": [AVATAR]})
        return True

    # ---- the settings

    def mistakes(self) -> list[str]:
        """What has to be corrected in them; nothing where no class of users is known yet."""
        column, models = self._column, self._users.models()
        if column is None or not models:
            return []
        names, found = " or ".join(model.__name__ for model in models), f"{PREFIX}AVATAR = {column!r}: "
        here = [model for model in models if self._users.describe(model, column) is not None]
        if not here:
            return [f"{found}{names} does not have it"]
        if callable(self._version_of_column):
            return [f"{PREFIX}AVATAR_VERSION must name a column where {PREFIX}AVATAR does: it is written with it"]
        return [found + wrong for model in here for wrong in self._wrong_with(model, column)]

    def _wrong_with(self, model: type[Any], column: str) -> list[str]:
        picture, name = self._users.describe(model, column), str(self._version_of_column)
        version = self._users.describe(model, name)
        wrong = []
        if picture is None or not _is_of(picture, types.LargeBinary):
            wrong.append(f"{model.__name__}.{column} must be a LargeBinary column that may be NULL")
        if version is None or not _is_of(version, types.String) or (version.length or _SHORTEST) < _SHORTEST:
            wrong.append(
                f"{model.__name__} needs a column {name}, a String({_SHORTEST}) or longer that may be NULL, by which "
                "a page knows of the picture without loading it"
            )
        return wrong

    def loaded_each_time(self) -> list[str]:
        """The columns that come with every user who is loaded, pictures and all."""
        mappers = [inspect(model) for model in self._users.models()] if self._column else []
        return [
            f"{mapper.class_.__name__}.{self._column}"
            for mapper in mappers
            if self._column in mapper.column_attrs and not mapper.column_attrs[self._column].deferred
        ]


def _is_of(attribute: Attribute, wanted: type[Any]) -> bool:
    return isinstance(attribute.plain_type, wanted) and attribute.writable and not attribute.required
