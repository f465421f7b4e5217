"""Groups of sites, releases that are taken back, what is removed, and how it all travels."""

from __future__ import annotations

import sys

import pytest

from content_cache.durable import locked
from content_cache.errors import Busy, NoSuchCourse, NotSent, NoWayBack, RepositoryError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher import pruning
from content_cache.publisher.groups import read_groups
from content_cache.publisher.pruning import prune
from content_cache.publisher.publish import publish, remove_course
from content_cache.publisher.pushing import push
from content_cache.publisher.staging import Staged, stage, staged, withdraw
from content_cache.publisher.verify import verify_repository
from content_cache.repository import Repository
from tests.content_cache.making import ITEMS, course
from tests.content_cache.test_packages import PACKAGE
from tests.content_cache.test_publish import DOS, numbers, tree
from tests.content_cache.zips import SITE, zipped


@pytest.fixture
def root(tmp_path):
    """Two courses, published."""
    for slug in ("ahorro", "ventas"):
        course(tmp_path / "in" / slug, slug=slug)
    publish(tmp_path / "in", tmp_path / "r")
    return tmp_path / "r"


def head(root, group="all"):
    newest = read_groups(root).group(group).newest
    return Repository(root).release(newest.sha256, newest.size, newest.packed).head


def slugs(root, group="all"):
    return [entry.slug for entry in head(root, group).courses]


def edit(root, slug, text):
    (root.parent / "in" / slug / "uno.md").write_text(text)
    return publish(root.parent / "in", root)


def test_a_group_gets_its_courses_and_no_others(root):
    made = stage(root, "norte", ["ventas"])
    assert made == Staged("norte", ("ventas",), 2, changed=True)
    assert slugs(root, "norte") == ["ventas"]
    assert (head(root, "norte").group, head(root, "norte").release) == ("norte", 2)
    assert slugs(root) == ["ahorro", "ventas"]


def test_a_group_whose_courses_did_not_change_keeps_its_catalogue(root):
    stage(root, "norte", ["ventas"])
    before = read_groups(root)
    assert edit(root, "ahorro", "# Ahorro\n").number == 3
    after = read_groups(root)
    assert after.group("norte") == before.group("norte")
    assert after.group("all").newest.release == 3
    edit(root, "ventas", "# Ventas\n")
    assert read_groups(root).group("norte").newest.release == 4


def test_staging_the_same_again_makes_no_release(root):
    stage(root, "norte", ["ventas", "ahorro"])
    before = tree(root)
    assert stage(root, "norte", ["ahorro", "ventas", "ahorro"]) == Staged(
        "norte", ("ahorro", "ventas"), 2, changed=False
    )
    assert tree(root) == before


def test_a_course_that_leaves_and_returns_comes_back_to_its_groups(root):
    stage(root, "norte", ["ventas"])
    remove_course("ventas", root)
    assert slugs(root, "norte") == []
    publish(root.parent / "in", root)
    assert slugs(root, "norte") == ["ventas"]


def test_groups_are_listed_with_what_they_get(root):
    stage(root, "norte", ["ventas"])
    assert [(one.group, one.courses, one.number) for one in staged(root)] == [
        ("all", None, 1),
        ("norte", ("ventas",), 2),
    ]


@pytest.mark.parametrize("group", ["all", "Norte", "../norte", "", "n" * 100])
def test_a_name_that_no_group_can_have_is_refused(root, group):
    before = tree(root)
    with pytest.raises(NoSuchCourse, match=r"norte\."):
        stage(root, group, ["ventas"])
    assert tree(root) == before


def test_a_course_that_is_not_there_cannot_be_staged(root):
    before = tree(root)
    with pytest.raises(NoSuchCourse, match="no course 'ventaz'; name one of those it has: ahorro, ventas"):
        stage(root, "norte", ["ventaz"])
    assert tree(root) == before


def test_a_release_that_is_withdrawn_gives_way_to_what_was_before(root):
    before = head(root)
    edit(root, "ahorro", "# Un error\n")
    made = withdraw(root)
    assert (made.withdrawn, made.restored, made.number) == ((2,), 1, 3)
    assert (head(root).courses, head(root).release, head(root).withdrawn) == (before.courses, 3, (2,))
    assert Repository(root).head()[0] == head(root)
    assert verify_repository(root).problems == ()


