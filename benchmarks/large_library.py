"""A library of 2,000 courses and 100,000 items: how long home, topics, courses, items and searches take over HTTP.

    python -m benchmarks.large_library [COURSES [ITEMS_OF_EACH]]

The repository is written directly, since publishing would look at each file; it is imported and served for real.
Every item has a summary, every tenth captions and every tenth is a reading, of words as rare as Spanish ones are.
Courses and items are asked for once each, so that none comes from the hub's cache of pages. First on one connection,
then on eight at once, by the same client, whose own time counts; in the end the same searches without the pages.
"""

from __future__ import annotations

import http.client
import itertools
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from benchmarks.servers import Server, free_port, pss_mb, running
from content_cache.importer import import_repository
from content_cache.library import Library
from tests.simulators.repository import entry_of, file_of, write_head

if TYPE_CHECKING:
    from collections.abc import Callable

TOPICS = ["Costos y precios", "Ahorro", "Vender con el teléfono", "Cuidar tus datos", "Organizar el taller", "Salud"]
COMMON = """
de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ya este sí porque esta
entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros
precio costo ahorro venta negocio cliente dinero celular cuenta banco crédito préstamo familia taller bordado tamal
mercado puesto gasto ganancia lección curso semana mes día año casa comunidad mujer trabajo tiempo material
""".split()  # noqa: SIM905 (easier to read)
SYLLABLES = """
ca ma to pre cio jus ven ta ne go cos pa ra li so gua que llu rro bra ces di ñe plan tel cha hue yo zi
""".split()  # noqa: SIM905
COVER = '<svg viewBox="0 0 220 220">' + '<circle cx="{0}" cy="60" r="40" fill="#b5482a"/>' * 12 + "</svg>"
EACH = 300  # requests of a kind
CONNECTIONS = 8


class Words:
    """Words of which the second is half as frequent as the first, the third a third (Zipf's law)."""

    def __init__(self, seed: int = 1, different: int = 30_000) -> None:
        self.dice = random.Random(seed)
        made = {"".join(self.dice.choices(SYLLABLES, k=self.dice.randint(2, 5))) for _ in range(different)}
        self.all = [*COMMON, *sorted(made)]
        self._weights = list(itertools.accumulate(1 / rank for rank in range(1, len(self.all) + 1)))

    def text(self, count: int) -> str:
        return " ".join(self.dice.choices(self.all, cum_weights=self._weights, k=count)).capitalize()


def make_repository(root: Path, courses: int, items: int) -> None:
    """Write a repository without a publisher."""
    words, entries, number = Words(), [], 0
    film = file_of(root, "main", "x.mp4", "video/mp4", b"film")
    light = file_of(root, "rendition", "x.240p.mp4", "video/mp4", b"light", rendition="240p")
    for course in range(courses):
        number += 1
        first = {"course": f"curso-{course}", "number": number, "title": words.text(4), "summary": words.text(25)}
        first |= {"language": "es-MX", "topic_title": (topic := TOPICS[course % len(TOPICS)])}
        first |= {"topic": topic.lower().replace(" ", "-").replace("é", "e"), "cover": COVER.format(course % 200)}
        lines = []
        for item in range(items):
            line = {"item": f"leccion-{item}", "number": number + item + 1, "title": f"Lección: {words.text(4)}"}
            lines.append(line | {"summary": words.text(15)} | files(root, words, item, [film, light]))
        number += items
        entries.append(entry_of(root, f"curso-{course}", first["number"], [first, *lines]))
    write_head(root, entries, format=2)


def files(root: Path, words: Words, item: int, film: list[dict[str, object]]) -> dict[str, object]:
    """What an item is and has: of ten one is a reading, one a film with captions, the others films without."""
    if item % 10 == 0:
        text = "\n\n".join(words.text(40) for _ in range(6)).encode()
        return {"kind": "reading", "files": [file_of(root, "main", "x.md", "text/markdown", text)]}
    if item % 10 == 1:
        cues = "".join(f"\n00:{at:02}.000 --> 00:{at + 1:02}.000\n{words.text(8)}\n" for at in range(20))
        vtt = file_of(root, "captions", "x.es.vtt", "text/vtt", f"WEBVTT\n{cues}".encode(), language="es")
        return {"kind": "video", "seconds": 90, "files": [*film, vtt]}
    return {"kind": "video", "seconds": 60 + item, "files": film}


