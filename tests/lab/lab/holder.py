"""The first process of a lab's pid namespace: keeps the namespaces alive and lets no zombie stay.

Ends, and takes every process of its pid namespace with it, when its standard input does (the runner is gone);
with the argument `stay` it remains until it is killed.
"""

import os
import signal
import sys

signal.signal(signal.SIGCHLD, signal.SIG_IGN)   # orphans (QEMU) are reaped by the kernel
for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(s, signal.SIG_IGN)
os.write(1, b"ready\n")
if sys.argv[1:] == ["stay"]:
    os.close(1)
    while True:
        signal.pause()
while os.read(0, 4096):
    pass