def test_a_library_takes_what_was_before_as_a_new_release(root, tmp_path):
    library = Library(tmp_path / "library")
    edit(root, "ahorro", "# Un error\n")
    import_repository(root, library)
    withdraw(root)
    assert import_repository(root, library).number == 3
    assert "Lo que gastas" in library.catalogue().item("ahorro/costos").html


def test_all_after_a_withdrawn_release_goes_with_it(root):
    for text in ("dos", "tres", "cuatro"):
        edit(root, "ahorro", text)
    assert withdraw(root, 3).withdrawn == (3, 4)
    assert (head(root).release, head(root).withdrawn) == (5, (3, 4))
    made = withdraw(root)  # the new one as well: what it restored is not restored again from a withdrawn one
    assert (made.withdrawn, made.restored, made.number) == ((5,), 2, 6)
    assert head(root).withdrawn == (3, 4, 5)


def test_what_is_withdrawn_stays_so_in_later_releases(root):
    edit(root, "ahorro", "dos")
    withdraw(root)
    edit(root, "ahorro", "cuatro")
    assert head(root).withdrawn == (2,)


def test_numbers_of_a_withdrawn_release_are_never_given_again(root):
    course(root.parent / "in/nuevo", slug="nuevo", items=DOS)
    publish(root.parent / "in", root)
    withdraw(root)
    before = numbers(root)
    course(root.parent / "in/otro", slug="otro", items=DOS)
    (root.parent / "in/nuevo/course.yaml").unlink()
    publish(root.parent / "in", root)
    assert min(number for slug, number in numbers(root).items() if slug not in before) > max(before.values())


def test_a_withdrawal_reaches_the_groups_that_had_it_and_no_others(root):
    stage(root, "norte", ["ventas"])
    stage(root, "sur", ["ahorro"])
    before = read_groups(root).group("norte")
    edit(root, "ahorro", "# Un error\n")
    made = withdraw(root)
    assert made.groups == ("all", "sur")
    assert head(root, "sur").withdrawn == (4,)
    assert read_groups(root).group("norte") == before


def test_a_mistaken_staging_can_be_withdrawn(root):
    stage(root, "norte", ["ventas"])
    stage(root, "norte", ["ahorro"])
    withdraw(root)
    assert slugs(root, "norte") == ["ventas"]
    assert staged(root)[1].courses == ("ventas",)
    assert read_groups(root).group("all").newest.release == 1


@pytest.mark.parametrize("number", [None, 1, 7])
def test_where_there_is_nothing_to_go_back_to_nothing_happens(root, number):
    before = tree(root)
    with pytest.raises(NoWayBack, match=r"to go back to|is not here; name one of those that are: 1"):
        withdraw(root, number)
    assert tree(root) == before


def test_what_recent_releases_do_not_need_is_removed(root):
    for text in ("dos", "tres", "cuatro"):
        edit(root, "ahorro", f"# {text}\n")
    for name in (
        "o/.new-1234",
        ".new-5678",
        "o/" + "0" * 64,
        "o/" + "1" * 64 + ".zst",
        "d/" + "2" * 16 + "-" + "3" * 16,
    ):
        (root / name).write_bytes(b"x")
    (root / "o/README.txt").write_text("not ours to remove")
    pruned = prune(root, 2)
    assert (pruned.oldest, [one.release for one in read_groups(root).group("all").releases]) == (3, [3, 4])
    assert verify_repository(root).problems == ()
    left = {name.partition("/")[0] for name in tree(root)}
    assert left >= {"o", "m", "c"}
    assert not [
        name for name in tree(root) if ".new-" in name or name.endswith(("0" * 64, "1" * 64 + ".zst", "3" * 16))
    ]
    assert (root / "o/README.txt").exists()
    assert not prune(root, 2).count


def test_a_release_that_is_kept_for_one_group_keeps_what_it_needs(root):
    stage(root, "norte", ["ahorro"])
    edit(root, "ventas", "# dos\n")
    edit(root, "ventas", "# tres\n")
    prune(root, 1)
    assert slugs(root, "norte") == ["ahorro"]
    assert verify_repository(root).problems == ()


def test_after_pruning_one_can_go_back_as_far_as_it_was_kept(root):
    edit(root, "ahorro", "dos")
    edit(root, "ahorro", "tres")
    prune(root, 2)
    assert withdraw(root).restored == 2
    with pytest.raises(NoWayBack):
        withdraw(root, 2)


