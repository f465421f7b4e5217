"""The commands `content-cache` and `hub content`, as somebody types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.coursefile import read_course_file
from content_cache.quizzes import decode_quiz, quiz_json
from content_cache.yamlfile import Problems
from tests.content_cache.making import course

ROOT = Path(__file__).resolve().parents[2]


def run(module: str, *arguments: object, **environ: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"from {module} import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {key: str(value) for key, value in environ.items()},
    )


def content_cache(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run("content_cache.cli", *arguments)


def test_publish_prints_what_changed_then_that_nothing_did(tmp_path):
    folder = course(tmp_path / "c")
    first = content_cache("publish", folder, "--to", tmp_path / "r")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines()[:2] == [
        "added    precio-justo: El precio justo",
        "added    precio-justo/costos: Tus costos",
    ]
    assert first.stdout.splitlines()[-2] == "Release 1 holds 1 course, 3 items; 1 KB to send to a hub."
    again = content_cache("publish", folder, "--to", tmp_path / "r")
    assert again.stdout.splitlines()[0] == "Nothing changed; release 1 stays."
    assert again.stdout.splitlines()[1].startswith("Note: It is not signed, and no hub takes unsigned content;")
    as_json = json.loads(content_cache("publish", folder, "--to", tmp_path / "r", "--json").stdout)
    assert (as_json["number"], as_json["changes"], as_json["bytes_to_send"]) == (1, [], 0)


def test_a_bad_folder_prints_every_sentence_and_ends_with_its_code(tmp_path):
    folder = course(tmp_path / "c")
    (folder / "hoja.pdf").unlink()
    (folder / "foto.png").write_bytes(b"x")
    ended = content_cache("publish", folder, "--to", tmp_path / "r")
    assert ended.returncode == 65
    assert [line.partition(": ")[0] for line in ended.stderr.splitlines()[:2]] == [
        f"{folder}/course.yaml, line 16",
        f"{folder}/course.yaml, line 20",
    ]
    assert ended.stderr.splitlines()[2] == "Nothing was published; mend this and publish again."
    assert not (tmp_path / "r").exists()


def test_verify_and_remove_tell_what_they_found(tmp_path):
    content_cache("publish", course(tmp_path / "c"), "--to", tmp_path / "r")
    assert "is whole: 1 course, 3 items" in content_cache("verify", tmp_path / "r").stdout
    next((tmp_path / "r" / "o").iterdir()).unlink()
    ended = content_cache("verify", tmp_path / "r", "--json")
    assert (ended.returncode, len(json.loads(ended.stdout)["problems"])) == (66, 1)
    assert content_cache("remove", "otro", "--from", tmp_path / "r").returncode == 64
    removed = content_cache("remove", "precio-justo", "--from", tmp_path / "r")
    assert removed.stdout.startswith("removed  precio-justo: El precio justo\n")
    assert content_cache("remove", "precio-justo", "--from", tmp_path / "none").returncode == 66
    assert not (tmp_path / "none").exists()


def test_a_hub_lists_and_verifies_what_it_took_in(tmp_path):
    content_cache("publish", course(tmp_path / "c"), "--to", tmp_path / "r")

    def hub(*arguments: object) -> subprocess.CompletedProcess[str]:
        return run("hub.cli", "content", *arguments, HUB_DATA=tmp_path / "hub", HUB_RESERVE_MB=1)

    assert hub("list").stdout.startswith("The library is empty")
    library = Library(tmp_path / "hub" / "library")
    import_repository(tmp_path / "r", library)
    assert hub("list").stdout.splitlines() == ["precio-justo: El precio justo (1 KB here)", "1 course in release 1."]
    assert hub("verify").stdout == "3 blobs of 3 whole.\n"
    blob = next(path for path in library.store.folder.rglob("*") if path.is_file())
    blob.write_bytes(b"x")
    ended = hub("verify")
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (74, f"Blob {blob.name} is damaged or missing.")
    import_repository(tmp_path / "r", library)
    assert hub("verify").returncode == 0


def test_help_imports_nothing_that_is_slow():
    program = "import sys, content_cache.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"msgspec", "yaml", "sqlite3", "markdown_it", "webvtt"} & set(loaded)
    assert "publish" in content_cache("--help").stdout


def test_without_the_publisher_s_extra_a_sentence_says_how_to_install_it(tmp_path):
    folder = course(tmp_path / "c")
    program = "import sys; sys.modules['yaml'] = None\nfrom content_cache.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "publish", folder, "--to", tmp_path / "r"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 69
    assert ended.stderr.endswith("pip install 'village-hub[publisher]', then publish again.\n")


def test_the_hub_s_side_needs_nothing_of_the_publisher_s():
    program = """import sys
