"""What people do with their phones, drawn from dice: each move is a few lines, a life is some stays of some moves.

    village.spawn(life(phone, arrivals=[noon, noon + 2000]), at=0)

A move is a generator: what it yields it waits, in seconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.simulators.crowd.tab import STEP, Tab

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from tests.simulators.crowd.phone import Phone

    Move = Callable[[Phone], Generator[float]]

HALF_HOUR = 30 * 60
PAGES = ["/", "/courses/precio-justo", "/topics/ahorro", "/search?q=precio", "/usage", "/items/precio-justo/nada"]


def life(
    phone: Phone, arrivals: Iterable[float], moves: Sequence[Move] = (), habits: Sequence[Move] = ()
) -> Generator[float]:
    """Come at each of those times, or as soon as the stay before is over; the first stay begins with `moves`.

    What else is done is drawn from `habits`, as often as it stands there; from all that there is if it is left out.
    """
    possible = [move for move in habits or MOVES if phone.scripts or move in WITHOUT_SCRIPTS]
    for number, arrival in enumerate(sorted(arrivals)):
        yield max(arrival - phone.village.now, 0)
        drawn = phone.dice.choices(possible, k=phone.dice.randint(1, 3))
        yield from stay(phone, [*([] if number else moves), *drawn])


def stay(phone: Phone, moves: Iterable[Move]) -> Generator[float]:
    """Join the Wi-Fi, do some things, and go."""
    phone.here, phone.air = True, "good"
    if phone.dice.random() < 0.7:
        phone.open("/")
        yield some(phone, 2, 40)
    for move in moves:
        phone.village.happened[move.__name__] += 1
        yield from move(phone)
        yield some(phone, 0, 60)
    for tab in list(phone.tabs):
        tab.leave() if phone.dice.random() < 0.7 else tab.close()
    phone.here, phone.asleep, phone.air = False, False, "gone"
    phone.hang_up()


def come_back(phone: Phone, at: float) -> Generator[float]:
    """A last look at the home page; it stays open until all is told that the phone still had to tell."""
    yield at - phone.village.now
    phone.here, phone.air = True, "good"
    phone.open("/")
    yield 10 * 60
    phone.here = False


def some(phone: Phone, least: float, most: float) -> float:
    """So many seconds, in steps that add up without being rounded."""
    return phone.dice.randint(int(least / STEP), int(most / STEP)) * STEP


def item(phone: Phone, *kinds: str) -> str:
    return phone.dice.choice([id_ for id_, kind in phone.village.kinds.items() if kind in kinds])


# Moves


def watch(phone: Phone) -> Generator[float]:
    """A film, with some of its bytes taken in ranges that overlap."""
    tab = Tab(phone, item(phone, "video"))
    if tab.page.media:
        size = len(phone.take(tab.page.media, "bytes=0-262143"))
        phone.take(tab.page.media, f"bytes={phone.dice.randrange(size + 1)}-")
    yield from tab.watch(some(phone, 1, 40))
    tab.leave()


def seek_and_loop(phone: Phone) -> Generator[float]:
    """Jumps ahead and back over what was seen: a loop counts once."""
    tab = Tab(phone, item(phone, "video"))
    for _ in range(phone.dice.randint(2, 5)):
        yield from tab.watch(some(phone, 1, 15), begin=some(phone, 0, 60))
    tab.leave()


def pause(phone: Phone) -> Generator[float]:
    """Shorter than a visit's gap, or longer."""
    tab = Tab(phone, item(phone, "video"))
    yield from tab.watch(some(phone, 1, 20))
    yield phone.dice.choice([some(phone, 10, 300), some(phone, 1900, 4000)])
    yield from tab.watch(some(phone, 1, 20))
    tab.leave()


