# SPDX-License-Identifier: GPL-2.0-or-later
"""vmpath analyze HOP=FILE ... on captures whose truth is known, because they are made here. Prints TAP."""
import gzip
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile

VMPATH = os.path.join(os.environ["top_builddir"], "vmpath")
TOP = os.environ["top_srcdir"]
SCHEMA = os.path.join(TOP, "contrib/schema/vmpath.trace.schema.json")
GUEST, PEER, ROUTER = (bytes.fromhex(x) for x in ("525400000001", "525400000002", "525400000003"))
ADDRESS, PEER_ADDRESS = "192.0.2.10", "192.0.2.1"
START = 1_700_000_000 * 10**9
SECOND, MS, US = 10**9, 10**6, 10**3
count = bad = 0

try:
    import jsonschema
    validator = jsonschema.Draft202012Validator(json.load(open(SCHEMA, encoding="utf-8")))
except (ImportError, AttributeError):
    validator = None


def report(name, problems):
    global count, bad
    count += 1
    problems = [str(p) for p in problems if p]
    bad += bool(problems)
    print("%s %d - %s" % ("not ok" if problems else "ok", count, name))
    for line in "\n".join(problems).splitlines():
        print("# " + line)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4(src, dst, proto, payload, ident, ttl=64):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, 0, ttl, proto, 0, socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def echo(number, reply, size=56, ttl=64, guest=ADDRESS, macs=(GUEST, PEER)):
    body = struct.pack("!BBHHH", 0 if reply else 8, 0, 0, 7, number & 0xffff) + bytes((number + i) & 255 for i in range(size))
    src, dst = (guest, PEER_ADDRESS) if reply else (PEER_ADDRESS, guest)
    ether = (macs[1] + macs[0] if reply else macs[0] + macs[1]) + b"\x08\x00"
    return ether + ip4(src, dst, 1, body, (number * 2 + reply) & 0xffff, ttl)


def arp(reply):
    who, whom = (GUEST, PEER) if reply else (PEER, GUEST)
    a, b = (ADDRESS, PEER_ADDRESS) if reply else (PEER_ADDRESS, ADDRESS)
    return (PEER if reply else b"\xff" * 6) + who + b"\x08\x06" + struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2 if reply else 1, who, socket.inet_aton(a), whom if reply else bytes(6), socket.inet_aton(b))


