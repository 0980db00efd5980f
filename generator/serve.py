"""The built site on this machine, for looking at it as visitors will."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from generator.errors import Fault, InputError, IsoglossError
from generator.progress import say


def serve_folder(folder: Path, port: int) -> None:
    """Serve ``folder`` on the loopback address until interrupted; port 0 chooses a free one.

    Raises InputError when there is no site, and IsoglossError when the port is taken.
    """
    if not (folder / "index.html").is_file():
        raise InputError([Fault(str(folder), "there is no site here", "Build it first: isogloss build")])
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise IsoglossError(f"port {port} cannot be used ({error.strerror}). Choose another with --port") from None
    with server:
        say(f"Serving {folder} at http://127.0.0.1:{server.server_port}/ until Ctrl-C")
        server.serve_forever()
