"""The file of names of 20,000 items: its bytes, and the seconds that publishing and taking it in cost.

    python -m benchmarks.names

400 courses of 50 items, titles of four to eight words. Published for real (readings of one line), then an item gets
another title; head office takes both in from a folder, into SQLite. The time of the publication that carries the names
forward is that of publishing again, all files seen before.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.office import Office
from benchmarks.pairs import WORDS
from collector.db import database, open_database
from collector.names.watch import Names
from content_cache.publisher.groups import read_groups
from content_cache.publisher.names import names_now
from content_cache.repository import Repository

if TYPE_CHECKING:
    from content_cache.records import Blob

COURSES, ITEMS = 400, 50
HEAD = "course: curso-{0}\ntitle: {1}\nsummary: x\nlanguage: es-MX\ntopic: ahorro\nitems:\n"
ITEM = "  - item: leccion-{0}\n    kind: reading\n    title: {1}\n    file: uno.md\n"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder, office = Path(name), Office(Path(name) / "office")
        write_courses(folder / "courses")
        office.publish(folder / "courses")
        first, carried = names_of(office), carry(office)
        open_database(f"sqlite:///{folder / 'office.sqlite3'}")
        names = Names(str(office.repository), office.root, folder / "names")
        took = [take_in(names, 1)]
        path = folder / "courses" / "curso-7" / "course.yaml"
        path.write_text(path.read_text().replace("title: ", "title: Otra vez ", 2))
        office.publish(folder / "courses")
        took.append(take_in(names, 2))
        database.close()
    print("| | |\n|---|---|")
    print(f"| names of {COURSES * ITEMS:,} items | {first.size:,} bytes, packed **{first.packed:,}** |")
    print(f"| carrying them forward, at each publication | {carried:.2f} s |")
    print(f"| head office takes them in, the first time | **{took[0]:.2f} s** |")
    print(f"| again, two titles changed | {took[1]:.2f} s |")


def write_courses(folder: Path) -> None:
    """Course folders, the same in every run."""
    rng = random.Random(5)
    for course in range(COURSES):
        at = folder / f"curso-{course}"
        at.mkdir(parents=True)
        (at / "uno.md").write_text(f"# Curso {course}\n")
        items = "".join(ITEM.format(item, title(rng)) for item in range(ITEMS))
        (at / "course.yaml").write_text(HEAD.format(course, title(rng)) + items)


def title(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(4, 8))).capitalize()


def names_of(office: Office) -> Blob:
    found = read_groups(office.repository).names
    assert found
    return found


def carry(office: Office) -> float:
    """Seconds to bring the names up to a release that changes none."""
    began, repository = time.perf_counter(), Repository(office.repository)
    entries = repository.head()[0].courses
    numbers = {row.slug: row.number for row in repository.numbers()}
    names_now(repository, read_groups(office.repository), numbers, entries, entries)
    return time.perf_counter() - began


def take_in(names: Names, number: int) -> float:
    began = time.perf_counter()
    with database.connection_context():
        names.follow(number)
    assert names.trouble is None, names.trouble
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
