#!/usr/bin/python3
"""Makes traffic: one program, run inside a namespace, bounded in count and in time.

Prints one line per event on standard output: `sent N`, `answer N`; ends with `done SENT ANSWERED`.
"""

import argparse
import errno
import os
import select
import signal
import socket
import struct
import sys
import time


def say(*words):
    try:
        os.write(1, (" ".join(map(str, words)) + "\n").encode())
    except BrokenPipeError:
        sys.exit(0)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


class Gen:
    """The frame of every kind of traffic: start a probe each interval, look for answers in between."""

    def __init__(self, opt):
        self.opt = opt
        self.sent = self.answered = 0
        self.over = False
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)

    def stop(self, *_):
        self.over = True

    def probe(self, n):
        raise NotImplementedError

    def readers(self):
        return []

    def writers(self):
        return []

    def event(self, fd):
        """Look at a ready file; returns how many answers it gave."""
        return 0

    def expire(self, now):
        pass

    def pending(self):
        return False

    def run(self):
        opt = self.opt
        start = due = time.monotonic()
        while not self.over:
            now = time.monotonic()
            if now - start > opt.time:
                break
            if self.sent < opt.count:
                if now >= due:
                    self.probe(self.sent)
                    self.sent += 1
                    say("sent", self.sent)
                    due = max(due + opt.interval, now)
                    continue
                wait = due - now
            else:
                if self.answered >= self.sent or now - due > opt.linger:
                    break
                wait = 0.05
            try:
                r, w, _ = select.select(self.readers(), self.writers(), [], min(wait, 0.1))
            except InterruptedError:
                continue
            for fd in r + w:
                for _ in range(self.event(fd)):
                    self.answered += 1
                    say("answer", self.answered)
            self.expire(time.monotonic())
        say("done", self.sent, self.answered)


class Ping(Gen):
    def __init__(self, opt):
        super().__init__(opt)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.sock.setblocking(False)
        self.ident = os.getpid() & 0xffff
        self.seen = set()

    def probe(self, n):
        body = struct.pack("!BBHHH", 8, 0, 0, self.ident, n & 0xffff) + (b"vmpath lab probe" * 4096)[:self.opt.size]
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        try:
            self.sock.sendto(body, (self.opt.to, 0))
        except OSError as e:
            say("error", errno.errorcode.get(e.errno, e.errno))

    def readers(self):
        return [self.sock]

    def event(self, fd):
        got = 0
        try:
            while True:
                data, peer = fd.recvfrom(65536)
                kind, _, _, ident, seq = struct.unpack_from("!BBHHH", data, (data[0] & 15) * 4)
                if kind == 0 and ident == self.ident and peer[0] == self.opt.to and seq not in self.seen:
                    self.seen.add(seq)
                    got += 1
        except BlockingIOError:
            return got


class Ping6(Ping):
    """The kernel fills the checksum, and gives no header with the answer."""

    def __init__(self, opt):
        Gen.__init__(self, opt)
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        self.sock.setblocking(False)
        self.ident, self.seen = os.getpid() & 0xffff, set()

    def probe(self, n):
        body = struct.pack("!BBHHH", 128, 0, 0, self.ident, n & 0xffff) + (b"vmpath lab probe" * 4096)[:self.opt.size]
        try:
            self.sock.sendto(body, (self.opt.to, 0))
        except OSError as e:
            say("error", errno.errorcode.get(e.errno, e.errno))

    def event(self, fd):
        got = 0
        try:
            while True:
                data, _ = fd.recvfrom(65536)
                kind, _, _, ident, seq = struct.unpack_from("!BBHHH", data)
                if kind == 129 and ident == self.ident and seq not in self.seen:
                    self.seen.add(seq)
                    got += 1
        except BlockingIOError:
            return got


class Udp(Gen):
    def __init__(self, opt):
        super().__init__(opt)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)

    def probe(self, n):
        try:
            self.sock.sendto(struct.pack("!I", n) + b"u" * max(0, self.opt.size - 4), (self.opt.to, self.opt.port))
        except OSError as e:
            say("error", errno.errorcode.get(e.errno, e.errno))

    def readers(self):
        return [self.sock]

    def event(self, fd):
        try:
            fd.recvfrom(65536)
            return 1
        except OSError:
            return 0


class Tcp(Gen):
    """Connects; with `path` also a GET, whose whole answer is read."""

    def __init__(self, opt):
        super().__init__(opt)
        self.open = {}      # socket -> [state, time of birth, bytes]

    def probe(self, n):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setblocking(False)
        s.connect_ex((self.opt.to, self.opt.port))
        self.open[s] = ["connect", time.monotonic(), 0]

    def readers(self):
        return [s for s, v in self.open.items() if v[0] == "read"]

    def writers(self):
        return [s for s, v in self.open.items() if v[0] == "connect"]

    def close(self, s):
        del self.open[s]
        s.close()

    def event(self, s):
        entry = self.open[s]
        if entry[0] == "connect":
            if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.close(s)
                return 0
            if not self.opt.path:
                self.close(s)
                return 1
            s.send(f"GET {self.opt.path} HTTP/1.0\r\nHost: {self.opt.to}\r\n\r\n".encode())
            entry[0] = "read"
            return 0
        try:
            data = s.recv(65536)
        except OSError:
            data = None
        if data:
            entry[2] += len(data)
            return 0
        whole = data is not None and entry[2] > 0
        self.close(s)
        return int(whole)

    def expire(self, now):
        for s in [s for s, v in self.open.items() if now - v[1] > self.opt.timeout]:
            self.close(s)


class Arp(Gen):
    def __init__(self, opt):
        super().__init__(opt)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
        self.sock.bind((opt.dev, 0x0806))
        self.sock.setblocking(False)
        self.mac = self.sock.getsockname()[4]

    def probe(self, n):
        frame = b"\xff" * 6 + self.mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
        self.sock.send(frame + self.mac + socket.inet_aton(self.opt.source) + b"\0" * 6 + socket.inet_aton(self.opt.to))

    def readers(self):
        return [self.sock]

    def event(self, fd):
        try:
            data, addr = fd.recvfrom(2048)
        except OSError:
            return 0
        return int(addr[2] != 4 and data[20:22] == b"\0\2" and data[28:32] == socket.inet_aton(self.opt.to))


KINDS = {"ping": Ping, "udp": Udp, "tcp": Tcp, "http": Tcp, "arp": Arp}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("kind", choices=KINDS)
    ap.add_argument("to")
    ap.add_argument("--count", type=int, default=400)
    ap.add_argument("--interval", type=float, default=0.05)
    ap.add_argument("--time", type=float, default=30)
    ap.add_argument("--linger", type=float, default=1, help="wait this long for answers after the last probe")
    ap.add_argument("--size", type=int, default=56)
    ap.add_argument("--port", type=int, default=80)
    ap.add_argument("--path", default=None)
    ap.add_argument("--timeout", type=float, default=10, help="give a connection up after this long")
    ap.add_argument("--dev")
    ap.add_argument("--source")
    opt = ap.parse_args()
    if opt.kind == "http" and not opt.path:
        opt.path = "/"
    kind = Ping6 if opt.kind == "ping" and ":" in opt.to else KINDS[opt.kind]
    kind(opt).run()


if __name__ == "__main__":
    main()
