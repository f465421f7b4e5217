"""Hubs to look at: one with a library, one without, one with more courses than fit a screen, one with few visitors, one
to which courses are still coming (tests/browser/delivery.py), one without a line (tests/browser/carrying.py), and two
with a name of their own, whose portal is seen by a phone before and after (tests/browser/joining.py); and one that a
technician is about to leave (tests/browser/leaving.py).

with Village(folder) as village:
    village.hub("village").at("/")      # each is started when it is first asked for
    village.staff("village")            # the cookie of a technician who signed in there
    village.link()                      # a fresh one-time link

The library is the sample courses, and a course that holds a lesson of every kind, one of them broken on the disk.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import struct
import time
import wave
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

import requests

from tests.browser import carrying, joining, leaving, visiting
from tests.browser.delivery import wait_for_some
from tests.town import ITEM, SAMPLES, Phone, Town

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Cookie

EVERY_KIND = "una-de-cada"
PASSWORD = "tres gatos cantan"
MANY = 70
# Hubs whose settings are a box's, or say a name.
ENVIRONS = {
    **dict.fromkeys(("joining", "joined"), joining.NAMED),
    **dict.fromkeys(visiting.FILL, visiting.ENVIRON),
    **dict.fromkeys(leaving.FILL, leaving.ENVIRON),
}
COURSE = """\
course: {slug}
title: {title}
summary: {summary}
language: es-MX
topic: {topic}
licence: CC-BY-4.0
items:
"""
KINDS = """\
  - item: video
    kind: video
    title: Un video
    summary: Cuánto cuesta lo que vendes.
    file: video.mp4
    renditions:
      240p: video.240p.mp4
    poster: video.jpg
    captions:
      es-MX: video.vtt
  - item: audio
    kind: audio
    title: Para escuchar
    file: audio.wav
  - item: lectura
    kind: reading
    title: Para leer
    file: lectura.md
  - item: documento
    kind: document
    title: Una hoja para imprimir
    file: documento.pdf
  - item: imagen
    kind: image
    title: Una foto
    summary: Un puesto de mercado con fruta.
    file: imagen.jpg
  - item: preguntas
    kind: quiz
    title: Unas preguntas
    file: preguntas.yaml
  - item: roto
    kind: video
    title: Un video que no se puede ver
    file: roto.mp4
"""
QUIZ = """\
questions:
  - prompt: ¿Cuáles son los tres costos?
    choices: [Materiales y gas, "Materiales, tu tiempo y gastos fijos", Renta y luz]
    correct: 2
    feedback: Porque tu tiempo también vale.
  - prompt: ¿Qué se cuenta cada mes?
    choices: [La renta, La luz, El lápiz]
    correct: [1, 2]
"""
READING = """\
# Para leer

