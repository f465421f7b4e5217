"""Files that people carry come in at head office by page, API and command; each is taken once, or refused in a sentence."""

import datetime as dt
import io
import re
import zipfile

import pytest

from collector.carry.kits import Kits, make_kit
from collector.carry.refused import SENTENCES
from collector.carry.replies import KEPT
from collector.db import database
from collector.inbox.models import Summary
from collector.sites.models import Code, Hub
from tests.collector.carried import answers, batch, parcel, set_up
from tests.collector.sender import NOW, FakeHub, a_code
from wire.kit import open_kit
from wire.parcel import addressee

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # where the database plays no part
DAYS = [dt.date(2026, 2, day) for day in (26, 27, 28)]


@pytest.fixture
def kit(office):
    a_code()
    with database.connection_context() if database.is_closed() else database.atomic():
        return open_kit(make_kit("dzemul", office.extensions["office"], Kits()))


def days_of(hub: FakeHub) -> list[bytes]:
    return [hub.sealed(day=day, sequence=n, plays=3 + n) for n, day in enumerate(DAYS, start=1)]


def bring(client, *files: bytes, language: str = "en"):
    fields = {"file": [(io.BytesIO(data), f"village-hub-{n}.vhub") for n, data in enumerate(files)]}
    return client.post(f"/carry?lang={language}", data=fields)


def kept() -> dict[dt.date, int]:
    with database.connection_context() if database.is_closed() else database.atomic():
        return {row.day: row.plays for row in Summary.select()}


def reply_of(client, page) -> bytes:
    (address,) = re.findall(r'href="(/carry/replies/[^"]+)"', page.text)
    answer = client.get(address)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="village-hub-dzemul-reply.vhub"'
    return answer.data


def test_a_file_is_taken_in_and_the_reply_names_each_record(office, client, hub):
    page = bring(client, parcel(office, batch(hub, *days_of(hub))))
    assert page.status_code == 200
    assert "Head office has 3 days of Dzemul, until February 28, 2026." in page.text
    assert "Nothing is missing." in page.text
    (answer,) = answers(hub, reply_of(client, page))
    assert [row.day for row in answer.acknowledged] == DAYS
    assert kept() == dict(zip(DAYS, (4, 5, 6), strict=True))


@ON_SQLITE
def test_the_page_speaks_spanish(office, client, hub):
    page = bring(client, parcel(office, batch(hub, *days_of(hub))), language="es")
    assert "La oficina central ya tiene 3 días de Dzemul, hasta el 28 de febrero de 2026." in page.text
    assert "No falta nada." in page.text


def test_again_and_in_any_order_it_changes_nothing(office, client, hub):
    old = parcel(office, batch(hub, *days_of(hub)[:2]))
    new = parcel(office, batch(hub, *days_of(hub)[1:], hub.sealed(day=DAYS[0], revision=3, sequence=9, plays=7)))
    for data in (new, old, new, old):
        assert bring(client, data).status_code == 200
    assert kept() == dict(zip(DAYS, (7, 5, 6), strict=True))


@ON_SQLITE
def test_several_files_are_each_told_for_themselves(office, client, hub):
    other = FakeHub.enrolled(client, "Ucú")
    page = bring(client, parcel(office, batch(hub, hub.sealed())), b"", parcel(office, batch(other, other.sealed())))
    assert page.status_code == 422
    assert re.findall(r'<h2 id="file-\d">([^<]+)<', page.text) == ["Dzemul", "Not taken in", "Ucú"]
    assert SENTENCES["empty"].replace("'", "&#39;") in page.text
    assert len(kept()) == 1, "of one day each"
    assert len(re.findall("/carry/replies/", page.text)) == 2


@ON_SQLITE
def test_nobody_needs_a_token_to_bring_a_file_and_learns_no_figure(database_url, tmp_path, office, client, hub):
    from collector.app import create_app
    from collector.settings import Settings

    guarded = create_app(Settings(data=tmp_path / "office", database=database_url, token="correct-horse-battery"))
    stranger = guarded.test_client()
    assert stranger.get("/carry").status_code == 200
    page = bring(stranger, parcel(office, batch(hub, hub.sealed(plays=37_111, visitors=2))))
    assert page.status_code == 200
    assert "37" not in re.sub(r"/carry/replies/\S+|\?v=\S+", "", page.text)
    assert stranger.post("/sites/dzemul/kit").location == "/sign-in"