def questions(words: Words) -> dict[str, list[str]]:
    """What is searched for, by what makes it hard."""
    dice = random.Random(7)
    rare = words.all[len(words.all) // 2 :]
    return {
        "common words": ["lección", *dice.choices(COMMON, k=EACH - 1)],
        "several words": [" ".join(dice.choices(COMMON[60:], k=dice.randint(2, 4))) for _ in range(EACH)],
        "rare words": dice.choices(rare, k=EACH),
        "beginnings": [one[: dice.randint(2, 5)] for one in dice.choices(words.all, k=EACH)],
        "one letter": dice.choices("abcdefgilmnopqrstuvyz", k=EACH),
        "common and rare": [f"lección {one}" for one in dice.choices(rare, k=EACH)],
        "nothing there": [f"{one}xkw" for one in dice.choices(words.all, k=EACH)],
        "garbage": ['"' + one + "* OR (" * 20 for one in dice.choices(words.all, k=EACH)],
    }


def paths(courses: int, items: int, share: int) -> dict[str, list[str]]:
    """The pages to ask for; those of courses and items are others for each `share`."""
    dice = random.Random(share)
    slugs = [f"curso-{one}" for one in range(courses) if one % 2 == share]
    dice.shuffle(slugs)
    topics = sorted({one.lower().replace(" ", "-").replace("é", "e") for one in TOPICS})
    return {
        "home": ["/"] * EACH,
        "topics": [f"/topics/{topic}" for topic in topics] * (EACH // len(topics)),
        "courses, cold": [f"/courses/{slug}" for slug in slugs[:EACH]],
        "items, cold": [f"/items/{slug}/leccion-{dice.randrange(items)}" for slug in slugs[:EACH]],
    }


def ask(url: str, some: list[str]) -> list[float]:
    """Milliseconds of each request on one connection; an empty list if a page is not there."""
    at = urlsplit(url)
    headers = {"Accept-Encoding": "gzip", "Cookie": f"visitor={os.urandom(16).hex()}"}
    took = []
    with closing(http.client.HTTPConnection(at.hostname or "", at.port)) as connection:
        for path in some:
            began = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            took.append(1000 * (time.perf_counter() - began))
            if answer.status == 404:
                return []
            assert answer.status == 200, (path, answer.status)
    return took


def search(library: Library, some: list[str]) -> list[float]:
    """Milliseconds of each search as the hub makes it: the catalogue is opened for it."""
    took = []
    for query in some:
        began = time.perf_counter()
        catalogue = library.catalogue()
        assert catalogue is not None
        with closing(catalogue):
            catalogue.search(query, limit=20)
        took.append(1000 * (time.perf_counter() - began))
    return took


def on(connections: int, one: Callable[[list[str]], list[float]], some: list[str]) -> list[float]:
    """All of `some`, dealt out to so many connections at once."""
    with ThreadPoolExecutor(connections) as pool:
        shares = [some[start::connections] for start in range(connections)]
        return sorted(itertools.chain.from_iterable(pool.map(one, shares)))


def show(name: str, connections: int, took: list[float]) -> None:
    if not took:
        print(f"{name:<28} {connections:>5}  not there", flush=True)
        return
    middle, high = took[len(took) // 2], took[int(len(took) * 0.95)]
    print(f"{name:<28} {connections:>5} {len(took):>6} {middle:>8.1f} {high:>8.1f} {took[-1]:>8.1f}", flush=True)


def main(courses: int = 2000, items: int = 50) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        data = Path(name)
        library = fill(data, courses, items)
        port = free_port()
        server = Server("hub", [sys.executable, "-m", "hub", "web"], f"http://127.0.0.1:{port}/healthz")
        server.environ.update({"HUB_DATA": str(data), "HUB_PORT": str(port)})
        searches = questions(Words())
        print(f"{'ms':<28} {'conns':>5} {'asked':>6} {'p50':>8} {'p95':>8} {'max':>8}")
        with running(server) as process:
            for share, connections in enumerate((1, CONNECTIONS)):
                pages = paths(courses, items, share)
                pages |= {
                    f"search, {kind}": [f"/search?q={quote(one)}" for one in some] for kind, some in searches.items()
                }
                for kind, some in pages.items():
                    show(kind, connections, on(connections, lambda part: ask(server.url, part), some))
            print(f"memory of the hub: {pss_mb(process.pid):.0f} MB")
        for connections in (1, CONNECTIONS):
            some = [one for each in searches.values() for one in each]
            show("searches without pages", connections, on(connections, lambda part: search(library, part), some))


def fill(data: Path, courses: int, items: int) -> Library:
    """Make the repository and take it in."""
    make_repository(data / "repository", courses, items)
    library = Library(data / "library")
    began = time.perf_counter()
    imported = import_repository(data / "repository", library)
    seconds = time.perf_counter() - began
    size = library.path(imported.release).stat().st_size / 2**20
    print(f"{imported.courses} courses, {imported.items} items: imported in {seconds:.0f} s, catalogue {size:.0f} MiB")
    return library


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
