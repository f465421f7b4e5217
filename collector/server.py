"""Runs the application under waitress until SIGTERM or SIGINT.

What is being written then is finished; an answer may be lost on the way, which costs its hub a repetition.
"""

from __future__ import annotations

import errno
import signal
from typing import TYPE_CHECKING, Any

import waitress

from collector.carry.refused import LONGEST_UPLOAD
from collector.errors import BadSetting, PortInUse
from collector.notify import notify

if TYPE_CHECKING:
    from flask import Flask

    from collector.settings import Settings

THREADS = 4
FROM_PROXY = {"x-forwarded-for", "x-forwarded-proto"}


def listen(app: Flask, settings: Settings) -> Any:
    """A server that holds the port but answers nobody yet. Raises PortInUse or BadSetting."""
    try:
        return waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            ident=None,
            connection_limit=500,
            channel_timeout=60,
            asyncore_use_poll=True,
            max_request_body_size=LONGEST_UPLOAD + 1,
            max_request_header_size=32 << 10,
            **_in_front(settings.trusted_proxy),
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"Port {settings.port} is in use; stop the program that listens there or set COLLECTOR_PORT."
            ) from None
        raise BadSetting(f"Cannot listen on {settings.host}:{settings.port} ({error}); mend COLLECTOR_HOST.") from None


def _in_front(proxy: str) -> dict[str, Any]:
    """How waitress takes the address of who asks from `proxy` alone, and the same header from nobody else."""
    known = {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": FROM_PROXY} if proxy else {}
    return {"clear_untrusted_proxy_headers": True, **known}


def stop_on_signals() -> None:
    """From now on SIGTERM and SIGINT end this process with exit code 0, whatever it is at."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)


def _stop(_number: int, _frame: object) -> None:
    notify("STOPPING=1")
    raise SystemExit(0)
