"""Imports run one way, as docs/decisions and the glossary's house say; here it is held.

    hub -> content_cache, wire        collector -> wire        wire and content_cache -> nobody

Inside `hub` the features stand on floors. A feature imports what stands on its own floor or below, never in a circle;
the shared modules beside them import no feature. Imports within functions and for types alone count as well: they tie
two parts together all the same. A folder that is not in the table below fails the tests, so that its place is decided.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "wire": set(),
    "content_cache": set(),
    "hub": {"content_cache", "wire"},
    "collector": {"wire"},
}
FLOORS = {
    # box: sensors of the machine, and what root is asked to do; knows no feature.
    "ground": {"library", "learners", "usage", "box"},
    "activity": {"media", "quizzes", "survey", "groups"},
    # worker: its jobs are those of the features below and of the uplink; the technician's page shows their runs.
    # health: the probes tell how usage and uplink fare; its checks.py knows no feature (see below).
    # content: asks the uplink's budget before each piece, and the worker runs its jobs.
    # downlink: what head office told changes accounts, rules of the uplink and where content comes from.
    # carry: files of the uplink's batches and answers, and the sticks that content looks after.
    # messages: short messages of what waits in the uplink's outbox, as one of the worker's jobs.
    "outward": {"certificates", "signup", "portal", "uplink", "content", "worker", "health", "technician"}
    | {"downlink", "carry", "messages"}
    # network: one record from which root writes the files of Wi-Fi, names and firewall.
    # visit: first boot and the five answers. acceptance: the check at the end of the visit, label and report.
    # Both ask all of the above.
    | {"network", "visit", "acceptance"},
}
NOT_FEATURES = {"commands", "migrations"}
# The application and the commands put the parts together, so they may know any feature.
COMPOSE = {"hub.app", "hub.commands"}
# What a distribution brings along as part of its own interface needs no line of its own in pyproject.toml.
COMES_WITH = {
    "werkzeug": "flask",
    "jinja2": "flask",
    "markupsafe": "flask",
    "babel": "flask-babel",
    "urllib3": "requests",
    "securesystemslib": "tuf",
}
EXTRA_OF = {"content_cache": "publisher", "collector": "collector"}


class Import(NamedTuple):
    """`module` imports `target`; `lazy` if only a function or a type checker does."""

    module: str
    target: str
    line: int
    lazy: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, text: str | None = None) -> list[Import]:
    """Every import statement of a file, and every import_module of a name that stands there."""
    module = module_of(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: list[Import] = []

    def note(target: str, node: ast.AST, *, lazy: bool) -> None:
        found.append(Import(module, target, node.lineno, lazy))  # type: ignore[attr-defined]

    def look(node: ast.AST, *, lazy: bool) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                note(name.name, node, lazy=lazy)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            source = ".".join(part for part in (base, node.module) if part)
            for name in node.names:
                note(f"{source}.{name.name}", node, lazy=lazy)
        elif isinstance(node, ast.Call) and _imported(node):
            note(_imported(node), node, lazy=True)
        within = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.iter_child_nodes(node):
            look(child, lazy=lazy or within or types)

    look(ast.parse(path.read_text() if text is None else text), lazy=False)
    return found


def _imported(node: ast.Call) -> str:
    """What import_module is called with, if that is written there; hub/cli.py makes names of its table of commands."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    written = called in {"import_module", "__import__"} and isinstance(node.args[0], ast.Constant)
    return str(node.args[0].value) if written else ""  # type: ignore[attr-defined]


def files(package: str) -> list[Path]:
    return sorted(path for path in (ROOT / package).rglob("*.py") if "__pycache__" not in path.parts)


IMPORTS = {package: [found for path in files(package) for found in imports_of(path)] for package in MAY_IMPORT}


def feature_of(module: str) -> str | None:
    """The feature of hub that `module` belongs to."""
    parts = module.split(".")
    if len(parts) < 2 or parts[0] != "hub" or not (ROOT / "hub" / parts[1]).is_dir():
        return None
    return None if parts[1] in NOT_FEATURES else parts[1]


def floor_of(feature: str) -> int:
    return next(number for number, features in enumerate(FLOORS.values()) if feature in features)


def test_every_package_has_files_to_look_at() -> None:
    assert all(len(found) > 20 for found in IMPORTS.values())


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_those_they_may(package: str) -> None:
    strangers = set(MAY_IMPORT) - MAY_IMPORT[package] - {package} | {"tests", "benchmarks", "samples", "deploy"}
    wrong = [str(found) for found in IMPORTS[package] if found.target.split(".")[0] in strangers]
    assert not wrong


def test_every_feature_has_its_floor() -> None:
    folders = {path.name for path in (ROOT / "hub").iterdir() if (path / "__init__.py").exists()}
    placed = set().union(*FLOORS.values())
    assert folders - placed - NOT_FEATURES == set(), "decide on which floor it stands, in FLOORS above"
    assert sum(len(features) for features in FLOORS.values()) == len(placed), "a feature stands on one floor"


