#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make seeds of the target packet from the frames of a pcap file: pcap2seeds.py FILE.pcap DIRECTORY PREFIX

Each frame becomes DIRECTORY/PREFIX-N: one byte for what the capture left out (units of 512 bytes, rounded up), then what
it holds. Frames of which there is an equal seed already are passed over.
"""
import os
import struct
import sys

UNIT = 512
MAGICS = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}


def frames(path):
    with open(path, "rb") as file:
        head = file.read(24)
        order = MAGICS.get(head[:4])
        if order is None:
            sys.exit(f"{path}: not a pcap file")
        if struct.unpack(order + "I", head[20:])[0] & 0xffff != 1:
            sys.exit(f"{path}: not a capture of Ethernet frames")
        while len(record := file.read(16)) == 16:
            captured, length = struct.unpack(order + "8xII", record)
            yield file.read(captured), length


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    path, directory, prefix = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    known = set()
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            known.add(file.read())
    number = 0
    for data, length in frames(path):
        seed = bytes([min(255, -(-(length - len(data)) // UNIT))]) + data
        if seed in known:
            continue
        known.add(seed)
        number += 1
        with open(os.path.join(directory, f"{prefix}-{number:02}"), "wb") as file:
            file.write(seed)


if __name__ == "__main__":
    main()
