"""What becomes of a file that somebody says is a picture: drawn anew, or refused."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from flask_myprofile.account import pictures
from flask_myprofile.account.picture_files import to_be_seen
from flask_myprofile.account.pictures import Damaged, NotUsable, TooManyPixels, UnknownKind
from tests.support.pictures import BLUE, GREEN, RED, is_near, picture, read, written

MOST = 1_000_000


def drawn(content: bytes, most: int = MOST) -> Image.Image:
    return read(pictures.drawn_anew(io.BytesIO(content), most))


def middle(content: bytes) -> Any:
    return drawn(content).getpixel((128, 128))


def halves(mode: str, left: Any, right: Any, size: tuple[int, int] = (64, 64)) -> Image.Image:
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


# ---- what it looks like


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7), (256, 256), (900, 700)])
def test_each_kind_and_shape_becomes_a_square_jpeg(kind: str, size: tuple[int, int]) -> None:
    found = drawn(picture(kind, GREEN, size))
    assert (found.format, found.size, found.mode) == ("JPEG", (256, 256), "RGB")
    assert is_near(found.getpixel((128, 128)), GREEN)


def test_the_middle_is_what_is_kept() -> None:
    image = Image.new("RGB", (300, 100), RED)
    image.paste(GREEN, (100, 0, 200, 100))
    found = drawn(written(image))
    assert all(is_near(found.getpixel(at), GREEN) for at in ((8, 8), (247, 8), (128, 128), (8, 247)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "red"),
    [(1, "left"), (2, "right"), (3, "right"), (4, "left"), (5, "top"), (6, "top"), (7, "bottom"), (8, "bottom")],
)
def test_a_camera_that_was_held_otherwise_is_heeded(kind: str, orientation: int, red: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = drawn(written(halves("RGB", RED, BLUE), kind, exif=exif))
    places = {"left": (20, 128), "right": (236, 128), "top": (128, 20), "bottom": (128, 236)}
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
    assert is_near(found.getpixel(places[red]), RED)
    assert is_near(found.getpixel(places[opposite[red]]), BLUE)


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "seen"),
    [
        ("1", 1, "PNG", (255, 255, 255)),
        ("L", 128, "PNG", (128, 128, 128)),
        ("L", 128, "JPEG", (128, 128, 128)),
        ("LA", (40, 255), "PNG", (40, 40, 40)),
        ("I;16", 40_000, "PNG", (156, 156, 156)),
        ("RGBA", (*RED, 255), "PNG", RED),
        ("RGBA", (*RED, 255), "WEBP", RED),
        ("RGBA", (0, 0, 0, 0), "PNG", (255, 255, 255)),
        ("RGBA", (0, 0, 0, 128), "PNG", (127, 127, 127)),
        ("LA", (0, 0), "PNG", (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0)),
    ],
)
def test_every_way_to_write_a_colour_is_seen_as_it_was(mode: str, colour: Any, kind: str, seen: Any) -> None:
    assert is_near(middle(written(Image.new(mode, (50, 50), colour), kind)), seen)


def test_a_palette_and_what_of_it_is_transparent() -> None:
    image = Image.new("P", (50, 50), 1)
    image.putpalette([*RED, *BLUE])
    for kind in ("PNG", "GIF"):
        assert is_near(middle(written(image, kind)), BLUE)
        assert is_near(middle(written(image, kind, transparency=1)), (255, 255, 255))
    assert is_near(middle(written(Image.new("RGB", (9, 9), RED), "PNG", transparency=RED)), (255, 255, 255))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_is_kept(kind: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (GREEN, RED, BLUE)]
    moving = written(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert is_near(middle(moving), GREEN)


def test_two_pictures_in_one_file_as_some_phones_write_are_the_first() -> None:
    first, second = Image.new("RGB", (64, 64), GREEN), Image.new("RGB", (64, 64), RED)
    assert is_near(middle(written(first, "MPO", save_all=True, append_images=[second])), GREEN)


def test_the_colours_of_a_screen_are_put_into_the_usual_ones() -> None:
    """And a profile that is none changes nothing."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, b"no profile", bytes(2_000_000)):
        assert is_near(middle(written(Image.new("RGB", (64, 64), RED), "JPEG", icc_profile=profile)), RED)


# ---- what is left of the file


SECRET = b"Rue de la Paix 7, <script>alert(1)</script>"


def with_all_metadata(kind: str, *only: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = SECRET.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 52.0, 9.0), 3: "E", 4: (2.0, 19.0, 52.0)})
    options: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", SECRET.decode())
        notes.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        options["pnginfo"] = notes
    elif kind == "JPEG":
        options |= {"comment": SECRET, "xmp": SECRET}
    elif kind == "WEBP":
        options["xmp"] = SECRET
    else:
        options = {"comment": SECRET}
    if only:
        options = {name: value for name, value in options.items() if name in only}
    return written(Image.new("RGB", (64, 64), RED), kind, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nothing_that_the_file_says_is_left(kind: str) -> None:
    sent = with_all_metadata(kind)
    assert SECRET in sent
    kept = pictures.drawn_anew(io.BytesIO(sent + SECRET), MOST)
    assert SECRET not in kept and b"script" not in kept and b"Exif" not in kept
    found = read(kept)
    assert not found.getexif()
    assert set(found.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_file_that_is_a_picture_and_a_page_is_a_picture_then() -> None:
    """A GIF whose first bytes read as text; its comment closes that, and goes on as HTML."""
    page = (
        written(Image.new("P", (0x2F2A, 4)), "GIF")[:-1] + b"\x21\xfe\x1e*/=1;</style><svg onload=a()>\x00;" + b"<html>"
    )
    assert page.startswith(b"GIF87a*/") and b"<html>" in page
    kept = pictures.drawn_anew(io.BytesIO(page), MOST)
    assert not any(word in kept for word in (b"GIF", b"svg", b"onload", b"html", b"style"))
    assert read(kept).format == "JPEG"


def test_the_same_sight_has_the_same_digest() -> None:
    one, other = (pictures.drawn_anew(io.BytesIO(picture("PNG", RED)), MOST) for _ in "ab")
    assert pictures.digest(one) == pictures.digest(other)
    assert len(pictures.digest(one)) == 16


# ---- what is refused


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><!DOCTYPE svg><svg/>",
        b"<!doctype html><html>",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"#!/bin/sh\n",
        b"BM" + bytes(60),
        b"II*\x00" + bytes(60),
        b"8BPS" + bytes(60),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00 ftypavif" + bytes(40),
        b"\x00\x00\x01\x00" + bytes(40),
    ],
)
def test_what_is_no_picture_of_these_kinds_is_refused(content: bytes) -> None:
    with pytest.raises(UnknownKind) as refused:
        drawn(content)
    assert not refused.value.is_heif


