"""What of a picture's file is read: what is to be seen of it, the profile of its colours, and which way up it is.

All else is for other programs. It may be of any length and come any number of times, and costs whoever reads it time
and memory out of proportion to its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Bytes of what says which way up it is, and of the profile: no camera writes more of the one, a JPEG holds no more.
_LONGEST_EXIF, LONGEST_PROFILE = 65_535, 1_000_000
#: How often a JPEG may go over all of its pixels, each time for a few bytes of the file. Most do so ten times at most.
_MOST_SCANS = 100
#: Parts of a JPEG besides. A depth map, as telephones add one, takes some hundreds.
_MOST_SEGMENTS = 10_000
#: What begins a part of a JPEG: neither a byte of the pixels nor a mark among them.
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_WITHOUT_CONTENT = (0x01, _START_OF_IMAGE)
_OF_PNG = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
#: What follows in a GIF: something else, a picture, or nothing.
_BLOCK = re.compile(rb"[!,;]")
_GRAPHIC_CONTROL = 0xF9


class TooMuch(ValueError):
    """It would take too much time."""


def to_be_seen(content: bytes) -> bytes:
    """The same picture, in a file that has nothing else in it.

    :param content: of a JPEG, PNG, WebP or GIF. One that is damaged stays so.
    :raises TooMuch: see there.
    """
    if content.startswith(b"\xff"):
        return _jpeg(content)
    if content.startswith(b"\x89"):
        return _png(content)
    return _gif(content) if content.startswith(b"G") else _webp(content)


def _jpeg(content: bytes) -> bytes:
    kept, scans, pixels_at = [b"\xff\xd8"], 0, len(content)
    profile, has_exif = 0, False
    for marker, start, end in _segments(content):
        part = content[start:end]
        if marker == _START_OF_SCAN:
            scans += 1
            pixels_at = min(pixels_at, start)
            if scans > _MOST_SCANS:
                raise TooMuch
        elif scans:  # it is among the pixels, and kept with them
            continue
        elif marker == _APP1 and part[4:].startswith(b"Exif\0\0") and not has_exif:
            kept.append(part)
            has_exif = True
        elif marker == _APP2 and part[4:].startswith(b"ICC_PROFILE\0"):
            profile += len(part)
            kept += [part] if profile <= LONGEST_PROFILE else []
        elif marker in (_APP0, _APP14) or not (_APP0 <= marker <= _APP15 or marker == _COMMENT):
            kept.append(part)
    return b"".join(kept) + content[pixels_at:]


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The parts: what each is, where it begins, and where it ends or its pixels begin."""
    position = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(content, position)
        if found is None or found[1][0] == _END_OF_IMAGE:
            return
        marker, position = found[1][0], found.end()
        if marker not in _WITHOUT_CONTENT:
            position += max(int.from_bytes(content[position : position + 2], "big"), 2)
        yield marker, found.start(), position
    raise TooMuch


def _png(content: bytes) -> bytes:
    kept, once, position = [content[:8]], {b"iCCP": LONGEST_PROFILE, b"eXIf": _LONGEST_EXIF}, 8
    while position < len(content):
        length, kind = int.from_bytes(content[position : position + 4], "big"), content[position + 4 : position + 8]
        end = position + 12 + length
        if kind in _OF_PNG or length <= once.pop(kind, -1):
            kept.append(content[position:end])
        position = len(content) if kind == b"IEND" else end
    return b"".join(kept)


def _gif(content: bytes) -> bytes:
    """With what says which of its colours is none."""
    flags, control = content[10], b""
    position = start = 13 + (6 << (flags & 7) if flags & 0x80 else 0)
    while (found := _BLOCK.search(content, position)) is not None:
        position = found.start()
        if found[0] != b"!":
            break
        end = position + 2
        while end < len(content) and content[end]:
            end += content[end] + 1
        if content[position + 1] == _GRAPHIC_CONTROL:
            control = content[position : end + 1]
        position = end + 1
    return content[:start] + control + content[position:]


def _webp(content: bytes) -> bytes:
    kept, position, last = [b"WEBP"], 12, 8 + int.from_bytes(content[4:8], "little")
    while position < min(last, len(content)):
        kind, length = content[position : position + 4], int.from_bytes(content[position + 4 : position + 8], "little")
        end = position + 8 + length + length % 2
        if kind != b"XMP " and (kind != b"EXIF" or length <= _LONGEST_EXIF):
            kept.append(content[position:end])
        position = end
    body = b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
