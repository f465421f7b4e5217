"""The programme that a hub belongs to: its name, logo and colour, from one TOML file (docs/operating/settings.md).

    programme = load(settings)                      # raises BadSetting with a sentence
    programme.dress("hub.css", css)                 # the styles, in the programme's colour

One colour is enough: what is written upon it, its pale wash and its form for dark pages follow from it. All of it can
be read, with the contrast that WCAG 2.2 asks for (success criterion 1.4.3): a colour that cannot is refused.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from content_cache.drawings import MAX_FILE, BadDrawing, clean_svg
from hub.settings import BadSetting, Settings

if TYPE_CHECKING:
    from pathlib import Path

COLOUR = "#a3401c"  # as in hub/frontend
READABLE = 4.5  # to 1; WCAG 2.2, level AA
EASY = 7.0  # level AAA
WHITE, INK = "#ffffff", "#2b1408"
# The grounds that the styles paint letters of the colour upon, cards and the page; a test compares them with hub.css.
LIGHT = ("#ffffff", "#fbf7f0")
DARK = ("#28211d", "#1b1613")
TOKENS = ":root{{--accent:{};--on-accent:{};--wash:{}}}"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(max_length=40)]
    colour: Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")] = COLOUR
    logo: str = ""

    def __post_init__(self) -> None:
        """Refuse a name of which nothing would be seen, or that turns the writing around it."""
        if not self.name.strip() or not self.name.isprintable():
            raise ValueError("its name is empty or has signs that cannot be seen")


@dataclass(frozen=True)
class Programme:
    """`logo` is markup for a page, or nothing; `colour` reads #rrggbb."""

    name: str = "Village Hub"
    logo: str = ""
    colour: str = COLOUR

    def dress(self, name: str, text: str) -> str:
        """The style sheet or drawing `name` of ours, in the programme's colour."""
        if self.colour == COLOUR:
            return text
        return text + tokens(self.colour) if name.endswith(".css") else text.replace(COLOUR, self.colour)


def load(settings: Settings) -> Programme:
    """The programme as its file says, or the one built in where there is no file; raises BadSetting."""
    path = settings.programme_file
    try:
        text = path.read_text("utf-8-sig")  # some editors begin each file with a mark of their own
    except FileNotFoundError:
        if settings.programme == Settings.programme:
            return Programme()
        raise BadSetting(f"HUB_PROGRAMME names {path}, which is not there; write the file or leave it out.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"The programme file {path} cannot be read ({error}); mend it or take it away.") from None
    return _programme(path, text)


def _programme(path: Path, text: str) -> Programme:
    try:
        file = msgspec.convert(tomllib.loads(text), _File)
    except (ValueError, RecursionError) as error:  # what is no TOML, or not ours, or a number without end
        example = 'write it as in: name = "Mujeres del maíz", colour = "#a3401c", logo = "logo.svg"'
        raise BadSetting(f"The programme file {path} is not right ({error}); {example}.") from None
    colour = file.colour.lower()
    if (seen := min(contrast(colour, ground) for ground in (*LIGHT, wash(colour, LIGHT)))) < READABLE:
        raise BadSetting(
            f"The colour {colour} in {path} is too pale to be read on paper "
            f"({seen:.1f} to 1, and {READABLE} is the least); take a darker one."
        )
    return Programme(file.name.strip(), _logo(path, file.logo), colour)


def _logo(path: Path, name: str) -> str:
    if not name:
        return ""
    try:
        with (path.parent / name).open("rb") as file:
            return clean_svg(file.read(MAX_FILE + 1))
    except OSError as error:
        reason = error.strerror or "no such name"
    except ValueError as error:  # a BadDrawing, or a name with a zero in it
        reason = str(error) if isinstance(error, BadDrawing) else "no such name"
    raise BadSetting(f"The logo {name!r} in {path} cannot be used ({reason}); put a plain SVG drawing beside the file.")


def tokens(colour: str) -> str:
    """The style tokens that follow from the colour, for light pages and for dark ones."""
    lighter = for_dark(colour)
    light = TOKENS.format(colour, letters_on(colour), wash(colour, LIGHT))
    dark = TOKENS.format(lighter, letters_on(lighter), wash(lighter, DARK))
    return f"{light}\n@media (prefers-color-scheme:dark){{{dark}}}\n"


def wash(colour: str, grounds: tuple[str, str]) -> str:
    """A breath of the colour over the page's own ground."""
    return mixed(colour, grounds[1], 0.1)


def for_dark(colour: str) -> str:
    """The colour mixed with as little white as makes it easy to read on dark pages."""
    steps = (mixed(WHITE, colour, step / 50) for step in range(51))
    return next(lighter for lighter in steps if min(contrast(lighter, ground) for ground in DARK) >= EASY)


def letters_on(colour: str) -> str:
    """White or dark ink, whichever is easier to read upon the colour."""
    return max((WHITE, INK), key=lambda letters: contrast(letters, colour))


def mixed(colour: str, other: str, part: float) -> str:
    """`part` (0 to 1) of one colour, the rest of the other."""
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(part * one + (1 - part) * two):02x}" for one, two in pairs)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance, from 0 to 1 (WCAG 2.2, "relative luminance", with sRGB's own threshold)."""
    shares = (part / 255 for part in _parts(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