def test_every_other_format_that_pillow_reads_is_refused() -> None:
    """Some have decoders that nobody looks after."""
    Image.init()
    image = Image.new("RGB", (32, 32), RED)
    for kind in sorted(set(Image.SAVE) - {"JPEG", "PNG", "WEBP", "GIF", "MPO"}):
        try:
            content = written(image, kind)
        except Exception:  # cannot be written of such a picture, or on this machine
            continue
        with pytest.raises(UnknownKind):
            drawn(content)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_the_pictures_of_an_iphone_are_known_by_name(brand: bytes) -> None:
    with pytest.raises(UnknownKind) as refused:
        drawn(b"\x00\x00\x00\x28ftyp" + brand + bytes(64))
    assert refused.value.is_heif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_part_of_a_picture_is_damaged(kind: str) -> None:
    noise = Image.effect_noise((200, 200), 99).convert("RGB")
    content = written(noise, kind)
    for length in (16, 60, len(content) // 2):
        with pytest.raises(Damaged):
            drawn(content[:length])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_whatever_is_wrong_within_is_the_pictures_fault(kind: str) -> None:
    """Each of its first bytes turned around: it is drawn or refused, and nothing else comes of it."""
    content = with_all_metadata(kind)
    for at in range(min(len(content), 600)):
        broken = bytearray(content)
        broken[at] ^= 0xFF
        try:
            pictures.drawn_anew(io.BytesIO(bytes(broken)), MOST)
        except NotUsable:
            continue


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize("side", [5_000, 20_000, 60_000, 2**31 - 1])
def test_what_would_take_too_much_memory_is_refused_by_what_it_says_of_itself(side: int) -> None:
    """A file of a few bytes; nothing is decoded, whatever Pillow warns of."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")
    with pytest.raises(TooManyPixels):
        drawn(bomb)


def into_png(content: bytes, added: bytes) -> bytes:
    head = content.index(b"IDAT") - 4
    return content[:head] + added + content[head:]


# ---- what the decoder gets to read of it


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_a_file_says_besides_is_not_read(kind: str) -> None:
    """Of what is read, the way up alone may have a few texts with it."""
    sent, camera = with_all_metadata(kind), with_all_metadata(kind, "exif")
    assert to_be_seen(sent).count(SECRET) == camera.count(SECRET) < sent.count(SECRET)
    assert is_near(middle(sent), RED)


def test_texts_are_not_unpacked() -> None:
    text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(30_000_000)))
    assert is_near(middle(into_png(picture("PNG"), text)), RED)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_a_camera_says_at_length_is_not_read(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a" * 70_000
    sent = written(Image.new("RGB", (64, 64), RED), kind, exif=exif)
    assert len(to_be_seen(sent)) < 2_000
    assert is_near(middle(sent), RED)


def test_of_several_profiles_the_first_one_is_read() -> None:
    profiles = [chunk(b"iCCP", b"name\x00\x00" + zlib.compress(each)) for each in (b"first", b"second")]
    assert to_be_seen(into_png(picture("PNG"), b"".join(profiles))).count(b"iCCP") == 1


@pytest.mark.parametrize("scans", [0, 50, 100])
def test_a_jpeg_goes_over_its_pixels_a_hundred_times_at_most(scans: int) -> None:
    plain = written(Image.new("RGB", (16, 16), GREEN), "JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")
    sent = plain[:last] + plain[last:-2] * (scans + 1) + plain[-2:]
    if plain.count(b"\xff\xda") + scans > 100:
        with pytest.raises(Damaged):
            drawn(sent)
    else:
        assert is_near(middle(sent), GREEN)


@pytest.mark.parametrize("part", [b"\xff\xfe\x00\x02", b"\xff\xed\x00\x02"])
def test_a_jpeg_in_too_many_parts_is_refused(part: bytes) -> None:
    plain = picture("JPEG")
    assert is_near(middle(plain[:2] + part * 1_000 + plain[2:]), RED)
    with pytest.raises(Damaged):
        drawn(plain[:2] + part * 11_000 + plain[2:])


def test_a_motion_picture_behind_a_jpeg_is_no_part_of_it() -> None:
    assert is_near(middle(picture("JPEG") + b"\xff\xda\x00\x02" * 200), RED)


def test_a_gif_keeps_the_colour_that_is_none() -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert is_near(middle(written(image, "GIF", comment=SECRET)), (255, 255, 255))
