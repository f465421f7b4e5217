"""Two versions of the same files, of the kinds that course content changes in, made again from nothing.

    python -m benchmarks.pairs [FOLDER]         # var/pairs/<name>/old and /new; about a minute, and once

    html     two Debian versions of PostgreSQL's documentation: the version stands in every page
    html2    the newer one, a paragraph added in 12 pages
    pdf      8 documents with pictures, 2 of them exported again after one sentence
    scorm    a SCORM package as a zip, one script edited, everything zipped anew
    scormd   the same, unpacked
    quiz     an SQLite database of 20,000 questions, 20 changed and 10 added
    remux    a film given a title, its index moved to the front
    reencode the same film encoded again at another quality: nothing of the old helps

A pair that cannot be made here (no ffmpeg, no Debian archive) is left out, with the reason.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PAIRS = ROOT / "var" / "pairs"
SCORM = ROOT.parent / "shared" / "data" / "scorm12" / "es_actividad-evaluable_scorm12.zip"
DOCS = "postgresql-doc-15"
TEXT = "el precio de lo que vendes cubre costos y tiempo ahorra cada semana una parte cuenta ventas gastos meta"
WORDS = TEXT.split()


class Unmade(Exception):
    """A pair that this machine cannot make; `str(error)` says why."""


def pairs(folder: Path = PAIRS, *, names: list[str] | None = None) -> dict[str, tuple[Path, Path]]:
    """Each pair's folders, old and new; what is not there yet is made."""
    found = {}
    for name in names or list(MAKERS):
        try:
            found[name] = _pair(folder / name, MAKERS[name])
        except Unmade as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def _pair(folder: Path, make: Callable[[Path, Path], None]) -> tuple[Path, Path]:
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            whole = Path(name) / "pair"
            for side in ("old", "new"):
                (whole / side).mkdir(parents=True)
            make(whole / "old", whole / "new")
            whole.rename(folder)
    return folder / "old", folder / "new"


def _run(*command: object, where: Path | None = None) -> str:
    try:
        return subprocess.run(
            list(map(str, command)), check=True, capture_output=True, text=True, cwd=where, stdin=subprocess.DEVNULL
        ).stdout
    except FileNotFoundError:
        raise Unmade(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        raise Unmade(f"{command[0]} failed ({error.stderr.strip()[-200:]})") from None


def html(old: Path, new: Path) -> None:
    versions = sorted({line.split("|")[1].strip() for line in _run("apt-cache", "madison", DOCS).splitlines()})
    if len(versions) < 2:
        raise Unmade(
            f"the Debian archive has {len(versions)} versions of {DOCS}, and two are needed; try apt-get update"
        )
    for version, side in ((versions[-2], old), (versions[-1], new)):
        _documentation(version, side)


def _documentation(version: str, side: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        _run("apt-get", "download", f"{DOCS}={version}", where=Path(name))
        (package,) = Path(name).glob("*.deb")
        _run("dpkg-deb", "-x", package, Path(name, "x"))
        (pages,) = Path(name, "x").rglob("html")
        shutil.copytree(pages, side, dirs_exist_ok=True)


def html2(old: Path, new: Path) -> None:
    _, newer = _pair(old.parent.parent.parent / "html", html)
    shutil.copytree(newer, old, dirs_exist_ok=True)
    shutil.copytree(newer, new, dirs_exist_ok=True)
    chance = random.Random(1)
    pages = sorted(path for path in new.glob("*.html") if b"</p>" in path.read_bytes())
    for path in chance.sample(pages, 12):
        paragraph = f"</p><p>{_sentence(chance, 17).capitalize()}.</p>".encode()
        path.write_bytes(path.read_bytes().replace(b"</p>", paragraph, 1))


def pdf(old: Path, new: Path) -> None:
    for number in range(8):
        sentences = _sentences(random.Random(number), 900)
        picture = random.Random(number).randbytes(400_000)
        (old / f"guia-{number}.pdf").write_bytes(_document(sentences, picture, "D:20260105"))
        if number in (2, 5):
            sentences.insert(300, "Una frase que faltaba: guarda tus recibos.")
            (new / f"guia-{number}.pdf").write_bytes(_document(sentences, picture, "D:20260319"))
        else:
            shutil.copy(old / f"guia-{number}.pdf", new)


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(words))


def _sentences(chance: random.Random, count: int) -> list[str]:
    return [_sentence(chance, chance.randint(6, 18)) for _ in range(count)]


def _document(sentences: list[str], picture: bytes, date: str) -> bytes:
    """A PDF of one stream per 40 lines, a picture, and the table of where each object lies, which every edit moves."""
    pages = [sentences[start : start + 40] for start in range(0, len(sentences), 40)]
    bodies = [b"<</Type/Catalog/Pages 2 0 R>>", _kids(len(pages)), f"<</CreationDate({date})>>".encode()]
    bodies.append(_stream(b"/Subtype/Image/Width 400/Height 1000/ColorSpace/DeviceGray/BitsPerComponent 8", picture))
    for number, page in enumerate(pages):
        bodies.append(f"<</Type/Page/Parent 2 0 R/Contents {6 + 2 * number} 0 R>>".encode())
        text = "\n".join(f"BT /F1 11 Tf 72 {760 - 17 * line} Td ({said}) Tj ET" for line, said in enumerate(page))
        bodies.append(_stream(b"/Filter/FlateDecode", zlib.compress(text.encode())))
    return _numbered(bodies)


def _kids(pages: int) -> bytes:
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(pages))
    return f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode()


