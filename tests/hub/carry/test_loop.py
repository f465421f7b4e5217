"""A hub without a line is heard of by the files that people carry, and by nothing else; the figures are exact."""

from __future__ import annotations

import datetime as dt

import pytest

from collector.carry.refused import NotTaken as NotTakenThere
from hub.carry.back import SENTENCES, NotTaken, take_back
from hub.carry.kit import BadKit, take_kit
from hub.carry.up import NoOffice, current, waiting_now
from hub.db import database, writing
from hub.site import Site, this_site
from hub.uplink.introduce import owed
from hub.uplink.models import Introduction, state
from tests.hub.carry.conftest import Carrier, HeadOffice
from tests.hub.uplink.conftest import MONDAY, Hub, Machine

DAYS = [MONDAY + dt.timedelta(days=n) for n in range(4)]


def live(hub: Hub, *plays: int) -> None:
    """Days of use; the last one is over when they end."""
    for number, times in enumerate(plays):
        hub.counts.play(DAYS[number], times)
        hub.machine.pass_time(days=1)
    hub.seal()


def test_a_hub_that_never_had_a_line_is_known_and_counted_by_its_first_file(carrier: Carrier) -> None:
    live(carrier.hub, 3, 0, 5)
    taken = carrier.bring()
    assert (taken.site, taken.days, taken.until, taken.missing) == ("Dzemul", 3, DAYS[2], 0)
    assert carrier.hub.waiting() == DAYS[:3], "giving a file away takes nothing out of the outbox"
    back = carrier.take_back(taken.reply)
    assert (back.acknowledged, back.refused) == (3, 0)
    assert carrier.hub.waiting() == []
    assert carrier.office.plays() == {DAYS[0]: 3, DAYS[1]: 0, DAYS[2]: 5}
    assert owed() is None


def test_the_same_outbox_gives_the_same_file_and_another_another(carrier: Carrier) -> None:
    live(carrier.hub, 3)
    first = carrier.fetch()
    inode = first.path.stat().st_ino
    again = carrier.fetch()
    assert (again.path, again.path.stat().st_ino) == (first.path, inode)
    carrier.hub.counts.play(DAYS[0])
    carrier.hub.seal()
    other = carrier.fetch()
    assert other.path != first.path
    for plays in range(3):
        carrier.hub.counts.play(DAYS[0], 1 + plays)
        carrier.hub.seal()
        newest = carrier.fetch().path
    assert newest.exists()
    assert len(list(newest.parent.iterdir())) == 2, "older ones are gone, but for one that somebody may be reading"
    assert other.name == first.name == "village-hub-dzemul-2026-03-02.vhub"


def test_a_file_shows_nothing_of_what_is_in_it(carrier: Carrier) -> None:
    live(carrier.hub, 3)
    data = carrier.fetch().path.read_bytes()
    assert b"dzemul" not in data.lower()
    assert bytes(this_site().hub) not in data
    assert bytes(carrier.hub.row(DAYS[0]).sealed) not in data


def test_what_people_are_told_of_the_size_is_near_the_truth(carrier: Carrier) -> None:
    live(carrier.hub, 3, 4, 5)
    told, real = waiting_now(carrier.hub.settings), carrier.fetch().path.stat().st_size
    assert told.days == 3
    assert abs(told.bytes - real) < 1000


def test_a_hub_with_nothing_to_tell_is_known_to_be_well(carrier: Carrier) -> None:
    taken = carrier.bring()
    assert (taken.days, taken.parts, taken.until) == (0, 0, None)
    assert carrier.take_back(taken.reply).acknowledged == 0
    assert owed() is None


def test_a_carried_answer_says_nothing_of_the_time_but_that_it_is_no_earlier(
    carrier: Carrier, machine: Machine
) -> None:
    live(carrier.hub, 3)
    reply = carrier.bring().reply
    answered = machine.true
    machine.pass_time(days=90)
    carrier.hub.reboot(certain=False)
    assert carrier.take_back(reply).acknowledged == 1
    assert carrier.hub.clock.now() is None
    assert carrier.hub.clock.at_least() >= answered.replace(microsecond=0)
    assert carrier.hub.clock.at_least() < answered + dt.timedelta(minutes=1)
    assert state().reached is None


def test_an_old_answer_leaves_what_was_sealed_since(carrier: Carrier) -> None:
    live(carrier.hub, 3, 4)
    old = carrier.bring().reply
    carrier.hub.counts.play(DAYS[0])
    carrier.hub.machine.pass_time(days=1)
    carrier.hub.seal()
    assert carrier.take_back(old).acknowledged == 1
    assert carrier.hub.waiting() == [DAYS[0], DAYS[2]]
    assert carrier.go_round().acknowledged == 2
    assert carrier.take_back(old).acknowledged in (0, 1), "and it may come again"
    assert carrier.office.plays() == {DAYS[0]: 4, DAYS[1]: 4, DAYS[2]: 0}