def bent(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.vhub", b"x")
    return out.getvalue()


@ON_SQLITE
def test_every_wrong_file_gets_its_own_sentence_and_changes_nothing(office, client, hub):
    good = parcel(office, batch(hub, hub.sealed()))
    stranger = FakeHub(client)
    with office.app_context():
        reply = client.post("/v1/parcels", data=good).data
    before = kept()
    wrong = {
        "empty": b"",
        "large": bytes(5_000_000),
        "foreign": a_zip(),
        "damaged": good[: len(good) // 2],
        "back": reply,
        "elsewhere": good.replace(office.extensions["office"].key_id, b"12345678", 1),
        "unknown": parcel(office, batch(stranger, stranger.sealed())),
    }
    for word, data in wrong.items():
        answer = client.post("/v1/parcels", data=data)
        assert (word, answer.status_code, answer.json) == (word, 400, {"error": SENTENCES[word]})
    assert kept() == before


@ON_SQLITE
def test_no_bent_byte_is_taken_in(office, client, hub):
    from collector.carry.refused import NotTaken
    from collector.carry.take import take_parcel

    good = parcel(office, batch(hub, hub.sealed()))
    with database.connection_context():
        for place in range(len(good)):
            with pytest.raises(NotTaken):
                take_parcel(bent(good, place), office.extensions["office"])
        assert not Summary.select().count()
        assert take_parcel(good, office.extensions["office"]).days == 1


@ON_SQLITE
def test_who_brings_nothing_but_wrong_files_must_wait_and_others_need_not(office, client, hub):
    for _ in range(20):
        assert client.post("/v1/parcels", data=b"x").status_code == 400
    assert client.post("/v1/parcels", data=b"x").status_code == 429
    assert SENTENCES["many"] in bring(client, b"x").text
    good = parcel(office, batch(hub, hub.sealed()))
    assert client.post("/v1/parcels", data=good, environ_base={"REMOTE_ADDR": "10.0.0.2"}).status_code == 200


def test_a_reply_waits_for_a_week_and_no_longer(office, client, hub):
    from dataclasses import replace

    page = bring(client, parcel(office, batch(hub, hub.sealed())))
    (address,) = re.findall(r'href="(/carry/replies/[^"]+)"', page.text)
    assert client.get(address).status_code == 200
    office.extensions["office"] = replace(office.extensions["office"], clock=lambda: (NOW + KEPT + 1) / 1000)
    assert client.get(address).status_code == 404
    assert client.get("/carry/replies/guess/reply").status_code == 404


@ON_SQLITE
def test_a_hub_that_cannot_be_sealed_for_is_taken_in_without_a_reply(office, client):
    hub = FakeHub(client)
    hub.sealing = None
    hub.enrol(a_code())
    page = bring(client, parcel(office, batch(hub, hub.sealed())))
    assert "There is no reply to take back yet." in page.text
    assert client.post("/v1/parcels", data=parcel(office, batch(hub, hub.sealed()))).status_code == 204
    assert list(kept()) == [DAYS[2]]


def test_a_hub_set_up_with_a_kit_is_taken_in_with_its_first_file(office, client, kit):
    hub, enrolment = set_up(client, kit)
    data = parcel(office, enrolment, batch(hub, *days_of(hub)))
    page = bring(client, data)
    assert "3 days of Dzemul" in page.text
    (answer,) = answers(hub, reply_of(client, page))
    assert len(answer.acknowledged) == 3
    assert bring(client, data).status_code == 200, "the same file again, although its code has served"
    assert bring(client, parcel(office, batch(hub, hub.sealed()))).status_code == 200, "and without the enrolment"


def test_of_two_boxes_with_one_kit_the_first_is_taken_in(office, client, kit):
    first, enrolment = set_up(client, kit)
    second, another = set_up(client, kit)
    assert bring(client, parcel(office, enrolment, batch(first))).status_code == 200
    refusal = client.post("/v1/parcels", data=parcel(office, another, batch(second, second.sealed())))
    assert refusal.json == {"error": SENTENCES["old"]}
    assert kept() == {}


@ON_SQLITE
def test_of_two_boxes_that_come_before_either_has_sent_the_second_is_told_so(office, client, kit):
    first, enrolment = set_up(client, kit)
    second, another = set_up(client, kit)
    assert client.post("/v1/enrol", data=enrolment).status_code == 200
    refusal = client.post("/v1/parcels", data=parcel(office, another, batch(second, second.sealed())))
    assert refusal.json == {"error": SENTENCES["used"]}
    assert bring(client, parcel(office, enrolment, batch(first, first.sealed()))).status_code == 200


def test_a_kit_is_good_for_a_year_and_a_typed_code_for_a_month(office, client, kit):
    from dataclasses import replace

    typed = a_code("Ucú")

    def later(days: int) -> None:
        office.extensions["office"] = replace(office.extensions["office"], clock=lambda: NOW / 1000 + days * 86_400)

    later(31)
    other = FakeHub(client)
    assert client.post("/v1/enrol", data=other.enrolment(typed)).status_code == 400
    later(365)
    hub, enrolment = set_up(client, kit)
    assert bring(client, parcel(office, enrolment, batch(hub))).status_code == 200
    later(367)
    late, enrolment = set_up(client, open_kit(_fresh(office, -400)))
    refusal = client.post("/v1/parcels", data=parcel(office, enrolment, batch(late)))
    assert refusal.json == {"error": SENTENCES["old"]}


def _fresh(office, days: int) -> bytes:
    from dataclasses import replace

    known = office.extensions["office"]
    then = replace(known, clock=lambda: known.clock() + days * 86_400)
    with database.connection_context() if database.is_closed() else database.atomic():
        return make_kit("dzemul", then, Kits())


@ON_SQLITE
def test_a_kit_may_void_those_that_no_hub_has_used(office, client, kit):
    known = office.extensions["office"]
    hub, enrolment = set_up(client, kit)
    assert client.post("/v1/enrol", data=enrolment).status_code == 200
    lost = open_kit(_fresh(office, 0))
    with database.connection_context():
        last = open_kit(make_kit("dzemul", known, Kits(), voids=True))
        assert {row.code for row in Code.select()} == {kit.code, last.code}
    thief, stolen = set_up(client, lost)
    assert client.post("/v1/parcels", data=parcel(office, stolen, batch(thief))).status_code == 400
    assert bring(client, parcel(office, batch(hub))).status_code == 200


@ON_SQLITE
def test_a_file_is_of_one_hub(office, client, hub):
    other = FakeHub.enrolled(client, "Ucú")
    data = parcel(office, batch(hub, hub.sealed()), batch(other, other.sealed()))
    page = bring(client, data)
    assert page.status_code == 200
    assert addressee(reply_of(client, page)) == hub.id
    with database.connection_context():
        assert [row.hub.id for row in Summary.select()] == [hub.id.hex()]


@ON_SQLITE
def test_the_site_page_hands_out_a_kit(client, hub):
    assert "Make a kit" in client.get("/sites/dzemul?lang=en").text
    answer = client.post("/sites/dzemul/kit")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="village-hub-dzemul.kit"'
    kit = open_kit(answer.data)
    assert (kit.site, kit.name, kit.time_zone, kit.address) == (
        "dzemul",
        "Dzemul",
        "America/Merida",
        "http://localhost",
    )
    assert client.post("/sites/none/kit").status_code == 409


@ON_SQLITE
def test_the_hub_of_a_kit_keeps_its_key(office, client, kit):
    hub, enrolment = set_up(client, kit)
    bring(client, parcel(office, enrolment, batch(hub)))
    with database.connection_context():
        row = Hub.get_by_id(hub.id.hex())
        assert (bytes(row.public_key), bytes(row.sealing_key)) == (
            hub.key.public_key().public_bytes_raw(),
            hub.public_sealing,
        )


@ON_SQLITE
def test_a_folder_of_files_gets_its_replies_beside_them_and_is_made_no_stick(office, client, hub, tmp_path):
    from collector.carry.sticks import import_all

    folder = tmp_path / "Downloads"
    folder.mkdir()
    (folder / "village-hub-dzemul.vhub").write_bytes(parcel(office, batch(hub, hub.sealed())))
    known = office.extensions["office"]
    for _ in range(2):
        with database.connection_context():
            (outcome,) = import_all([folder], None, known)
        assert outcome.sentence == "village-hub-dzemul.vhub: 1 day of Dzemul, until 2026-02-28; nothing is missing."
    assert {path.name for path in folder.iterdir()} == {"village-hub-dzemul.vhub", f"{hub.id.hex()}-reply.vhub"}


@ON_SQLITE
def test_a_stick_that_takes_no_reply_says_so_and_what_was_taken_stays(office, client, hub, tmp_path):
    from collector.carry.sticks import import_all
    from collector.errors import NotWritten

    base = tmp_path / "ROJO" / "village-hub"
    (base / "up").mkdir(parents=True)
    (base / "up" / "a.vhub").write_bytes(parcel(office, batch(hub, hub.sealed())))
    (base / "down").write_text("in the way")
    with database.connection_context(), pytest.raises(NotWritten, match="free the stick"):
        list(import_all([tmp_path / "ROJO"], None, office.extensions["office"]))
    assert list(kept()) == [DAYS[2]]


@ON_SQLITE
@pytest.mark.parametrize("link", ["village-hub", "village-hub/down"])
def test_nothing_is_written_to_where_a_stick_leads(office, client, hub, tmp_path, link):
    from collector.carry.sticks import import_all
    from collector.errors import NotWritten

    stick, elsewhere = tmp_path / "ROJO", tmp_path / "elsewhere"
    (elsewhere / "up").mkdir(parents=True)
    (stick / link).parent.mkdir(parents=True)
    (stick / link).symlink_to(elsewhere)
    (stick / "village-hub" / "up").mkdir(exist_ok=True)
    (stick / "village-hub" / "up" / "a.vhub").write_bytes(parcel(office, batch(hub, hub.sealed())))
    with database.connection_context(), pytest.raises(NotWritten, match="leads elsewhere"):
        list(import_all([stick], None, office.extensions["office"]))
    assert [path.name for path in elsewhere.iterdir()] == ["up"]