def on_the_edge(phone: Phone) -> Generator[float]:
    """A play of 5 seconds or just less, and a visit that ends half an hour later, or just does not."""
    tab = Tab(phone, item(phone, "video"))
    yield from tab.watch(5 - phone.dice.choice([0, STEP]))
    phone.air = "gone"
    yield HALF_HOUR + phone.dice.choice([0, STEP])
    phone.air = "good"
    phone.open("/")
    yield some(phone, 1, 10)
    tab.close()


def sleep(phone: Phone) -> Generator[float]:
    """The screen goes off: the film stops or its sound goes on, and reports come when it is on again."""
    tab = Tab(phone, item(phone, "video"))
    yield from tab.watch(some(phone, 3, 12))
    phone.asleep = True
    if phone.dice.random() < 0.5:
        yield from tab.watch(some(phone, 20, 70))
    else:
        yield some(phone, 60, 2400)
    phone.asleep = False
    yield from tab.watch(some(phone, 1, 20))
    tab.leave()


def roam(phone: Phone) -> Generator[float]:
    """Out of reach with the page open, and back after less or more than half an hour; what it has goes on playing."""
    tab = Tab(phone, item(phone, "video", "reading"))
    yield from tab.watch(some(phone, 3, 12))
    phone.air = "gone"
    yield from tab.watch(some(phone, 0, 30))
    yield phone.dice.choice([some(phone, 30, 1500), some(phone, 1700, 4000)])
    phone.air = "good"
    yield from tab.watch(some(phone, 0, 15))
    yield some(phone, 0, 90)
    tab.leave()


def bad_air(phone: Phone) -> Generator[float]:
    """Requests are cut half way, answers are lost after the hub took the report, and in the end all comes through."""
    tab = Tab(phone, item(phone, "video"))
    for air in phone.dice.sample(["cut request", "lost answer", "gone", "good"], 4):
        phone.air = air
        phone.village.happened[air] += 1
        yield from tab.watch(some(phone, 4, 20))
    phone.air = "good"
    yield some(phone, 0, 90)
    tab.leave()


def move_house(phone: Phone) -> Generator[float]:
    """The phone's address changes in the middle of a film."""
    tab = Tab(phone, item(phone, "video"))
    yield from tab.watch(some(phone, 3, 15))
    phone.move_to(f"127.0.{phone.dice.randrange(1, 255)}.{phone.dice.randrange(1, 255)}")
    yield from tab.watch(some(phone, 3, 15))
    tab.leave()


def share(phone: Phone) -> Generator[float]:
    """The phone is given on, and the next person watches the same thing."""
    same = item(phone, "video")
    for _ in phone.people[:3]:
        tab = Tab(phone, same)
        yield from tab.watch(some(phone, 4, 25))
        tab.leave()
        phone.people.append(phone.people.pop(0))
        yield some(phone, 1, 200)


def two_tabs(phone: Phone) -> Generator[float]:
    """The same item twice, or two, playing at once."""
    first = item(phone, "video")
    tabs = [Tab(phone, first), Tab(phone, phone.dice.choice([first, item(phone, "video", "reading", "quiz")]))]
    for tab in tabs:
        phone.village.spawn(tab.watch(some(phone, 5, 30), begin=some(phone, 0, 30)), phone.village.now)
    yield some(phone, 5, 40)
    for tab in tabs:
        tab.leave()


def read(phone: Phone) -> Generator[float]:
    """A reading or questions on the page, or a document that is opened."""
    tab = Tab(phone, item(phone, "reading", "quiz", "document"))
    if tab.page.media:
        phone.take(tab.page.media)
    yield from tab.watch(some(phone, 3, 60))
    tab.leave()


def group(phone: Phone) -> Generator[float]:
    """A projector: so many people in front of one film, as the facilitator typed it."""
    heads = phone.dice.randint(2, 30)
    tab = Tab(phone, item(phone, "video"), group=heads, heads=heads)
    yield from tab.watch(some(phone, 4, 60))
    tab.leave()