def test_files_may_be_lost_late_and_out_of_order(carrier: Carrier) -> None:
    files, replies = [], []
    for number in range(3):
        carrier.hub.counts.play(DAYS[number], 5)
        carrier.hub.machine.pass_time(days=1)
        carrier.hub.seal()
        files.append(carrier.fetch().path.read_bytes())
    replies = [carrier.office.take(files[number]).reply for number in (2, 0, 2)]
    for reply in (replies[1], replies[0], replies[1]):
        carrier.take_back(reply)
    assert carrier.hub.waiting() == []
    assert carrier.office.plays() == dict.fromkeys(DAYS[:3], 5)


def test_a_file_is_for_head_office_and_a_reply_for_its_hub(carrier: Carrier, tmp_path, machine: Machine) -> None:
    live(carrier.hub, 3)
    up = carrier.fetch().path.read_bytes()
    reply = carrier.office.take(up).reply
    refused = []
    for data in (b"", bytes(5 << 20), b"PK\x03\x04 a zip", reply[:-1], up, reply[:7] + b"x" * 8 + reply[15:]):
        with pytest.raises(NotTaken) as error:
            carrier.take_back(data)
        refused.append(error.value.word)
    assert refused == ["empty", "large", "foreign", "damaged", "up", "elsewhere"]
    assert carrier.hub.waiting() == DAYS[:1]
    with pytest.raises(NotTakenThere, match="take back to the hub"):
        carrier.office.take(reply)
    database.close()
    other = Hub(tmp_path / "other", machine)
    take_kit(carrier.office.kit(), other.settings, other.clock)
    with pytest.raises(NotTaken, match="another hub"):
        take_back(reply, other.settings, other.clock)


def test_no_bent_byte_of_a_reply_changes_anything(carrier: Carrier) -> None:
    live(carrier.hub, 3)
    reply = carrier.bring().reply
    for place in range(0, len(reply), 3):
        bent = reply[:place] + bytes([reply[place] ^ 1 << place % 8]) + reply[place + 1 :]
        with pytest.raises(NotTaken):
            carrier.take_back(bent)
    assert carrier.hub.waiting() == DAYS[:1]
    assert carrier.take_back(reply).acknowledged == 1


def test_what_somebody_else_sealed_for_this_hub_is_not_believed(carrier: Carrier) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from hub.site import sealing_key
    from wire.exchange import Acknowledged, Answer, seal_answer
    from wire.parcel import pack

    live(carrier.hub, 3)
    row = carrier.hub.row(DAYS[0])
    word = Acknowledged(row.epoch, DAYS[0], 1, bytes(row.digest))
    forged = seal_answer(
        Answer(nonce=b"n" * 16, time=1, acknowledged=[word], refused=[]), Ed25519PrivateKey.generate(), b"office"
    )
    reader = sealing_key(carrier.hub.settings.keys).public_key()
    with pytest.raises(NotTaken, match=SENTENCES["unknown"]):
        carrier.take_back(pack([forged], to=bytes(this_site().hub), reader=reader))
    assert carrier.hub.waiting() == DAYS[:1]


def test_only_an_answer_to_this_hub_itself_settles_that_it_is_known(carrier: Carrier, tmp_path) -> None:
    """Any answer of head office may be in a file; that of another hub says nothing of this one."""
    from hub.site import sealing_key
    from wire.exchange import Answer, seal_answer
    from wire.parcel import pack

    known = carrier.office.office
    others = seal_answer(Answer(nonce=b"n" * 16, time=1, acknowledged=[], refused=[]), known.key, known.key_id)
    reader = sealing_key(carrier.hub.settings.keys).public_key()
    carrier.take_back(pack([others], to=bytes(this_site().hub), reader=reader))
    assert owed() is not None


def test_without_keys_of_head_office_nothing_can_be_handed_out(hub: Hub) -> None:
    with pytest.raises(NoOffice, match="hub setup --kit"):
        current(hub.settings, hub.library)
    with pytest.raises(NoOffice, match="believes no file"):
        take_back(b"x", hub.settings, hub.clock)


def test_a_hub_that_lost_head_offices_key_goes_on_with_the_last_one_and_tells_its_own(carrier: Carrier) -> None:
    live(carrier.hub, 3)
    carrier.go_round()
    with writing():
        Site.update(office_sealing_key=None).execute()
    carrier.hub.counts.play(DAYS[1], 2)
    carrier.hub.machine.pass_time(days=1)
    carrier.hub.seal()
    assert carrier.go_round().acknowledged == 1
    assert this_site().office_sealing_key is not None, "told again with the answer"


