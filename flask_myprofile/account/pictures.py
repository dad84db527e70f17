"""Pictures that people upload: told by their content and drawn anew, so that nothing is left of the file but its sight.

What comes out is a JPEG: every browser, mail program and library reads it, every build of Pillow writes it, and of
256 × 256 pixels it is small. It has no transparency: what shows through is white, on dark pages as well.
"""

from __future__ import annotations

import hashlib
import io
import threading
from contextlib import suppress
from typing import Any, BinaryIO

#: Both sides, in pixels: sharp at the size in which it is shown, on screens with three pixels to one.
SIZE = 256
#: What a BLOB of MariaDB holds. Only noise comes near it.
_MOST = 65_535
_QUALITIES = (90, 75, 50, 25)
#: What a file begins with.
_KINDS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
#: Brands of the container that iPhones take pictures in.
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
#: The memory that pictures take is that of one, however many come at once.
_one_at_a_time = threading.Lock()


class NotUsable(Exception):
    """What was sent cannot become a picture: see the subclasses."""


class UnknownKind(NotUsable):
    """It is none of the kinds that are read.

    :param is_heif: it is of the kind that iPhones take.
    """

    def __init__(self, *, is_heif: bool) -> None:
        super().__init__(is_heif)
        self.is_heif = is_heif


class TooManyPixels(NotUsable):
    """It would take too much memory."""


class Damaged(NotUsable):
    """It begins as a picture, and is none, or not all of one."""


def kind_of(content: bytes) -> str | None:
    """The media type, by the content; None: it is none of those that browsers are given."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _KINDS if content.startswith(start)), None)


def drawn_anew(file: BinaryIO, max_pixels: int) -> bytes:
    """The picture as it is kept: the square in its middle, the right way up, without anything else that the file says.

    :raises NotUsable: it is none.
    """
    head = file.read(16)
    file.seek(0)
    if kind_of(head) is None:
        raise UnknownKind(is_heif=head[4:8] == b"ftyp" and head[8:12] in _HEIF)
    with _one_at_a_time:
        return _written(_read(file, max_pixels))


def _read(file: BinaryIO, max_pixels: int) -> Any:
    """Whatever a decoder makes of bytes that somebody has sent, it is not our fault: so all of it counts as damage."""
    from PIL import Image

    from .picture_files import to_be_seen

    try:
        with Image.open(io.BytesIO(to_be_seen(file.read())), formats=_FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise TooManyPixels
            return _drawn(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels from error
    except (NotUsable, MemoryError):
        raise
    except Exception as error:
        raise Damaged from error


def _drawn(image: Any) -> Any:
    """Made small before anything else, for what is done to it then is little work."""
    from PIL import Image, ImageOps

    profile, is_turned = image.info.get("icc_profile"), image.getexif().get(0x0112, 1) != 1
    image.draft(None, (2 * SIZE, 2 * SIZE))  # a JPEG is decoded at an eighth of its size, if that is enough
    image.load()
    small = ImageOps.fit(_with_plain_channels(image), (SIZE, SIZE), Image.Resampling.LANCZOS)
    if is_turned:
        small.getexif()[0x0112] = image.getexif()[0x0112]
        small = ImageOps.exif_transpose(small)
    if small.mode == "RGBA":
        seen = Image.new("RGB", small.size, "white")
        seen.paste(small, mask=small.getchannel("A"))
        small = seen
    small = _in_usual_colours(small, profile)
    plain = Image.new("RGB", small.size)  # a new one: nothing clings to it
    plain.paste(small)
    return plain


def _with_plain_channels(image: Any) -> Any:
    """That can be made small without mixing what must not be mixed, such as the numbers of a palette."""
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        image = image.convert("I").point(lambda value: value / 256)
        return image.convert("L").convert("RGB")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB")


def _in_usual_colours(image: Any, profile: bytes | None) -> Any:
    """In sRGB, which is what a picture is in that does not say."""
    from PIL import ImageCms

    from .picture_files import LONGEST_PROFILE

    if profile and len(profile) <= LONGEST_PROFILE:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # a profile that is of no use, or of other channels
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted or image
    return image.convert("RGB")


def _written(image: Any) -> bytes:
    content = b""
    for quality in _QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True)
        content = out.getvalue()
        if len(content) <= _MOST:
            break
    return content


def digest(content: bytes) -> str:
    """What tells a picture from another one."""
    return hashlib.sha256(content).hexdigest()[:16]