def _stream(about: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (about, len(data), data)


def _numbered(bodies: list[bytes]) -> bytes:
    text, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(text))
        text += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Root 1 0 R/Info 3 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, len(text))
    return text + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, table) + end


def scormd(old: Path, new: Path) -> None:
    if not SCORM.is_file():
        raise Unmade(f"{SCORM} is not there")
    for side in (old, new):
        with zipfile.ZipFile(SCORM) as package:
            package.extractall(side)
    script = max(new.rglob("*.js"), key=lambda path: (path.stat().st_size, str(path)))
    text = script.read_bytes()
    half = text.index(b"\n", len(text) // 2)
    script.write_bytes(text[:half] + b"\n/* corregido en marzo */" + text[half:])


def scorm(old: Path, new: Path) -> None:
    folders = _pair(old.parent.parent.parent / "scormd", scormd)
    for side, folder, date in ((old, folders[0], (2026, 1, 5, 9, 0, 0)), (new, folders[1], (2026, 3, 19, 17, 30, 0))):
        with zipfile.ZipFile(side / "paquete.zip", "w", zipfile.ZIP_DEFLATED) as package:
            for path in _files(folder):
                package.writestr(zipfile.ZipInfo(str(path.relative_to(folder)), date), path.read_bytes(), 8)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def quiz(old: Path, new: Path) -> None:
    chance = random.Random(3)
    rows = [(n, _sentence(chance, 24), _sentence(chance, 6), _sentence(chance, 6)) for n in range(20_000)]
    with sqlite3.connect(old / "preguntas.db") as database:
        database.execute("CREATE TABLE questions (id INTEGER PRIMARY KEY, prompt TEXT, a TEXT, b TEXT)")
        database.execute("CREATE INDEX prompts ON questions (prompt)")
        database.executemany("INSERT INTO questions VALUES (?, ?, ?, ?)", rows)
    database.close()
    shutil.copy(old / "preguntas.db", new)
    with sqlite3.connect(new / "preguntas.db") as database:
        for number in chance.sample(range(20_000), 20):
            database.execute("UPDATE questions SET prompt = ? WHERE id = ?", (_sentence(chance, 24), number))
        for number in range(20_000, 20_010):
            added = (number, _sentence(chance, 24), _sentence(chance, 6), _sentence(chance, 6))
            database.execute("INSERT INTO questions VALUES (?, ?, ?, ?)", added)
    database.close()


FILM = "testsrc2=size=960x540:rate=25:duration=45,noise=alls=12:allf=t:all_seed=7"


def film(path: Path, quality: int) -> None:
    """A moving picture with some grain, as H.264; one thread, so that the same version makes the same bytes."""
    _run(
        *("ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", FILM, "-f", "lavfi", "-i", "sine=duration=45"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", quality, "-threads", 1, "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "96k", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", path),
    )


def remux(old: Path, new: Path) -> None:
    film(old / "leccion.mp4", 27)
    copy = ("-c", "copy", "-movflags", "+faststart", "-metadata", "title=Tus costos", "-fflags", "+bitexact")
    _run("ffmpeg", "-loglevel", "error", "-i", old / "leccion.mp4", *copy, new / "leccion.mp4")


def reencode(old: Path, new: Path) -> None:
    shutil.copy(_pair(old.parent.parent.parent / "remux", remux)[0] / "leccion.mp4", old)
    film(new / "leccion.mp4", 28)


MAKERS: dict[str, Callable[[Path, Path], None]] = {
    "html": html,
    "html2": html2,
    "pdf": pdf,
    "scormd": scormd,
    "scorm": scorm,
    "quiz": quiz,
    "remux": remux,
    "reencode": reencode,
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    for name, sides in pairs(folder).items():
        sizes = [sum(path.stat().st_size for path in _files(side)) for side in sides]
        print(f"{name:9} {sum(1 for _ in _files(sides[1])):5} files {sizes[0]:>11,} -> {sizes[1]:>11,} bytes")


if __name__ == "__main__":
    main()