def crowd_unsaid(phone: Phone) -> Generator[float]:
    """Three look over one shoulder, and nobody says so."""
    tab = Tab(phone, item(phone, "video"), heads=3)
    yield from tab.watch(some(phone, 4, 30))
    tab.leave()


def take_home(phone: Phone) -> Generator[float]:
    """A file to keep, whole."""
    page = phone.open(f"/items/{item(phone, 'video', 'document')}")
    if page.take_home:
        phone.take(phone.dice.choice(page.take_home))
    yield some(phone, 1, 20)


def take_half(phone: Phone) -> Generator[float]:
    """A download over a slow link: cut half way, or not, and perhaps fetched to its end another time."""
    page = phone.open(f"/items/{item(phone, 'video')}")
    if not page.take_home:
        return
    path = phone.dice.choice(page.take_home)
    slow = phone.take_slowly(path)
    got, most = next(slow, 0), phone.dice.choice([60_000, 60_000, 300_000])
    for _ in range(phone.dice.randint(0, 3)):
        yield some(phone, 1, 30)
        try:
            got = slow.send(phone.dice.randint(1, most))
        except StopIteration:
            break
    slow.close()
    if phone.dice.random() < 0.5:
        yield some(phone, 1, 60)
        phone.take(path, f"bytes={got}-")


def replay(phone: Phone) -> Generator[float]:
    """A page that was kept open tells once more what the hub has long had."""
    phone.open(phone.dice.choice(PAGES))
    if phone.old:
        body = json.dumps({"plays": phone.dice.sample(phone.old, min(len(phone.old), 3))}).encode()
        phone.ask("POST", "/usage/events", body)
    yield some(phone, 1, 10)


def unknown(phone: Phone) -> Generator[float]:
    """Reports that are refused: nothing of them counts, and they do not hold up the others."""
    play = {"id": f"{phone.dice.getrandbits(128):032x}", "item": "precio-justo/nada", "intervals": [[0, 10]]}
    tab = Tab(phone, item(phone, "video"))
    phone.remember(play)
    yield from tab.watch(some(phone, 6, 20))
    yield some(phone, 1, 60)
    tab.leave()


def too_long(phone: Phone) -> Generator[float]:
    """A page that thinks its film is longer than it is."""
    tab = Tab(phone, item(phone, "video"))
    tab.length = (tab.length or 0) + 60
    yield from tab.watch(30, begin=tab.length - 80)
    tab.leave()


def browse(phone: Phone) -> Generator[float]:
    """Pages, one that is not there among them."""
    for path in phone.dice.sample(PAGES, 3):
        phone.open(path)
        yield some(phone, 1, 30)


def switch_language(phone: Phone) -> Generator[float]:
    phone.ask("GET", f"/language/{phone.dice.choice(['es', 'en'])}")
    phone.open("/")
    yield some(phone, 1, 10)


def forget_cookies(phone: Phone) -> Generator[float]:
    """Whoever clears her browser's cookies, but not its storage, is another visitor."""
    phone.cookies.clear()
    phone.open("/")
    yield some(phone, 1, 10)
    yield from watch(phone)


WITHOUT_SCRIPTS: list[Move] = [watch, pause, read, take_home, take_half, browse, switch_language, share, two_tabs]
MOVES: list[Move] = [
    watch, watch, seek_and_loop, pause, on_the_edge, on_the_edge, sleep, roam, bad_air, bad_air, move_house, share, two_tabs, read, group,
    crowd_unsaid, take_home, take_half, replay, unknown, too_long, browse, switch_language, forget_cookies,
]  # fmt: skip
ORDINARY: list[Move] = [
    *[watch] * 10, *[read] * 4, *[browse] * 3, *[pause, sleep, share, crowd_unsaid] * 2, seek_and_loop, roam, bad_air,
    move_house, two_tabs, group, take_home, take_half, switch_language,
]  # fmt: skip
