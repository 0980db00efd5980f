"""The built site on this machine, for looking at it as visitors will."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from generator.errors import Fault, InputError, IsoglossError
from generator.progress import say


class PageServer(ThreadingHTTPServer):
    """Serves the files of a folder; port 0 chooses a free one."""

    request_queue_size = 128
    """A browser asks for all parts of a page at once; by default the sixth in line is turned away."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(folder)))


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Thread]:
    """Serve ``folder`` on the loopback address from a thread of its own, which is yielded; port 0 chooses a free one.

    Raises InputError when there is no site, and IsoglossError when the port is taken.
    """
    if not (folder / "index.html").is_file():
        raise InputError([Fault(str(folder), "there is no site here", "Build it first: isogloss build")])
    try:
        server = PageServer(folder, port)
    except OSError as error:
        raise IsoglossError(f"port {port} cannot be used ({error.strerror}). Choose another with --port") from None
    with server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        say(f"Serving {folder} at http://127.0.0.1:{server.server_port}/ until Ctrl-C")
        try:
            yield thread
        finally:
            server.shutdown()