def test_no_hub_carries_the_publisher() -> None:
    assert not [str(found) for found in IMPORTS["hub"] if found.target.startswith("content_cache.publisher")]


def is_upward(found: Import) -> bool:
    source, target = feature_of(found.module), feature_of(found.target)
    return bool(source and target and floor_of(target) > floor_of(source))


def test_features_import_only_downward() -> None:
    assert not [str(found) for found in IMPORTS["hub"] if is_upward(found)]


@pytest.mark.parametrize(
    ("module", "target", "upward"),
    [
        ("hub.usage.record", "hub.media.answer", True),
        ("hub.usage.record", "hub.technician.look", True),
        ("hub.media.answer", "hub.uplink", True),
        ("hub.technician.look", "hub.usage.models", False),
        ("hub.usage.record", "hub.library.pages", False),
        ("hub.usage.record", "hub.settings.Settings", False),
        ("hub.app", "hub.technician.routes", False),
    ],
)
def test_an_upward_import_would_be_found(module: str, target: str, upward: bool) -> None:
    assert is_upward(Import(module, target, 1, lazy=True)) is upward


def test_features_import_each_other_in_no_circle() -> None:
    known: dict[str, set[str]] = {}
    for found in IMPORTS["hub"]:
        source, target = feature_of(found.module), feature_of(found.target)
        if source and target and source != target:
            known.setdefault(source, set()).add(target)
    try:
        list(TopologicalSorter(known).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_shared_modules_of_the_hub_know_no_feature() -> None:
    wrong = [
        str(found)
        for found in IMPORTS["hub"]
        if feature_of(found.module) is None
        and not any(found.module == root or found.module.startswith(f"{root}.") for root in COMPOSE)
        and feature_of(found.target)
    ]
    assert not wrong


def test_nobody_imports_what_puts_the_parts_together_but_for_the_running_hub() -> None:
    """A feature reaches the running hub as `hub_of()`; it needs neither the factory nor a command."""
    allowed = {"hub.app.hub_of", "hub.app.Hub"}
    wrong = [
        str(found)
        for found in IMPORTS["hub"]
        if feature_of(found.module) and found.target.startswith(tuple(COMPOSE)) and found.target not in allowed
    ]
    assert not wrong


def test_the_checks_of_health_know_no_feature() -> None:
    targets = {feature_of(found.target) for found in IMPORTS["hub"] if found.module == "hub.health.checks"}
    assert targets == {None}


def test_routes_call_logic_logic_calls_models_and_never_back() -> None:
    order = {"models": 0, "routes": 2}
    wrong = []
    for found in IMPORTS["hub"]:
        source, target = feature_of(found.module), feature_of(found.target)
        if source is None or source != target or len(found.target.split(".")) < 3:
            continue
        ours, theirs = (order.get(name.split(".")[2], 1) for name in (f"{found.module}.x", found.target))
        if theirs > ours:
            wrong.append(str(found))
    assert not wrong


def declared() -> tuple[set[str], dict[str, set[str]]]:
    """Names of the distributions that pyproject.toml declares: of the bare install, and of each extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(lines: list[str]) -> set[str]:
        return {normal(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in lines}

    return names(project["dependencies"]), {name: names(of) for name, of in project["optional-dependencies"].items()}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_only_what_is_declared_is_imported(package: str) -> None:
    """The bare install runs hub, wire and content_cache; what an extra brings is imported only where it is used."""
    bare, extras = declared()
    lazily = extras[EXTRA_OF[package]] if package in EXTRA_OF else set()
    known = packages_distributions()
    wrong = []
    for found in IMPORTS[package]:
        top = found.target.split(".")[0]
        if top in sys.stdlib_module_names or top in MAY_IMPORT or top == "__future__":
            continue
        names = {normal(name) for name in known.get(top, [top])} | {COMES_WITH.get(top, top)}
        if not names & bare and not (names & lazily and found.lazy):
            wrong.append(str(found))
    assert not wrong


def test_what_is_declared_is_used() -> None:
    bare, _ = declared()
    known = packages_distributions()
    tops = {found.target.split(".")[0] for package in ("wire", "content_cache", "hub") for found in IMPORTS[package]}
    used = {normal(name) for top in tops for name in known.get(top, [])}
    assert bare - used <= {"tzdata"}, "tzdata is data: zoneinfo reads it where the system has none"


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("import a.b, c", ["a.b", "c"]),
        ("from a import b", ["a.b"]),
        ("def f():\n    from a import b", ["a.b"]),
        ("if TYPE_CHECKING:\n    import a", ["a"]),
        ("try:\n    import a\nexcept ImportError:\n    pass", ["a"]),
        ("from . import b", ["hub.usage.b"]),
        ("from ..site import this_site", ["hub.site.this_site"]),
        ("importlib.import_module('a.b')", ["a.b"]),
    ],
)
def test_no_way_to_import_is_overlooked(text: str, targets: list[str]) -> None:
    path = ROOT / "hub" / "usage" / "example.py"
    assert [found.target for found in imports_of(path, text)] == targets
