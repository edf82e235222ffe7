#!/usr/bin/python3
"""Stands in for a guest where QEMU cannot run: holds a tap and answers ARP, ICMP echo and TCP for one address.

    tapguest.py TAP BRIDGE ADDRESS MAC

Prints `ready` when the tap is in the bridge. SIGUSR1: take no packet any more (a hung guest); SIGUSR2: go on.
"""

import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 2, 0x1000
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
PAGE = b"HTTP/1.0 200 OK\r\nContent-Length: 17\r\n\r\nvmpath lab guest\n"

hung = False


def on_signal(signo, _frame):
    global hung
    hung = signo == signal.SIGUSR1


def checksum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def ip_packet(proto, src, dst, body):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, proto, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def tcp_answer(src, dst, body):
    """The answer to a TCP segment by rule alone: no state is kept."""
    sport, dport, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", body)
    data = body[(offset >> 4) * 4:]
    if flags & RST:
        return None
    if flags & SYN:
        mine, flag, text = 1000, SYN | ACK, b""
    elif data:
        mine, flag, text = ack, PSH | ACK | FIN, PAGE
    elif flags & FIN:
        mine, flag, text = ack, ACK, b""
    else:
        return None
    upto = (seq + len(data) + bool(flags & (SYN | FIN))) & 0xffffffff
    part = struct.pack("!HHIIBBHHH", dport, sport, mine, upto, 5 << 4, flag, 65535, 0, 0) + text
    full = checksum(dst + src + struct.pack("!HH", 6, len(part)) + part)
    return part[:16] + struct.pack("!H", full) + part[18:]


def answer(frame, address, mac):
    """The frame that the guest sends back, or None."""
    if len(frame) < 14 or not (frame[0] & 1 or frame[:6] == mac):
        return None
    kind, rest, back = frame[12:14], frame[14:], frame[6:12] + mac
    if kind == b"\x08\x06" and rest[6:8] == b"\0\1" and rest[24:28] == address:
        return back + kind + rest[:6] + b"\0\2" + mac + address + rest[8:18]
    if kind != b"\x08\0" or len(rest) < 20 or rest[16:20] != address:
        return None
    total, head = struct.unpack_from("!H", rest, 2)[0], (rest[0] & 15) * 4
    body, peer = rest[head:total], rest[12:16]
    if rest[9] == 1 and body[:1] == b"\x08":
        body = b"\0" + body[1:2] + b"\0\0" + body[4:]
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    elif rest[9] == 6 and len(body) >= 20:
        body = tcp_answer(peer, address, body)
    else:
        return None
    return back + kind + ip_packet(rest[9], address, peer, body) if body else None


def main():
    name, bridge, address, mac = sys.argv[1:]
    address, mac = socket.inet_aton(address), bytes.fromhex(mac.replace(":", ""))
    signal.signal(signal.SIGUSR1, on_signal)
    signal.signal(signal.SIGUSR2, on_signal)
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    # as libvirt does: the tap's own address must not be the guest's
    subprocess.run(["ip", "link", "set", name, "address", "fe" + sys.argv[4][2:], "master", bridge, "up"], check=True)
    os.write(1, b"ready\n")
    while True:
        if hung:
            signal.pause()
            continue
        ready, _, _ = select.select([tap], [], [], 0.1)
        if ready:
            reply = answer(os.read(tap, 65536), address, mac)
            if reply:
                os.write(tap, reply)


if __name__ == "__main__":
    main()
