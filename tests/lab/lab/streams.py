#!/usr/bin/python3
"""The two ends of streams and floods between kernels: `streams.py serve`, and `streams.py KIND TO SECONDS [SEED]`.

TCP ports 5001 (takes all), 5002 (sends all it can), 5003 (sends back); UDP port 5004 sends back.
"""

import contextlib
import random
import socket
import struct
import sys
import threading
import time

UDP_SEGMENT = 103


def sink(c):
    while c.recv(1 << 20):
        pass


def source(c):
    while True:
        c.sendall(b"x" * (1 << 18))


def echo(c):
    while data := c.recv(65536):
        c.sendall(data)


def _one(mode, c):
    with contextlib.suppress(OSError), c:
        mode(c)


def _listen(port, mode):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    s.listen(64)

    def accept():
        while True:
            threading.Thread(target=_one, args=(mode, s.accept()[0]), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


def serve():
    for port, mode in ((5001, sink), (5002, source), (5003, echo)):
        _listen(port, mode)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("", 5004))
    print("ready", flush=True)
    while True:
        data, peer = u.recvfrom(65536)
        with contextlib.suppress(OSError):
            u.sendto(data, peer)


class Client:
    """One kind of traffic is one method."""

    def __init__(self, to, seconds, rnd):
        self.to, self.end, self.rnd = to, time.monotonic() + seconds, rnd

    def going(self):
        return time.monotonic() < self.end

    def tcp(self, port):
        s = socket.create_connection((self.to, port), timeout=5)
        return s

    def udp(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(0.01)
        return s

    def up(self):
        s, data = self.tcp(5001), b"y" * self.rnd.choice([100, 1000, 1 << 14, 1 << 18])
        while self.going():
            s.sendall(data)

    def down(self):
        s = self.tcp(5002)
        while self.going():
            s.recv(1 << 18)

    def slowly(self):
        """The window closes again and again."""
        s = self.tcp(5002)
        while self.going():
            s.recv(3000)
            time.sleep(0.002)

    def talk(self):
        s = self.tcp(5003)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while self.going():
            s.sendall(b"z" * self.rnd.randint(1, 9000))
            s.recv(65536)

    def connections(self):
        while self.going():
            with contextlib.suppress(OSError), self.tcp(5003) as s:
                s.sendall(b"hello")
                s.recv(10)

    def datagrams(self):
        s, size = self.udp(), self.rnd.choice([4, 500, 1472, 4000, 20000])
        while self.going():
            s.sendto(b"u" * size, (self.to, 5004))
            with contextlib.suppress(OSError):
                s.recv(65536)

    def alike(self):
        """Twenty equal ones at a time."""
        s = self.udp()
        while self.going():
            for _ in range(20):
                s.sendto(b"same", (self.to, 5004))
            time.sleep(0.005)

    def segmented(self):
        """UDP that the kernel cuts (UDP_SEGMENT)."""
        s = self.udp()
        s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("i", 1000))
        while self.going():
            s.sendto(b"g" * self.rnd.randint(1001, 30000), (self.to, 5004))
            time.sleep(0.003)


KINDS = [name for name, f in vars(Client).items() if callable(f) and name not in ("__init__", "going", "tcp", "udp")]


def main():
    if sys.argv[1] == "serve":
        serve()
        return
    kind, to, seconds = sys.argv[1:4]
    with contextlib.suppress(OSError):
        getattr(Client(to, float(seconds), random.Random(" ".join(sys.argv[1:]))), kind)()


if __name__ == "__main__":
    main()
