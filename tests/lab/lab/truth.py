"""The ground truth: what passed where, seen by packet sockets of our own, sharing nothing with the program under test."""

import collections
import select
import socket
import struct
import threading

SO_TIMESTAMPNS = 35
SOL_PACKET, PACKET_STATISTICS, PACKET_IGNORE_OUTGOING = 263, 6, 23
OUTGOING = 4
SETTLE = 0.5    # seconds at either end of a window in which program and truth may disagree


class Point:
    """A device that is watched. `to_guest` is the way such frames go through it: "in" or "out"."""

    def __init__(self, label, ns, dev, to_guest):
        self.label, self.ns, self.dev, self.to_guest = label, ns, dev, to_guest


class Frame:
    __slots__ = ("ts", "way", "kind", "key", "size", "src_mac", "dst_mac", "src", "dst", "sport", "dport", "flags", "seq")

    def __repr__(self):
        return f"{self.ts:.6f} {self.way} {self.kind} {self.src}:{self.sport}>{self.dst}:{self.dport} {self.flags or ''} {self.seq}"

    def involves(self, mac):
        return mac in (self.src_mac, self.dst_mac)

    def group(self):
        """Sent to more than one: such a frame may be counted or not."""
        return int(self.dst_mac[1], 16) & 1 == 1


def _mac(raw):
    return ":".join(f"{b:02x}" for b in raw)


def decode(data, routed=False):
    """A Frame from bytes; its key is what a bridge (or, when `routed`, NAT) leaves alone."""
    f = Frame()
    f.size, f.kind, f.src, f.dst, f.sport, f.dport, f.flags, f.seq = len(data), "other", "", "", 0, 0, "", 0
    f.dst_mac, f.src_mac = _mac(data[0:6]), _mac(data[6:12])
    ethertype, at = int.from_bytes(data[12:14], "big"), 14
    if ethertype == 0x8100:
        ethertype, at = int.from_bytes(data[16:18], "big"), 18
    f.key = (ethertype, data[at:at + 256])
    if ethertype == 0x0806 and len(data) >= at + 28:
        op = int.from_bytes(data[at + 6:at + 8], "big")
        f.kind = {1: "arp-request", 2: "arp-reply"}.get(op, "arp")
        f.src, f.dst = socket.inet_ntoa(data[at + 14:at + 18]), socket.inet_ntoa(data[at + 24:at + 28])
        f.key = (ethertype, f.dst_mac, data[at:at + 28])    # a question asked of one alone is another than that asked of all
    elif ethertype == 0x0800 and len(data) >= at + 20:
        head, total, ident, frag, proto = (data[at] & 15) * 4, int.from_bytes(data[at + 2:at + 4], "big"), data[at + 4:at + 6], \
            int.from_bytes(data[at + 6:at + 8], "big") & 0x3fff, data[at + 9]
        f.src, f.dst = socket.inet_ntoa(data[at + 12:at + 16]), socket.inet_ntoa(data[at + 16:at + 20])
        body = bytearray(data[at + head:at + total][:256])
        at_sum = {1: 2, 6: 16, 17: 6}.get(proto)
        if at_sum is not None and not frag & 0x1fff:
            body[at_sum:at_sum + 2] = b"\0\0"
            if proto == 1:
                f.kind = {8: "echo", 0: "echo-reply"}.get(body[0], "icmp")
                f.seq = int.from_bytes(body[6:8], "big")
            elif len(body) >= 8:
                f.kind = "tcp" if proto == 6 else "udp"
                f.sport, f.dport = struct.unpack_from("!HH", body)
                if proto == 6 and len(body) >= 20:
                    f.seq = int.from_bytes(body[4:8], "big")
                    f.flags = "".join(c for bit, c in ((2, "S"), (16, "A"), (1, "F"), (4, "R")) if body[13] & bit)
        f.key = (proto, ident, frag, total, b"" if routed else data[at + 12:at + 20], bytes(body))
    return f


class Truth:
    """Records while it runs; use with `with`, ask afterwards (or meanwhile)."""

    def __init__(self, points, routed=False):
        self.points, self.routed = points, routed
        self.frames = {p.label: [] for p in points}
        self.missed = 0
        self.socks = []
        for p in points:
            s = p.ns.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)        # SO_RCVBUFFORCE
            s.bind((p.dev, 0x0003))
            self.socks.append(s)
        self.ending = False
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        of = {s.fileno(): p for s, p in zip(self.socks, self.points)}
        by_fd = {s.fileno(): s for s in self.socks}
        poll = select.poll()
        for s in self.socks:
            s.setblocking(False)
            poll.register(s, select.POLLIN)
        while True:
            ending = self.ending
            ready = poll.poll(0 if ending else 50)
            if ending and not ready:
                return
            for fd, _ in ready:
                try:
                    for _ in range(64):
                        self._take(by_fd[fd], of[fd])
                except BlockingIOError:
                    pass
                except OSError:     # the device went away
                    poll.unregister(fd)

    def _take(self, sock, point):
        data, ancillary, _, addr = sock.recvmsg(70000, 256)
        if len(data) < 14:
            return
        f = decode(data, self.routed)
        f.way = "to_guest" if (addr[2] == OUTGOING) == (point.to_guest == "out") else "from_guest"
        f.ts = 0.0
        for level, kind, raw in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                sec, nsec = struct.unpack("qq", raw[:16])
                f.ts = sec + nsec / 1e9
        self.frames[point.label].append(f)

    def stop(self):
        if not self.thread:
            return
        self.ending = True
        self.thread.join()
        self.thread = None
        for s in self.socks:
            try:
                self.missed += struct.unpack("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
            except OSError:
                pass
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def seen(self, label, way=None, where=lambda f: True, t0=0, t1=1e12):
        return [f for f in list(self.frames[label]) if (way is None or f.way == way) and t0 <= f.ts <= t1 and where(f)]

    def fates(self, a, b, way, where=lambda f: True, t0=0, t1=1e12):
        """(offered, lost) frames of one direction between two points: the k-th at one is the k-th at the other."""
        first, last = (a, b) if way == "to_guest" else (b, a)
        arrived = collections.Counter(f.key for f in self.seen(last, way))
        nth = collections.Counter()
        offered, lost = [], []
        for f in self.seen(first, way):
            nth[f.key] += 1
            if not (t0 <= f.ts <= t1 and where(f)):
                continue
            offered.append(f)
            if nth[f.key] > arrived[f.key]:
                lost.append(f)
        return offered, lost

    def summary(self, where=lambda f: True):
        lines = []
        for label in self.frames:
            for way in ("to_guest", "from_guest"):
                kinds = collections.Counter(f.kind for f in self.seen(label, way, where))
                lines.append(f"{label:8} {way:10} " + ", ".join(f"{n} {k}" for k, n in sorted(kinds.items())))
        return "\n".join(lines) + (f"\ntruth itself missed {self.missed}" if self.missed else "")
