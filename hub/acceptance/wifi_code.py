r"""What a QR code says to join a Wi-Fi, as phones' cameras read it.

    join_code(WiFi(name="La Hub; 2", password="48217730"))      # WIFI:T:WPA;S:La Hub\; 2;P:48217730;;

The form is ZXing's (https://github.com/zxing/zxing/wiki/Barcode-Contents#wi-fi-network-config-android-ios-11): of the
text, `\`, `;`, `,`, `"` and `:` stand behind a backslash. WPA is what WPA2 is called there, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.network.record import WiFi

SPECIAL = re.compile(r'([\\;,":])')


def join_code(wifi: WiFi) -> str:
    """The text of the QR code; an open network has no password."""
    name = _escaped(wifi.name)
    if not wifi.password:
        return f"WIFI:T:nopass;S:{name};;"
    return f"WIFI:T:WPA;S:{name};P:{_escaped(wifi.password)};;"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)
