"""For which systems the package is made, and what pip must know to fetch wheels for a machine that is not this one.

    target = Target(DEBIANS["13"], "arm64")
    target.pip_options()            # ["--python-version", "3.13", "--platform", "manylinux_2_41_aarch64", ...]
    target.environment()            # for markers such as `python_version < "3.12"` (PEP 508)

A wheel for manylinux_2_N runs on glibc 2.N and later (PEP 600), so each Debian takes all tags up to its own glibc.
"""

from __future__ import annotations

from typing import NamedTuple


class Debian(NamedTuple):
    """A release: its number, name, and the versions of Python and glibc (2.N) that it brings."""

    number: str
    name: str
    python: tuple[int, int]
    glibc: int


DEBIANS = {
    "12": Debian("12", "bookworm", (3, 11), 36),
    "13": Debian("13", "trixie", (3, 13), 41),
}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  # Debian's word, and that of the kernel and of wheels
OLDEST_GLIBC = {"amd64": 5, "arm64": 17}
OLD_NAMES = {"amd64": ("manylinux2014", "manylinux2010", "manylinux1"), "arm64": ("manylinux2014",)}


class Target(NamedTuple):
    """One package's machine."""

    debian: Debian
    arch: str

    @property
    def python(self) -> str:
        return "{}.{}".format(*self.debian.python)

    @property
    def machine(self) -> str:
        return MACHINES[self.arch]

    def platforms(self) -> list[str]:
        """Tags of wheels that run there, the newest first, as pip prefers them."""
        newer = [f"manylinux_2_{minor}" for minor in range(self.debian.glibc, OLDEST_GLIBC[self.arch] - 1, -1)]
        return [f"{tag}_{self.machine}" for tag in (*newer, *OLD_NAMES[self.arch])]

    def pip_options(self) -> list[str]:
        """Options of `pip install --target` that choose wheels for that Python, on that machine, and build nothing."""
        tags = [word for platform in self.platforms() for word in ("--platform", platform)]
        return ["--only-binary=:all:", "--implementation", "cp", "--python-version", self.python, *tags]

    def environment(self) -> dict[str, str]:
        """What markers of a requirement ask of the machine; pip answers them from its own."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
            "extra": "",
        }