sys.modules["yaml"] = sys.modules["webvtt"] = None
import content_cache.importer, content_cache.library"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_exit_code_is_documented():
    from content_cache import errors

    text = (ROOT / "docs" / "operating" / "exit-codes.md").read_text()
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.ContentError):
            assert f"| {kind.exit_code} |" in text, name


def test_the_example_in_the_documentation_can_be_read(tmp_path):
    text = (ROOT / "docs" / "formats" / "course.md").read_text()
    path = tmp_path / "course.yaml"
    path.write_text(text.partition("```yaml\n")[2].partition("```")[0])
    found = Problems(path)
    read = read_course_file(path, found)
    assert found.sentences() == []
    assert [item.kind for item, _ in read.items] == ["video", "reading", "document", "quiz"]
    path.write_text(text.partition("## A quiz\n\n```yaml\n")[2].partition("```")[0])
    assert len(decode_quiz(quiz_json(path, found)).questions) == 1


def test_every_field_and_limit_is_documented():
    from content_cache import quizzes, records
    from content_cache.publisher import coursefile

    text = (ROOT / "docs" / "formats" / "course.md").read_text()
    assert [name for name in coursefile.MENDS | quizzes.MENDS if f"`{name}`" not in text] == []
    text = (ROOT / "docs" / "formats" / "repository.md").read_text()
    names = {
        name
        for kind in (
            records.Head,
            records.CourseEntry,
            records.CourseLine,
            records.ItemLine,
            records.File,
            records.TreeRef,
        )
        for name in kind.__struct_fields__
    }
    assert sorted(name for name in names if f"`{name}`" not in text) == []


@pytest.mark.parametrize("command", ["publish", "verify", "remove", "stage", "withdraw", "gc", "push"])
def test_each_command_explains_itself(command):
    ended = content_cache(command, "--help")
    assert ended.returncode == 0
    assert "--json" in ended.stdout


def test_groups_withdrawals_and_trimming_by_command(tmp_path):
    folder, there = course(tmp_path / "c"), tmp_path / "r"
    content_cache("publish", folder, "--to", there)
    told = content_cache("stage", there, "precio-justo", "--group", "norte").stdout.splitlines()
    assert told[0] == "Group norte gets precio-justo, last changed in release 2."
    assert content_cache("stage", there).stdout.splitlines() == [
        "Group all gets every course, last changed in release 1.",
        "Group norte gets precio-justo, last changed in release 2.",
    ]
    assert content_cache("stage", there, "precio-justo").returncode == 2
    assert content_cache("stage", there, "otro", "--group", "norte").returncode == 64
    (folder / "uno.md").write_text("# Un error\n")
    content_cache("publish", folder, "--to", there)
    told = content_cache("withdraw", there).stdout.splitlines()
    assert told[0] == "Release 3 is withdrawn; release 4 holds what release 2 held."
    assert content_cache("withdraw", there, 1).returncode == 76
    as_json = json.loads(content_cache("gc", there, "--keep", 1, "--json").stdout)
    assert (as_json["oldest"], as_json["count"] > 0) == (4, True)
    assert content_cache("gc", there).stdout == "Removed nothing; releases from 4 on are whole.\n"
    assert content_cache("verify", there).returncode == 0


def test_a_push_by_command_sends_all_that_hubs_need(tmp_path):
    there = tmp_path / "there"
    content_cache("publish", course(tmp_path / "c"), "--to", tmp_path / "r")
    ended = content_cache("push", tmp_path / "r", "--", "cp", "-r", "{}", there)
    assert ended.returncode == 0
    assert ended.stdout.endswith("lie there now.\n")
    assert {path.name for path in there.iterdir()} >= {"c", "m", "o"}
    ended = content_cache("push", tmp_path / "r", "--", "false", "{}")
    assert (ended.returncode, ended.stderr) == (
        69,
        "content-cache: false ended with code 1; see what it said, then push again.\n",
    )