Un **texto** con [un enlace](https://example.org/) y una lista:

- uno
- dos

| Costo | Pesos |
|---|---:|
| Harina | 120.00 |
| Un nombre largo que no cabe en una columna angosta de un teléfono | 1,250.00 |

> Una frase para recordar.
"""


class Village:
    """The hubs and the folder they live in; all are stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hubs: dict[str, Town] = {}
        self._staff: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for town in self._hubs.values():
            town.__exit__()

    def hub(self, name: str) -> Town:
        """The hub `village`, `empty`, `crowded`, `quiet`, `waiting`, `carried`, or one of those in ENVIRONS, running."""
        if name not in self._hubs:
            fill: dict[str, Callable[[Town], None]] = {
                "village": self._settle,
                "crowded": _crowd,
                "quiet": _come_by,
                "waiting": wait_for_some,
                "carried": _without_a_line,
                **visiting.FILL,
                **leaving.FILL,
            }
            folder = self.folder / name
            folder.mkdir(parents=True)
            town = Town(folder, ENVIRONS.get(name))
            self._hubs[name] = town
            fill.get(name, lambda _town: None)(town)
            town.start("web")
        return self._hubs[name]

    def link(self, hub: str = "village") -> str:
        """A link that lets a technician in once; it takes the place of the one before."""
        words = ("--name", "Dzemul", "--time-zone", "America/Merida", "--without-head-office", "--json")
        return str(json.loads(self.hub(hub).run("hub", "setup", *words))["link"])

    def staff(self, hub: str) -> Cookie:
        """The cookie of a technician who entered by a link and chose `PASSWORD`."""
        if hub not in self._staff:
            self._staff[hub] = self._enter(hub)
        return {"name": "staff", "value": self._staff[hub], "domain": "localhost", "path": "/technician"}

    def _enter(self, hub: str) -> str:
        phone, at = requests.Session(), self.hub(hub).at
        phone.headers["Origin"] = at("")
        form = phone.post(self.link(hub), timeout=20).text
        token = re.search(r'name="form_token" value="([^"]+)"', form)
        assert token is not None, form
        words = {"form_token": token[1], "password": PASSWORD, "again": PASSWORD}
        assert phone.post(at("/technician/password"), words, timeout=20).url == at("/technician")
        return str(phone.cookies["staff"])

    def _settle(self, town: Town) -> None:
        courses = town.folder / "courses"
        shutil.copytree(SAMPLES, courses)
        _write_every_kind(courses / EVERY_KIND)
        library = town.library = town.fill_library(courses)
        broken = library.store.path(library.catalogue().item(f"{EVERY_KIND}/roto").file("main").sha256)
        broken.write_bytes(bytes(broken.stat().st_size))
        _use(town, ITEM, 9, 8, 7, 6)


def _write_every_kind(course: Path) -> None:
    course.mkdir()
    slug = ITEM.partition("/")[0]
    lesson = next((SAMPLES / slug / "lecciones").glob("1-*.vtt")).with_suffix("")
    picture = next(path for path in (lesson.with_suffix(ending) for ending in (".webp", ".jpg")) if path.exists())
    header = COURSE.format(slug=EVERY_KIND, title="Una lección de cada clase", summary="Para probar.", topic="pruebas")
    (course / "course.yaml").write_text(header + KINDS.replace(".jpg", picture.suffix), "utf-8")
    shutil.copy(picture, course / f"video{picture.suffix}")
    shutil.copy(lesson.with_suffix(".vtt"), course / "video.vtt")
    film = lesson.with_suffix(".mp4").read_bytes()
    # A box of padding makes each a file of its own, which may be broken without the sample's.
    for number, name in enumerate(("video", "video.240p", "roto"), start=1):
        (course / f"{name}.mp4").write_bytes(film + struct.pack(">I4sI", 12, b"free", number))
    (course / "preguntas.yaml").write_text(QUIZ, "utf-8")
    with wave.open(str(course / "audio.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 8000 * 20))
    (course / "lectura.md").write_text(READING, "utf-8")
    shutil.copy(next((SAMPLES / slug).glob("*.pdf")), course / "documento.pdf")
    shutil.copy(picture, course / f"imagen{picture.suffix}")


def _use(town: Town, lesson: str, *phones_on_each_day: int) -> None:
    """Days of visits, the last one today. What is counted is dated by its boot: each day is one that began earlier."""
    for days_ago, phones in reversed(list(enumerate(reversed(phones_on_each_day)))):
        town.start("web")
        for number in range(phones):
            phone = Phone(town)
            town.ask(
                "GET", "/", Cookie=f"visitor={phone.visitor}", Accept_Language="en" if number % 5 == 4 else "es-MX"
            )
            phone.play(lesson, [[0, 60 + 10 * number]])
            phone.insist()
        town.stop("web")
        _move_back(town, days_ago)


def _move_back(town: Town, days: int) -> None:
    began = time.time() - 86_400 * days - time.clock_gettime(time.CLOCK_BOOTTIME)
    with closing(sqlite3.connect(Path(town.environ["HUB_DATA"]) / "hub.sqlite3")) as database, database:
        database.execute(
            "UPDATE boot SET began = ?, source = 'technician', boot_id = iif(?, 'day ' || ?, boot_id)"
            " WHERE id = (SELECT max(id) FROM boot)",
            (began, days, days),
        )


def _crowd(town: Town) -> None:
    for number in range(1, MANY + 1):
        course = town.folder / "courses" / f"curso-{number}"
        course.mkdir(parents=True)
        words = {"title": f"Curso {number}, cómo empezar", "summary": "Lo primero que hay que saber."}
        header = COURSE.format(slug=course.name, topic=f"tema-{number}" if number % 2 else "muchos", **words)
        lesson = "  - item: leer\n    kind: reading\n    title: Para leer\n    file: leer.md\n"
        (course / "course.yaml").write_text(header + lesson, "utf-8")
        (course / "leer.md").write_text(READING, "utf-8")
        if number in (MANY - 1, MANY):  # the last one comes with a release of its own, and is new
            town.fill_library(town.folder / "courses")


def _without_a_line(town: Town) -> None:
    """A hub that was set up with a kit, and whose days wait for somebody to carry them."""
    town.fill_library()
    _use(town, ITEM, 2, 1)
    carrying.set_up(town)


def _come_by(town: Town) -> None:
    """A hub of its own, since whoever looks at a page here is counted."""
    town.fill_library()
    _use(town, ITEM, 2, 1)
