"""What is brought, in which order, what goes for it, and what waits: rules over plain values."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.records import Blob
from content_cache.sync.plan import (
    REQUEST,
    TEXTS,
    Evict,
    Get,
    Held,
    Limits,
    Offer,
    Plan,
    Take,
    Wanted,
    Wishes,
    need,
    plan,
    room,
    travels,
)

MB = 10**6


def blob(name: int, size: int, packed: int | None = None) -> Blob:
    return Blob(f"{name:064x}", size, packed)


def wanted(item: str, *others: Blob, texts: tuple[Blob, ...] = (), again: tuple[Blob, ...] = ()) -> Wanted:
    return Wanted(item, texts, others, again)


def order(made: Plan) -> list[int]:
    """The blobs that are brought, by name, in order."""
    found = []
    for step in made.steps:
        blobs = step.blobs if isinstance(step, Take) else [step.blob] if isinstance(step, Get) else []
        found += [int(one.sha256, 16) for one in blobs]
    return found


def evicted(made: Plan) -> list[str]:
    return [step.item for step in made.steps if isinstance(step, Evict)]


def left(made: Plan) -> dict[str, str]:
    return {one.item: one.reason for one in made.left}


def test_damaged_blobs_come_first_then_texts_then_the_rest():
    made = plan(
        [
            wanted("a/uno", blob(1, MB), texts=(blob(2, 5000),)),
            wanted("a/dos", blob(3, 10), texts=(blob(4, 5000),), again=(blob(5, 2 * MB),)),
        ]
    )
    assert order(made) == [5, 4, 2, 3, 1]
    assert made.left == []


def test_pinned_then_asked_for_then_small_then_used():
    items = [
        wanted("a/large", blob(1, 900 * MB)),
        wanted("a/small", blob(2, 2 * MB)),
        wanted("a/used", blob(3, 2 * MB + 9)),
        wanted("a/asked", blob(4, 50 * MB)),
        wanted("a/asked-more", blob(5, 60 * MB)),
        wanted("a/pinned", blob(6, 300 * MB)),
        wanted("b/of-a-pinned-course", blob(7, 200 * MB)),
    ]
    wishes = Wishes(
        pinned=frozenset({"a/pinned", "b"}), asked={"a/asked": 1, "a/asked-more": 2}, use={"a/used": 3, "a/large": 99}
    )
    assert order(plan(items, wishes=wishes)) == [7, 6, 5, 4, 3, 2, 1]


def test_what_was_removed_is_not_brought_and_what_is_here_of_it_goes():
    wishes = Wishes(removed=frozenset({"a", "b/x"}), pinned=frozenset({"a/keep"}))
    items = [wanted("a/uno", blob(1, 10)), wanted("b/x", blob(2, 10)), wanted("a/keep", blob(3, 10))]
    made = plan(items, [Held("a/dos", (blob(4, MB),)), Held("a/keep", (blob(5, MB),))], wishes)
    assert (order(made), evicted(made)) == ([3], ["a/dos"])
    assert left(made) == {"a/uno": "removed", "b/x": "removed"}


def test_a_film_larger_than_a_days_budget_comes_in_days():
    film, known, days = blob(1, 10 * MB), 0, 0
    while known < film.size:
        made = plan([wanted("a/film", film)], limits=Limits(3 * MB, 2**62), known={film.sha256: known})
        (step,) = made.steps
        assert step.start == known
        assert made.bytes <= 3 * MB
        assert left(made) == ({} if step.end == film.size else {"a/film": "budget"})
        known, days = step.end, days + 1
    assert days == 4


def test_without_budget_nothing_moves_but_what_came_already():
    here = {blob(1, MB).sha256: MB}
    made = plan([wanted("a/uno", blob(1, MB)), wanted("a/dos", blob(2, MB))], limits=Limits(0, 2**62), known=here)
    assert (made.steps, made.bytes) == ([Get(blob(1, MB), MB, MB)], 0)
    assert left(made) == {"a/dos": "budget"}


def test_what_does_not_fit_whole_is_not_begun():
    made = plan([wanted("a/film", blob(1, 5 * MB), blob(2, 900 * MB))], limits=Limits(None, 100 * MB))
    assert made.steps == []
    assert left(made) == {"a/film": "space"}


def test_less_needed_items_make_room_and_equals_do_not():
    held = [
        Held("a/old", (blob(9, 50 * MB),)),
        Held("a/used", (blob(8, 50 * MB),)),
        Held("a/pinned", (blob(7, 50 * MB),)),
    ]
    wishes = Wishes(asked={"b/asked": 1}, use={"a/used": 40}, pinned=frozenset({"a/pinned"}))
    asked, unasked = wanted("b/asked", blob(1, 90 * MB)), wanted("b/unasked", blob(2, 45 * MB))
    made = plan([asked, unasked], held, wishes, Limits(None, MB))
    assert evicted(made) == ["a/old", "a/used"]
    assert (order(made), left(made)) == ([1], {"b/unasked": "space"})
    assert plan([unasked], held, wishes, Limits(None, MB)).steps == []


def test_room_is_made_only_for_what_the_budget_brings_today():
    held = [Held("a/old", (blob(9, 50 * MB),))]
    wishes, film = Wishes(asked={"b/film": 1}), wanted("b/film", blob(1, 60 * MB))
    assert evicted(plan([film], held, wishes, Limits(5 * MB, 20 * MB))) == []
    assert evicted(plan([film], held, wishes, Limits(50 * MB, 20 * MB))) == ["a/old"]


def test_the_release_before_goes_before_any_item_and_an_old_version_for_its_new_one():
    held = [
        Held("a/film", (blob(9, 50 * MB),), is_old=True),
        Held("", (blob(8, 50 * MB),)),
        Held("b/x", (blob(7, MB),)),
    ]
    made = plan([wanted("a/film", blob(1, 60 * MB))], held, limits=Limits(None, 20 * MB))
    assert evicted(made) == [""]
    made = plan([wanted("a/film", blob(1, 110 * MB))], held, limits=Limits(None, 20 * MB))
    assert evicted(made) == ["", "a/film"]


def test_texts_take_the_place_of_what_nobody_pinned_or_no_release_could_follow_on_a_full_disk():
    texts, held = [wanted("a/uno", texts=(blob(1, 90_000),))], [Held("b/x", (blob(9, 50 * MB),))]
    made = plan(texts, held, Wishes(asked={"b/x": 9}, use={"b/x": 99}), Limits(None, 10))
    assert (evicted(made), left(made)) == (["b/x"], {})
    made = plan(texts, held, Wishes(pinned=frozenset({"b/x"})), Limits(None, 10))
    assert (made.steps, left(made), made.crowded) == ([], {"a/uno": "space"}, [blob(1, 90_000)])


def offer_of(path: str, *made: tuple[Blob, int]) -> Offer:
    """Makes each blob by a range of its own, of so many bytes."""
    ranges, at = [], 0
    for _, size in made:
        ranges.append((at, at + size))
        at += size
    makes = {one.sha256: (number,) for number, (one, _) in enumerate(made)}
    return Offer(path, ranges, makes, [size for _, size in made])


def test_an_offer_is_taken_where_it_costs_less():
    cheap, dear = blob(1, 5000), blob(2, 500)
    offer = offer_of("d/x", (cheap, 100), (dear, 4000))
    made = plan([wanted("a/uno", cheap, dear)], offers=[offer])
    assert made.steps == [Take(offer, [0], [cheap]), Get(dear, 0, 500)]
    assert made.bytes == 100 + REQUEST + 500 + REQUEST


def test_files_that_share_a_range_pay_it_together():
    few, many = [blob(number, 2000) for number in range(2)], [blob(number, 2000) for number in range(20)]
    offer = Offer("b/x", [(0, 9000)], {one.sha256: (0,) for one in many}, [9000])
    assert order(plan([wanted("a/uno", *few)], offers=[offer])) == [0, 1]
    assert not any(isinstance(step, Take) for step in plan([wanted("a/uno", *few)], offers=[offer]).steps)
    (step,) = plan([wanted("a/uno", *many)], offers=[offer]).steps
    assert isinstance(step, Take)
    assert (step.ranges, len(step.blobs)) == ([0], 20)


def test_a_large_offer_is_taken_in_the_order_of_what_is_needed():
    one, two = blob(1, 3 * MB), blob(2, 3 * MB)
    offer = offer_of("d/x", (one, 2 * MB), (two, 2 * MB))
    made = plan(
        [wanted("a/uno", one), wanted("a/dos", two)],
        wishes=Wishes(pinned=frozenset({"a/dos"})),
        limits=Limits(3 * MB, 2**62),
        offers=[offer],
    )
    assert order(made)[0] == 2
    assert left(made) == {"a/uno": "budget"}


class Look:
    """Counts what is asked of a mapping: how the work grows shows without a clock."""

    def __init__(self) -> None:
        self.asked = 0

    def get(self, _name: str, default: int = 0) -> int:
        self.asked += 1
        return default


def work(items: int) -> int:
    look = Look()
    several = [wanted(f"a/{number}", blob(number, MB), texts=(blob(10**6 + number, 900),)) for number in range(items)]
    held = [Held(f"b/{number}", (blob(2 * 10**6 + number, MB),)) for number in range(items)]
    wishes = Wishes(asked={f"a/{number}": 1 for number in range(0, items, 2)})
    plan(several, held, wishes, Limits(items * MB, items * MB // 4), known=look)
    return look.asked


def test_the_work_grows_with_the_items_and_no_faster():
    assert work(4000) <= 4.2 * work(1000)


@st.composite
def cases(draw):
    sizes = draw(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=40))
    packs = draw(st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes)))
    pool = [blob(n, size, size // 3 if pack else None) for n, (size, pack) in enumerate(zip(sizes, packs, strict=True))]
    some = st.lists(st.sampled_from(pool), max_size=4, unique=True).map(tuple)
    items = [
        Wanted(f"c{number % 3}/i{number}", draw(some), draw(some), draw(some) if number == 0 else ())
        for number in range(draw(st.integers(1, 8)))
    ]
    held = [
        Held(
            draw(st.sampled_from(["", f"c{number % 3}/h{number}"])),
            (blob(1000 + number, draw(st.integers(1, 3_000_000))),),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    names = [one.item for one in items] + [one.item for one in held if one.item] + ["c0", "c1"]
    subset = st.sets(st.sampled_from(names), max_size=4).map(frozenset)
    wishes = Wishes(
        pinned=draw(subset),
        removed=draw(subset),
        asked=dict.fromkeys(draw(subset), 2),
        use=dict.fromkeys(draw(subset), 9),
    )
    limits = Limits(draw(st.none() | st.integers(0, 6_000_000)), draw(st.integers(0, 12_000_000)))
    offered = draw(st.lists(st.sampled_from(pool), max_size=6, unique=True))
    offers = [offer_of("d/x", *((one, draw(st.integers(1, 90_000))) for one in offered))] if offered else []
    known = {
        one.sha256: draw(st.integers(0, travels(one))) for one in draw(st.lists(st.sampled_from(pool), max_size=3))
    }
    return items, held, wishes, limits, offers, known


@settings(max_examples=300, deadline=None)
@given(cases())
def test_no_plan_breaks_a_limit_or_forgets_anything(case):
    items, held, wishes, limits, offers, known = case
    made = plan(items, held, wishes, limits, offers, known)
    assert limits.budget is None or made.bytes <= limits.budget
    moved, free, whole, taken = 0, limits.free, set(), set()
    for step in made.steps:
        if isinstance(step, Evict):
            assert step in {Evict(one.item, one.blobs) for one in held}
            assert not step.item or not wishes.is_pinned(step.item)
            free += sum(map(room, step.blobs))
        elif isinstance(step, Get):
            assert step.start == known.get(step.blob.sha256, 0)
            moved += step.end - step.start
            free -= (
                min(room(step.blob) - min(step.start, room(step.blob)), room(step.blob))
                if step.end == travels(step.blob)
                else step.end - step.start
            )
            whole |= {step.blob.sha256} if step.end == travels(step.blob) else set()
        else:
            moved += sum(step.offer.costs[number] for number in step.ranges if number not in taken)
            taken.update(step.ranges)
            free -= sum(room(one) - min(known.get(one.sha256, 0), room(one)) for one in step.blobs)
            whole |= {one.sha256 for one in step.blobs}
        assert free >= 0, "the reserve is left alone at every step"
    assert moved <= made.bytes
    assert len(whole) == len([name for step in made.steps for name in names_of(step)]), "nothing comes twice"
    reasons = left(made)
    for one in items:
        all_of_it = {each.sha256 for each in (*one.again, *one.texts, *one.others)}
        assert (all_of_it <= whole) == (one.item not in reasons)
        if wishes.is_removed(one.item):
            assert reasons.get(one.item) in ("removed", None)
    if limits.budget is None:
        assert "budget" not in reasons.values()


def names_of(step):
    if isinstance(step, Get):
        return [step.blob.sha256] if step.end == travels(step.blob) else []
    return [one.sha256 for one in step.blobs] if isinstance(step, Take) else []


@settings(max_examples=200, deadline=None)
@given(cases())
def test_what_goes_is_always_less_needed_than_what_comes(case):
    items, held, wishes, limits, offers, known = case
    made = plan(items, held, wishes, limits, offers, known)
    gone = [step for step in made.steps if isinstance(step, Evict) and not wishes.is_removed(step.item)]
    coming = [one for one in items if not wishes.is_removed(one.item)]
    needs = [*(need(one.item, wishes) for one in coming), *(TEXTS for one in coming if one.texts)]
    most = max(needs, default=(0,))
    assert all(need(step.item, wishes) < most for step in gone)