def pcap(path, frames, nano=True, snap=262144, link=1, order="<", packed=False):
    unit = 1 if nano else 1000
    out = [struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, snap, link)]
    for ts, data in frames:
        out.append(struct.pack(order + "IIII", ts // SECOND, ts % SECOND // unit, min(len(data), snap), len(data)) + data[:snap])
    with (gzip.open if packed else open)(path, "wb") as file:
        file.write(b"".join(out))


def option(code, value, order):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body, order):
    size = 12 + len(body)
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def pcapng(path, interfaces, order="<"):
    """interfaces: dicts with name, frames, and perhaps snap, resolution, start, end, drops."""
    out = [block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1), order)]
    packets = []
    for number, one in enumerate(interfaces):
        resolution = one.get("resolution", 9)
        out.append(block(1, struct.pack(order + "HHI", one.get("link", 1), 0, one.get("snap", 262144)) + option(2, one["name"].encode(), order) +
                         option(9, bytes([resolution]), order) + option(0, b"", order), order))
        packets += [(ts, number, data) for ts, data in one["frames"]]
    for ts, number, data in sorted(packets):
        one = interfaces[number]
        ticks, snap = ts // 10 ** (9 - one.get("resolution", 9)), one.get("snap", 262144)
        cut = data[:snap]
        out.append(block(6, struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xffffffff, len(cut), len(data)) + cut +
                         bytes(-len(cut) % 4), order))
    for number, one in enumerate(interfaces):
        if "start" not in one:
            continue
        unit = 10 ** (9 - one.get("statistics", one.get("resolution", 9)))
        stamp = lambda ts: struct.pack(order + "II", ts // unit >> 32, ts // unit & 0xffffffff)
        out.append(block(5, struct.pack(order + "III", number, 0, 0) + option(2, stamp(one["start"]), order) + option(3, stamp(one["end"]), order) +
                         option(5, struct.pack(order + "Q", one.get("drops", 0)), order) + option(0, b"", order), order))
    with open(path, "wb") as file:
        file.write(b"".join(out))


def pings(n=200, lost=lambda i: False, lost_reply=lambda i: False, every=20 * MS, **how):
    """What a healthy host shows at its uplink and at the guest's device, but for what is lost between them."""
    chance = random.Random(4)
    up, tap = [], []
    for i in range(n):
        at = START + i * every
        up.append((at, echo(i, 0, **how)))
        if lost(i):
            continue
        at += chance.randrange(5 * US, 60 * US)
        tap.append((at, echo(i, 0, **how)))
        at += 300 * US
        tap.append((at, echo(i, 1, **how)))
        if not lost_reply(i):
            up.append((at + chance.randrange(5 * US, 60 * US), echo(i, 1, **how)))
    return up, tap


def run(*words):
    done = subprocess.run([VMPATH, "analyze", "--json", *words], capture_output=True, text=True, timeout=60)
    document = json.loads(done.stdout) if done.stdout else None
    return done.returncode, document, done.stderr


def segment(document, direction):
    for one in document["segments"]:
        if one["direction"] == direction:
            return one
    return {"offered": 0, "delivered": 0, "lost": 0, "unsure": 0}


def check(name, words, status, code=None, to=None, from_=None, confidence=None, more=None):
    """to, from_: (delivered, lost) of the two directions; None: not looked at."""
    problems = []
    returned, document, errors = run(*words)
    if returned != status:
        problems.append("status %d, not %d: %s" % (returned, status, errors))
    if document is None:
        problems.append("no document: " + errors)
    else:
        if validator:
            problems += [e.message for e in validator.iter_errors(document)]
        if code and document["verdict"]["code"] != code:
            problems.append(document["verdict"])
        if confidence and document["verdict"]["confidence"] != confidence:
            problems.append(document["verdict"])
        for direction, want in (("to_guest", to), ("from_guest", from_)):
            have = segment(document, direction)
            if want is not None and (have["delivered"], have["lost"]) != want:
                problems.append("%s: %s, not %s; %s" % (direction, (have["delivered"], have["lost"]), want, document["segments"]))
        if more and not problems:
            problems += more(document) or []
    report(name, problems)


def refuse(name, words, *texts):
    returned, document, errors = run(*words)
    problems = ["status %d" % returned] if returned != 3 or document else []
    if errors.count("\n") != 1:
        problems.append("not one line: " + errors)
    report(name, problems + ["%s is not in: %s" % (t, errors) for t in texts if t not in errors])


def cooked(frame, kind, ifindex=None):
    source = frame[6:12] + b"\0\0"
    if ifindex is None:
        return struct.pack("!HHH8s", kind, 1, 6, source) + frame[12:]
    return frame[12:14] + struct.pack("!HIHBB8s", 0, ifindex, 1, kind, 6, source) + frame[14:]


def no_latency(document):
    return ["a latency is told: %s" % s for s in document["segments"] if "latency_us" in s]


def slow(document):
    """What pings() delays: by 5 to 60 us, of which those of 20 us and more are to be named, a hundred at most."""
    problems = [] if document.get("slow_ms") == 0.02 else ["slow_ms: %s" % document.get("slow_ms")]
    chance, want = random.Random(4), {"to_guest": [], "from_guest": []}
    for i in range(200):
        for direction in want:
            want[direction].append(chance.randrange(5 * US, 60 * US))
    for direction, all_ns in want.items():
        told = segment(document, direction)["latency_us"]
        long = sorted((ns for ns in all_ns if ns >= 20 * US), reverse=True)
        if told["took_long"] != len(long) or [round(s["latency"] * 1000) for s in told["slowest"]] != long[:100] or len(long) < 101:
            problems.append("%s: %s, not %s" % (direction, told, long))
    return problems


def main():
    os.chdir(tempfile.mkdtemp(prefix="vmpath-analyze."))
    a = ["--address", ADDRESS]
    tenth = lambda i: i % 10 == 5

    up, tap = pings()
    pcap("up", up), pcap("tap", tap)
    check("healthy", [*a, "eth0=up", "tap0=tap"], 0, "no-loss", (200, 0), (200, 0),
          more=lambda d: ["clocks: %s" % d["clocks"]] if "clocks" in d else [s for s in d["segments"] if not 0 < s["latency_us"]["p50"] < 100])
    check("packets that took long are counted and named", [*a, "--slow", "0.02", "eth0=up", "tap0=tap"], 0, "no-loss", (200, 0), (200, 0), more=slow)
    for wrong in ("0", "-1", "x", "5ms", "nan", "60001", ""):
        refuse("--slow %s" % (wrong or "nothing"), [*a, "--slow", wrong, "eth0=up", "tap0=tap"], "is not a number of milliseconds from 0.001 to 60000")
    check("the same by MAC", ["--mac", "52:54:00:00:00:01", "eth0=up", "tap0=tap"], 0, "no-loss", (200, 0), (200, 0))
    pcap("up.us", up, nano=False, order=">", snap=128), pcap("tap.gz", tap, packed=True)
    check("microseconds, other byte order, a snap length; gzip'd", [*a, "eth0=up.us", "tap0=tap.gz"], 0, "no-loss", (200, 0), (200, 0))
    pcap("up.60", up, snap=60)
    check("a snap length of 60", [*a, "eth0=up.60", "tap0=tap"], 0, "no-loss", (200, 0), (200, 0))
    pcap("up.30", up, snap=30)
    check("a snap length within the headers is no loss", [*a, "eth0=up.30", "tap0=tap"], 3, to=(0, 0))

    up, tap = pings(lost=tenth)
    pcap("up", up), pcap("tap", tap)
    check("one in ten lost to the guest", [*a, "eth0=up", "tap0=tap"], 2, "lost-in-host", (180, 20), (180, 0), "likely")
    pcapng("both", [{"name": "eth0", "frames": up, "snap": 128, "start": START - SECOND, "end": START + 9 * SECOND},
                    {"name": "tap0", "frames": tap, "resolution": 6, "start": START - SECOND, "end": START + 9 * SECOND}])
    check("pcapng that tells when it ran and that it missed none", [*a, "eth0=both", "tap0=both"], 2, "lost-in-host", (180, 20),
          (180, 0), "certain")
    # dumpcap's statistics count microseconds although its packets count nanoseconds
    pcapng("dumpcap", [{"name": "eth0", "frames": up, "statistics": 6, "start": START - SECOND, "end": START + 9 * SECOND},
                       {"name": "tap0", "frames": tap, "statistics": 6, "start": START - SECOND, "end": START + 9 * SECOND}])
    check("statistics in other units than the packets", [*a, "eth0=dumpcap", "tap0=dumpcap"], 2, "lost-in-host", (180, 20), (180, 0), "certain")
    pcapng("swapped", [{"name": "eth0", "frames": up}, {"name": "tap0", "frames": tap}], ">")
    check("pcapng in the other byte order, hops by their interfaces", [*a, "net=swapped:eth0", "vm=swapped:tap0"], 2, "lost-in-host",
          (180, 20), (180, 0), "likely")
    refuse("no interface is called like the hop", [*a, "net=both", "tap0=both"], "eth0, tap0", "net=both:INTERFACE")
    pcapng("drops", [{"name": "tap0", "frames": tap, "start": START - SECOND, "end": START + 9 * SECOND, "drops": 20}])
    check("a capture that missed frames accuses nobody", [*a, "eth0=up", "tap0=drops"], 0, to=(180, 0),
          more=lambda d: [] if segment(d, "to_guest")["unsure_why"] == {"capture_loss": 20} else [d["segments"]])
    up2, tap2 = pings(lost_reply=tenth)
    pcap("up2", up2), pcap("tap2", tap2)
    check("one in ten lost from the guest", [*a, "eth0=up2", "tap0=tap2"], 2, "lost-in-host", (200, 0), (180, 20))

    shifted = [(t + 3217 * SECOND + 123456789, d) for t, d in tap]
    pcap("shifted", shifted)

    def clock(seconds, ppm=0.0):
        def look(document):
            c = document.get("clocks", [])
            good = len(c) == 1 and c[0]["hop"] == "tap0" and abs(c[0]["offset_s"] - seconds) * 1e6 <= c[0]["uncertainty_us"] + 5 and \
                abs(c[0]["drift_ppm"] - ppm) < 5 and c[0]["uncertainty_us"] < 400
            return [] if good else [c]
        return look

    check("a clock that is an hour ahead", [*a, "eth0=up", "tap0=shifted"], 2, "lost-in-host", (180, 20), (180, 0), "likely", clock(3217.123456789))
    pcap("behind", [(t - 7200 * SECOND, d) for t, d in tap])
    check("two hours behind", [*a, "eth0=up", "tap0=behind"], 2, "lost-in-host", (180, 20), (180, 0), "likely", clock(-7200))
    up3, tap3 = pings(1000, lost=tenth)
    pcap("up3", up3), pcap("drift", [(t + 5 * SECOND + (t - START) * 60 // 10**6, d) for t, d in tap3])
    check("a clock that drifts by 60 ppm", [*a, "eth0=up3", "tap0=drift"], 2, "lost-in-host", (900, 100), (900, 0), "likely", clock(5, 60))
    def doubted(document):
        ways = [segment(document, w) for w in ("to_guest", "from_guest")]
        return [w for w in ways if "latency_us" in w] + ([] if any(w["unsure"] for w in ways) else ["nothing is unsure"]) + \
            ([] if any("was set while they were captured" in n for n in document["notes"]) else document["notes"])

    healthy = pings()
    for who, (one, two) in (("its", (0, 1)), ("the other's", (1, 0))):
        for by in (40 * MS, -40 * MS, 5 * SECOND, -5 * SECOND, 86400 * SECOND):
            for after in (30, 100, 170):
                step = START + after * 20 * MS
                for i, name in enumerate(("set.up", "set.tap")):
                    pcap(name, [(t + by * (i == one and t >= step), d) for t, d in healthy[i]])
                status, document, _ = run(*a, "eth0=set.up", "tap0=set.tap")
                lost = [segment(document, w)["lost"] for w in ("to_guest", "from_guest")]
                report("%s clock is set by %g s after %d of 200 packets: nothing is lost" % (who, by / SECOND, after),
                       [document["verdict"]] * (status != 3 or document["verdict"]["code"] != "capture-incomplete") + [lost] * any(lost) + doubted(document))
    # The larger part, with the losses in it, is judged with an offset of its own, and the other one not at all.
    pcap("set.up", up), pcap("set.tap", [(t + 300 * MS * (t >= START + 150 * 20 * MS), d) for t, d in tap])
    check("a clock is set by 0.3 s after 150 of 200 packets: what was lost long before is", [*a, "eth0=set.up", "tap0=set.tap"], 2, "lost-in-host",
          more=lambda d: [d["segments"]] * (not 3 <= segment(d, "to_guest")["lost"] <= 20) + [d["clocks"] if "clocks" in d else ""] + doubted(d))
    mistaken = [(START + 3 * SECOND, echo(9999, 0))], [(START + SECOND, echo(9999, 0))]
    pcap("up.m", sorted(up3 + mistaken[0])), pcap("tap.m", sorted(tap3 + mistaken[1]))
    check("one packet that came before it was sent makes nothing unsure but what is around it", [*a, "eth0=up.m", "tap0=tap.m"], 2, "lost-in-host",
          more=lambda d: [d["segments"]] * (segment(d, "to_guest")["lost"] < 65 or "latency_us" not in segment(d, "to_guest")))

    pcap("up.to", [(t, d) for t, d in up if d[:6] == GUEST]), pcap("tap.to", [(t + 100 * SECOND, d) for t, d in tap if d[:6] == GUEST])
    check("one direction only tells no latency", [*a, "eth0=up.to", "tap0=tap.to"], 2, to=(180, 20), more=no_latency)

    pcap("none", [])
    check("an empty file is the loss, if it ran", [*a, "eth0=up.to", "tap0=none"], 2, "lost-in-host", (0, 200), confidence="likely",
          more=lambda d: [] if "having run at the same time" in json.dumps(d["findings"]) else d["findings"])
    pcap("arps", [(START + 50 * MS, arp(0)), (START + 51 * MS, arp(1))])
    check("a file without any of this direction", ["--mac", "52:54:00:00:00:01", "eth0=up.to", "tap0=arps"], 2, "lost-in-host", (0, 200),
          confidence="likely")
    pcap("yesterday", [(t - 86400 * SECOND + reply * MS, echo(i + 5000, reply)) for i, (t, d) in enumerate(up) for reply in (0, 1)])
    check("captures of different days", [*a, "eth0=up.to", "tap0=yesterday"], 3, "capture-incomplete", (0, 0),
          more=lambda d: [] if "no packet in common" in json.dumps(d["notes"]) else d["notes"])
    late = [(t, d) for t, d in tap if START + SECOND <= t < START + 2 * SECOND]
    pcap("late", late)
    check("what a file does not cover is unsure", [*a, "eth0=up", "tap0=late"], 2, "lost-in-host", confidence="likely",
          more=lambda d: [] if segment(d, "to_guest")["lost"] <= 5 and segment(d, "to_guest")["unsure_why"].get("uncovered", 0) > 140
          else d["segments"])
    pcap("other", [(t, echo(i, 0, guest="192.0.2.99", macs=(ROUTER, PEER))) for i, (t, d) in enumerate(up)])
    check("another guest's traffic", [*a, "eth0=other", "tap0=other"], 3, "no-traffic")

    routed = [(t, echo_to_routed(d)) for t, d in up]
    pcap("routed", routed)
    check("a router between the hops", [*a, "wan=routed", "tap0=tap"], 2, "lost-in-host", (180, 20), (180, 0))
    pcap("sll", [(t, cooked(d, 0 if d[:6] == GUEST else 4)) for t, d in up], link=113)
    check("cooked v1", [*a, "any=sll", "tap0=tap"], 2, "lost-in-host", (180, 20), (180, 0))
    mixed = sorted([(t, cooked(d, 0 if d[:6] == GUEST else 4, 2)) for t, d in up] + [(t, cooked(d, 4 if d[:6] == GUEST else 0, 7)) for t, d in tap])
    pcap("sll2", mixed, link=276)
    check("cooked v2 of all devices, by number", [*a, "eth0=sll2:2", "tap0=sll2:7"], 2, "lost-in-host", (180, 20), (180, 0))
    refuse("cooked v2 of all devices without a number", [*a, "eth0=sll2", "tap0=tap"], "of: 2, 7")
    mixed = sorted([(t, cooked(d, 0 if d[:6] == GUEST else 4)) for t, d in up] + [(t, cooked(d, 4 if d[:6] == GUEST else 0)) for t, d in tap])
    pcap("sll.any", mixed, link=113)
    refuse("cooked v1 of all devices", [*a, "eth0=sll.any", "tap0=tap"], "several devices")
    pcap("raw", [(t, d[14:]) for t, d in up], link=101)
    check("bare IP", [*a, "tun0=raw", "tap0=tap"], 2, "lost-in-host", (180, 20), (180, 0))

    whole = open("tap", "rb").read()
    open("cut", "wb").write(whole[:-37])
    check("a last record cut off", [*a, "eth0=up", "tap0=cut"], 2, "lost-in-host", (180, 20),
          more=lambda d: [] if "ends within a record" in json.dumps(d["notes"]) else d["notes"])
    packed = bytearray(gzip.compress(whole, 1))
    packed[len(packed) - 12] ^= 0xff
    open("damaged.gz", "wb").write(packed)
    refuse("gzip'd and damaged", [*a, "eth0=up", "tap0=damaged.gz"], "damaged gzip file")
    big = b"".join(bytes([i & 255]) * 14 + os.urandom(1000) for i in range(3000))    # does not shrink: damage comes after what is read at once
    frames = [(START + i * MS, big[i * 1014:(i + 1) * 1014]) for i in range(3000)]
    pcap("long", sorted(tap + frames))
    packed = bytearray(gzip.compress(open("long", "rb").read(), 1))
    packed[len(packed) - 12] ^= 0xff
    open("damaged.gz", "wb").write(packed)
    check("gzip'd and damaged near its end", [*a, "eth0=up", "tap0=damaged.gz"], 2, "lost-in-host",
          more=lambda d: [] if "ends within a record" in json.dumps(d["notes"]) else d["notes"])
    shaken = list(tap)
    for i in range(0, len(shaken) - 1, 2):
        shaken[i], shaken[i + 1] = shaken[i + 1], shaken[i]
    pcap("shaken", shaken)
    check("frames out of order in a file", [*a, "eth0=up", "tap0=shaken"], 2, "lost-in-host", (180, 20), (180, 0))
    silent = [(START + i * SECOND, echo(i, 0)) for i in range(10)]
    pcap("silent", silent)
    check("one hop: a guest that does not answer", ["--mac", "52:54:00:00:00:01", "tap0=silent"], 2, "guest-silent", confidence="likely")
    check("three hops", [*a, "eth0=up", "br0=up", "tap0=tap"], 2, "lost-in-host",
          more=lambda d: [] if (d["verdict"]["from"], d["verdict"]["to"]) == ("br0", "tap0") else [d["verdict"]])

    open("text", "w").write("this is no capture file, by no means at all")
    refuse("not a capture", [*a, "eth0=text", "tap0=tap"], "text is no capture file")
    refuse("no file", [*a, "eth0=missing", "tap0=tap"], "missing", "No such file")
    open("lies", "wb").write(whole[:24] + struct.pack("<IIII", 1, 1, 1 << 30, 60))
    refuse("a length that lies", [*a, "eth0=lies", "tap0=tap"], "lies: at byte 24")
    pcap("wifi", up, link=105)
    refuse("a link type that is not read", [*a, "eth0=wifi", "tap0=tap"], "link type 105")
    refuse("nobody named", ["eth0=up", "tap0=tap"], "--address")
    refuse("a word that is no HOP=FILE", [*a, "up"], "HOP=FILE")
    print("1..%d" % count)
    return bad != 0


def echo_to_routed(frame):
    """As seen on the other side of a router: other MACs, a lower TTL."""
    macs = ROUTER + PEER if frame[:6] == GUEST else PEER + ROUTER
    head = bytearray(frame[14:])
    head[8] -= 1
    return macs + frame[12:14] + bytes(head)


sys.exit(main())
