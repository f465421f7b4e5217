"""A library some of whose items are still on their way, as a sync leaves it that had no bytes left for them.

leave_out(library, {"precio-justo/costos": 12_000_000})     # so many bytes of the item are not here yet
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from content_cache.building import SUMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from content_cache.library import Library


def leave_out(library: Library, coming: Mapping[str, int], *, removed: Iterable[str] = ()) -> str:
    """Serve the release anew, with so many bytes of each item to come; 0 brings it. Returns the name it gets.

    Those `removed` are on no page.
    """
    served = library.release()
    assert served is not None
    name = f"{served.partition('-')[0]}-{secrets.token_hex(6)}"
    shutil.copy(library.path(served), library.path(name))
    with closing(sqlite3.connect(library.path(name))) as catalogue, catalogue:
        catalogue.execute("UPDATE meta SET release = ?", (name,))
        for item, count in coming.items():
            assert catalogue.execute("UPDATE items SET coming = ? WHERE id = ?", (count, item)).rowcount == 1, item
        catalogue.executemany("UPDATE items SET removed = 1 WHERE id = ?", [(item,) for item in removed])
        for (slug,) in catalogue.execute("SELECT slug FROM courses").fetchall():
            listed, here, lacking, _ = catalogue.execute(SUMS, (slug,)).fetchone()
            change = "UPDATE courses SET items = ?, here = ?, coming = ? WHERE slug = ?"
            catalogue.execute(change, (listed, here, lacking, slug))
    link = library.catalogues / "next"
    link.symlink_to(f"{name}.sqlite")
    link.replace(library.catalogues / "current")
    return name
