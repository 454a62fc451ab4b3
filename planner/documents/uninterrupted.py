"""What a signal may not cut in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# A closed terminal is told by SIGHUP, which Windows does not know.
SIGNALS = [signal.SIGINT, signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)])]


@contextmanager
def uninterrupted(tell: Callable[[], None] | None = None) -> Iterator[None]:
    """Let a signal wait until what is begun is done; then it is obeyed.

    With `tell`, which is called at the first signal, the second one is obeyed at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = {one: signal.getsignal(one) for one in SIGNALS}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def note(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)
        if tell is not None:
            restore()
            tell()

    for one, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(one, note)
    try:
        yield
    finally:
        restore()
    if waiting:
        signal.raise_signal(waiting[0])
