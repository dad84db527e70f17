"""Pictures as people upload them, and hosts that have a place for them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from PIL import Image
from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import mapped_column

from tests.support.host import JSON, Browser, user_class

PICTURE = "/profile/personal-information/picture"
SAVE, REMOVE = "/profile/personal-information/avatar", "/profile/personal-information/remove-avatar"
RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


def written(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(kind: str = "PNG", colour: Any = RED, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> bytes:
    return written(Image.new(mode, size, colour), kind)


def read(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def is_near(found: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(found, wanted, strict=True))


def with_pictures(db: SQLAlchemy) -> type[Any]:
    return with_columns(
        avatar=mapped_column(LargeBinary, nullable=True, deferred=True),
        avatar_version=mapped_column(String(16), nullable=True),
    )(db)


def with_columns(**columns: Any) -> Callable[[SQLAlchemy], type[Any]]:
    """The users of the test bench, with further columns."""

    def make(db: SQLAlchemy) -> type[Any]:
        user = user_class(db)
        for name, column in columns.items():
            setattr(user, name, column)
        return user

    return make


def upload(browser: Browser, content: bytes, name: str = "me.png", kind: str = "image/png", **sent: Any) -> Any:
    file = (io.BytesIO(content), name, kind)
    return browser.post(SAVE, {"avatar": file}, content_type="multipart/form-data", **sent)


def upload_json(browser: Browser, content: bytes, name: str = "me.png") -> Any:
    headers = {**JSON, "X-CSRFToken": browser.csrf()}
    return browser.client.post(SAVE, data={"avatar": (io.BytesIO(content), name)}, headers=headers)