def test_many_days_make_several_batches_of_one_file(carrier: Carrier, monkeypatch) -> None:
    from hub.carry import up

    monkeypatch.setattr(up, "IN_A_BATCH", 2)
    live(carrier.hub, 1, 2, 3, 4)
    for n in range(4, 9):
        carrier.hub.counts.play(MONDAY + dt.timedelta(days=n), n)
        carrier.hub.machine.pass_time(days=1)
    carrier.hub.seal()
    assert carrier.go_round().acknowledged == 9
    assert carrier.hub.waiting() == []


def test_more_than_a_file_holds_waits_for_the_next_one(carrier: Carrier, monkeypatch) -> None:
    from hub.carry import up

    monkeypatch.setattr(up, "ROOM", 400)
    live(carrier.hub, 1, 2, 3)
    first = carrier.fetch()
    assert 0 < first.holds.days < 3
    assert first.holds.first == DAYS[0], "the oldest go first"
    while carrier.hub.waiting():
        assert carrier.go_round().acknowledged > 0
    assert carrier.office.plays() == dict(zip(DAYS, (1, 2, 3), strict=False))


def test_a_restored_hub_takes_the_reply_to_what_it_was(carrier: Carrier) -> None:
    """The card was put back between file and reply: what head office has of the old epoch stays, the rest is sent."""
    from hub.backup import snapshot

    live(carrier.hub, 3, 4)
    snapshot(carrier.hub.settings)
    carrier.hub.counts.play(DAYS[2], 6)
    carrier.hub.machine.pass_time(days=1)
    carrier.hub.seal()
    reply = carrier.bring().reply
    database.close()
    path = carrier.hub.settings.database
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        name.unlink(missing_ok=True)
    path.write_bytes(b"damaged")
    from hub.backup import open_or_restore

    open_or_restore(carrier.hub.settings, carrier.hub.clock)
    carrier.take_back(reply)
    assert [day for day in carrier.hub.waiting() if day in DAYS[:2]] == []
    assert carrier.office.plays() == dict(zip(DAYS, (3, 4, 6), strict=False))


def test_a_kit_sets_the_place_and_is_remembered_until_head_office_answers(hub: Hub, office: HeadOffice) -> None:
    site = take_kit(office.kit(address="https://office.example", group="norte"), hub.settings, hub.clock)
    assert (site.code, site.name, site.time_zone) == ("dzemul", "Dzemul", "America/Merida")
    assert (site.collector_url, site.enrolled) == ("https://office.example", True)
    assert state().speaks == 2
    assert owed() is not None


def test_a_hub_that_head_office_knows_takes_a_kit_of_its_site_and_keeps_its_line(hub: Hub, office: HeadOffice) -> None:
    """By a code alone come no keys for courses; the kit brings them later."""
    take_kit(office.kit(address="https://office.example"), hub.settings, hub.clock)
    carrier = Carrier(hub, office)
    carrier.go_round()
    assert owed() is None
    site = take_kit(office.kit(), hub.settings, hub.clock)
    assert (site.code, site.collector_url) == ("dzemul", "https://office.example")
    assert carrier.bring().site == "Dzemul"
    carrier.go_round()
    assert owed() is None


def test_a_kit_that_is_damaged_old_or_of_another_site_changes_nothing(hub: Hub, office: HeadOffice) -> None:
    from collector.db import database as office_database
    from collector.sites.enrol import add_site

    good = office.kit()
    with pytest.raises(BadKit, match="damaged"):
        take_kit(good[:-1], hub.settings, hub.clock)
    hub.machine.pass_time(days=400)
    with pytest.raises(BadKit, match="no longer good"):
        take_kit(good, hub.settings, hub.clock)
    assert not this_site().enrolled
    carrier = Carrier(hub, office)
    take_kit(office.kit(), hub.settings, hub.clock)
    carrier.go_round()
    with office_database.connection_context():
        add_site("Ucú", "America/Merida", office.office.now())
        from collector.carry.kits import Kits, make_kit

        other = make_kit("ucu", office.office, Kits())
    with pytest.raises(BadKit, match="set it up afresh"):
        take_kit(other, hub.settings, hub.clock)
    assert this_site().code == "dzemul"


def test_the_wrong_kit_can_be_put_right_while_nobody_knows_the_box(carrier: Carrier, office: HeadOffice) -> None:
    from collector.carry.kits import Kits, make_kit
    from collector.db import database as office_database
    from collector.sites.enrol import add_site

    with office_database.connection_context():
        add_site("Ucú", "America/Merida", office.office.now())
        other = make_kit("ucu", office.office, Kits())
    assert take_kit(other, carrier.hub.settings, carrier.hub.clock).code == "ucu"
    assert carrier.bring().site == "Ucú"
    assert Introduction.select().count() == 1


def test_a_kit_of_a_hub_whose_time_is_unsure_is_taken(tmp_path, office: HeadOffice, machine: Machine) -> None:
    hub = Hub(tmp_path / "hub", machine)
    hub.reboot(certain=False)
    take_kit(office.kit(), hub.settings, hub.clock)
    assert Carrier(hub, office).bring().site == "Dzemul"
    database.close()