def test_nothing_is_removed_while_a_kept_release_cannot_be_read(root):
    edit(root, "ahorro", "dos")
    first = read_groups(root).group("all").releases[0]
    (root / "c" / first.sha256).with_suffix(".zst" if first.packed else "").unlink()
    before = tree(root)
    with pytest.raises(RepositoryError, match="is missing"):
        prune(root)
    assert tree(root) == before


def test_pruning_that_was_cut_off_leaves_all_that_is_kept_and_ends_later(root, monkeypatch):
    for text in ("dos", "tres", "cuatro"):
        edit(root, "ahorro", text)
    whole, removed = pruning._remove, []
    monkeypatch.setattr(pruning, "_remove", lambda path: removed.append(whole(path)) if len(removed) < 2 else path / 0)
    with pytest.raises(TypeError):
        prune(root, 1)
    assert verify_repository(root).problems == ()
    monkeypatch.setattr(pruning, "_remove", whole)
    assert prune(root, 1).count
    assert not prune(root, 1).count
    assert verify_repository(root).problems == ()


def test_nothing_is_removed_while_a_publication_runs(root):
    with locked(root), pytest.raises(Busy):
        prune(root)


COPY = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)"


def test_a_push_sends_what_never_changes_first_and_the_timestamp_last(root, tmp_path):
    (root / "metadata").mkdir()
    for name in ("timestamp.json", "1.snapshot.json"):
        (root / "metadata" / name).write_text("{}")
    script = COPY + "; import os; print(sorted(os.listdir(sys.argv[1])), file=open(sys.argv[2] + '.log', 'a'))"
    pushed = push(root, [sys.executable, "-c", script, "{}", str(tmp_path / "there")])
    log = (tmp_path / "there.log").read_text().splitlines()
    assert log[1:] == ["['metadata']", "['metadata']"]
    assert "o" in log[0]
    assert "metadata" not in log[0]
    there, here = tree(tmp_path / "there"), tree(root)
    assert there == {name: data for name, data in here.items() if "/" in name}
    assert pushed.files == len(there)
    assert not list((root / ".publisher").glob("push-*"))


def test_a_client_that_fails_stops_the_push_before_the_timestamp(root, tmp_path):
    (root / "metadata").mkdir()
    (root / "metadata/timestamp.json").write_text("{}")
    with pytest.raises(NotSent, match="ended with code 3"):
        push(root, [sys.executable, "-c", "import sys; sys.exit(3)", "{}"])
    with pytest.raises(NotSent, match="cannot be run"):
        push(root, ["no-such-client", "{}"])
    with pytest.raises(NotSent, match=r"must say \{\}"):
        push(root, ["rclone", "copy"])
    assert not list((root / ".publisher").glob("push-*"))


def test_a_release_that_counted_as_the_power_failed_is_told_by_the_catalogue_as_well(root):
    old = (root / "catalogue.json").read_bytes()
    edit(root, "ahorro", "dos")
    new = tree(root)
    (root / "catalogue.json").write_bytes(old)
    assert not publish(root.parent / "in", root).changed
    assert tree(root) == new


def test_a_repository_of_an_older_program_becomes_the_group_of_all(root):
    (root / "groups.json").unlink()
    for path in (root / "c").iterdir():
        path.unlink()
    assert edit(root, "ahorro", "dos").number == 2
    assert [one.release for one in read_groups(root).group("all").releases] == [1, 2]
    assert verify_repository(root).problems == ()


def test_a_damaged_list_of_groups_is_told(root):
    (root / "groups.json").write_text("{")
    with pytest.raises(RepositoryError, match="bring it back from a copy"):
        publish(root.parent / "in", root)
    assert any("groups.json" in problem for problem in verify_repository(root).problems)


@pytest.mark.parametrize("folder", ["b", "c", "d", "m", "o"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_verify_finds_damage_in_whatever_a_group_needs(root, folder, damage):
    zipped(root.parent / "in/ventas/juego.zip", SITE)
    course(root.parent / "in/ventas", slug="ventas", items=ITEMS + PACKAGE)
    publish(root.parent / "in", root)
    stage(root, "norte", ["ventas"])
    edit(root, "ventas", "# Ventas\n\n" + "Vende bien. " * 50)
    assert verify_repository(root).problems == ()
    prune(root, 2)
    (root / "d/index.json").unlink()
    for path in (root / folder).iterdir():
        data = path.read_bytes()
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(data[:-1] if damage == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    told = verify_repository(root).problems
    assert bool(told) == ((folder, damage) not in (("d", "gone"), ("d", "flipped")))  # nobody needs a delta
