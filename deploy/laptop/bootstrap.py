"""Makes `.venv` from a bare checkout and installs the project into it. Runs on any Python 3, to say which one it needs.

    python3 deploy/laptop/bootstrap.py EXTRA...     # e.g. publisher collector dev

Does nothing when the metadata, the translations and the front end are the ones installed last time.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
NEEDS_MB = 600


def fail(sentence):
    """End with one sentence that says what to do."""
    sys.stderr.write(sentence + "\n")
    sys.exit(69)


def check_machine():
    """Say what is missing before anything is written."""
    if sys.version_info < (3, 11):
        fail(
            "Village Hub needs Python 3.11 or later and this is %d.%d; install a newer one and run: "
            "make PYTHON=python3.12 run" % sys.version_info[:2]
        )
    free = shutil.disk_usage(ROOT).free // 1000000
    if free < NEEDS_MB:
        fail("There are %d MB free here and setting up needs %d; free some space and try again." % (free, NEEDS_MB))


def fingerprint(extras):
    """Name what an installation depends on: extras, metadata, translations, front end, interpreter."""
    digest = hashlib.sha256(repr((sorted(extras), sys.version)).encode())
    for folder, names in sources():
        for name in names:
            digest.update(name.encode())
            with open(os.path.join(folder, name), "rb") as source:
                digest.update(source.read())
    return digest.hexdigest()


def sources():
    """Yield (folder, file names) of what setup.py reads."""
    yield ROOT, ["pyproject.toml", "setup.py"]
    for top in ("hub/frontend", "hub/translations", "collector/translations"):
        for folder, _, names in sorted(os.walk(os.path.join(ROOT, top))):
            yield folder, sorted(name for name in names if not name.endswith(".mo"))


def install(extras):
    """Make the environment and install the project, editable, with `extras`."""
    if not os.path.exists(PYTHON) and subprocess.call([sys.executable, "-m", "venv", VENV]) != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        fail("This Python cannot make a virtual environment; on Debian run: apt install python3-venv")
    wanted = "%s[%s]" % (ROOT, ",".join(extras))
    print("Setting up (a few minutes the first time) ...", flush=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", wanted]
    if subprocess.call(pip) != 0:
        fail("Setting up did not end well; read the lines above, check the connection and run the same command again.")


def main(extras):
    """Install unless the last installation was the same and at least as wide."""
    check_machine()
    marker = os.path.join(VENV, "installed-" + "-".join(sorted(extras)))
    now = fingerprint(extras)
    if os.path.exists(marker):
        with open(marker) as known:
            if known.read() == now:
                return
    install(extras)
    with open(marker, "w") as known:
        known.write(now)


if __name__ == "__main__":
    main(sys.argv[1:])
