#!/usr/bin/python3
"""vmpath analyze on a folder that a trace of the lab left (tests/data/evidence): the same end; and on what somebody did to it.

Prints TAP. The folder is made anew with the lab up and the fault filter-one-in-ten in it, ping in the network, and
`vmpath trace -d 1.5 -w DIR web01 192.0.2.10`; that is needed when the layout of run.json changes.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP, BUILD = (pathlib.Path(os.environ.get(name, ".")) for name in ("top_srcdir", "top_builddir"))
FOLDER = TOP / "tests/data/evidence/one-in-ten"
PROGRAM = BUILD / "vmpath"
count = bad = 0


def case(name, complaint):
    global count, bad
    count += 1
    bad += bool(complaint)
    print(f"{'not ok' if complaint else 'ok'} {count} - {name}")
    for line in str(complaint or "").splitlines():
        print(f"# {line}")


def run(*words):
    return subprocess.run([PROGRAM, "analyze", *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def refused(folder, *words):
    """One line on stderr that has these words, status 3, nothing on stdout; else what is wrong."""
    p = run("--json", folder)
    lines = p.stderr.splitlines()
    if p.returncode == 3 and len(lines) == 1 and not p.stdout and all(w in lines[0] for w in words):
        return None
    return f"wanted one line with {words} and status 3; got {p.returncode}: {p.stderr}{p.stdout[:200]}"


def sums(folder):
    """SHA256SUMS as it should be: what was changed on purpose is told by what is in it, not by its checksum."""
    names = [f.name for f in sorted(folder.iterdir()) if f.name != "SHA256SUMS"]
    text = "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    (folder / "SHA256SUMS").write_text(text)


def judge_again(place):
    p = run("--json", FOLDER)
    if p.stderr:
        return p.stderr
    was, now = json.loads((FOLDER / "report.json").read_text()), json.loads(p.stdout)
    if now.pop("offline") is not True or was.pop("offline") is not False:
        return "offline is not told"
    return None if was == now and p.returncode == 2 else f"status {p.returncode}; {json.dumps(now)[:2000]}"


def text_says_so(place):
    p = run(FOLDER)
    return None if "judged offline" in p.stdout and p.returncode == 2 else p.stdout + p.stderr


def slow(place):
    """The packets that took long, by their ids; nothing else of the document changes."""
    was = json.loads((FOLDER / "report.json").read_text())
    docs = {ms: json.loads(run("--json", "--slow", ms, FOLDER).stdout) for ms in ("0.001", "0.03")}
    for ms, doc in docs.items():
        if doc.pop("slow_ms") != float(ms):
            return "slow_ms is not what was asked for"
    for all_, some in zip(*(doc["segments"] for doc in docs.values())):
        if "latency_us" not in all_:
            continue
        named, long = all_["latency_us"].pop("slowest"), some["latency_us"].pop("slowest")
        n = all_["latency_us"].pop("took_long"), some["latency_us"].pop("took_long")
        if n[0] != all_["delivered"] or len({one["id"] for one in named}) != n[0] or n[1] != len(long):
            return f"{n} of {all_['delivered']} took long; {named}"
        if long != [one for one in named if one["latency"] >= 30] or (all_["direction"] == "to_guest") != (0 < n[1] < n[0]):
            return f"{long} of {named}"
    for doc in (*docs.values(), was):
        doc.pop("offline")
        for one in doc["segments"]:
            one.get("latency_us", {}).pop("slowest", None)
    if not docs["0.001"] == docs["0.03"] == was:
        return "something else changed with it"
    p = run("--slow", "0.03", FOLDER)
    return None if "took 0.03 ms or more: packet" in p.stdout else p.stdout + p.stderr


def changed(place, name, edit):
    folder = place / f"changed-{name}"
    shutil.copytree(FOLDER, folder)
    edit(folder / name)
    return folder


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def shorten(path):
    path.write_bytes(path.read_bytes()[:-7])


def left_out(place):
    """Of the frames from the middle on there is no telling: what is missing there was perhaps left out."""
    folder = place / "left-out"
    shutil.copytree(FOLDER, folder)
    run_file = json.loads((folder / "run.json").read_text())
    first = run_file["run"]
    first["left_out"], first["left_out_ns"] = 5, first["started_ns"] + 1
    (folder / "run.json").write_text(json.dumps(run_file))
    sums(folder)
    p = run("--json", folder)
    doc = json.loads(p.stdout)
    lost = sum(s["lost"] for s in doc["segments"])
    unsure = sum(s["unsure"] for s in doc["segments"])
    told = any("not in the evidence" in n for n in doc["notes"])
    return None if lost == 0 and unsure >= 2 and told and p.returncode != 2 else f"lost {lost}, unsure {unsure}, told {told}, status {p.returncode}"


def another_version(place):
    folder = place / "another"
    shutil.copytree(FOLDER, folder)
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace("vmpath.run/1", "vmpath.run/99"))
    sums(folder)
    return refused(folder, "run.json", "vmpath.run/99", "vmpath.run/1")


def long_ago(place):
    """What waits for the end of a window that is centuries long has long been decided: that takes no time."""
    for name, value in (("complete_ns", 9 * 10**18), ("started_ns", 1)):
        folder = place / f"long-{name}"
        shutil.copytree(FOLDER, folder)
        run_file = json.loads((folder / "run.json").read_text())
        run_file["run"][name] = value
        (folder / "run.json").write_text(json.dumps(run_file))
        sums(folder)
        was, p = json.loads((FOLDER / "report.json").read_text()), run("--json", folder)
        if p.returncode != 2 or json.loads(p.stdout)["segments"] != was["segments"]:
            return f"{name}: status {p.returncode}; {p.stderr}{p.stdout[:2000]}"
    return None


def fewer_rows(place):
    folder = changed(place, "frames.idx", lambda p: p.write_bytes(p.read_bytes()[:-24]))
    sums(folder)
    return refused(folder, "frames.idx")


def cut_row(place):
    folder = place / "cut-row"
    shutil.copytree(FOLDER, folder)
    shorten(folder / "frames.idx")
    sums(folder)
    return refused(folder, "frames.idx", "cut off")


def cut_trace(place):
    folder = place / "cut-trace"
    shutil.copytree(FOLDER, folder)
    shorten(folder / "trace.pcapng")
    sums(folder)
    return refused(folder, "trace.pcapng")


def main():
    if not os.access(PROGRAM, os.X_OK):
        print("1..0 # SKIP the program is not built")
        return 0
    with tempfile.TemporaryDirectory(prefix="vmpath-analyze.") as name:
        place = pathlib.Path(name)
        os.chmod(place, 0o755)
        case("evidence is judged as the trace was", judge_again(place))
        case("the text says that it is judged offline", text_says_so(place))
        case("packets that took long are named on demand", slow(place))
        for each in ("trace.pcapng", "frames.idx", "run.json", "report.json", "report.txt", "domain.xml"):
            case(f"a changed {each} is refused", refused(changed(place, each, flip), each, "SHA256SUMS"))
            shutil.rmtree(place / f"changed-{each}")
        for each in ("trace.pcapng", "frames.idx", "run.json", "SHA256SUMS"):
            case(f"without {each} it is no evidence", refused(changed(place, each, lambda p: p.unlink()), each, "no evidence folder"))
            shutil.rmtree(place / f"changed-{each}")
        case("a report that SHA256SUMS names is missed",
             refused(changed(place, "report.txt", lambda p: p.unlink()), "report.txt", "missing"))
        case("frames that were left out are not lost", left_out(place))
        case("centuries are passed over at once", long_ago(place))
        case("a run.json of another version is refused", another_version(place))
        case("rows that are missing are refused", fewer_rows(place))
        case("a row that is cut off is refused", cut_row(place))
        case("a trace that is cut off is refused", cut_trace(place))
        case("no folder at all", refused(place / "nothing", "nothing", "No such file"))
        case("a file is no folder", refused(FOLDER / "trace.pcapng", "trace.pcapng"))
        folder = place / "link"
        shutil.copytree(FOLDER, folder)
        (folder / "run.json").unlink()
        (folder / "run.json").symlink_to(FOLDER / "run.json")
        case("a link in the place of a file is not followed", refused(folder, "run.json"))
    print(f"1..{count}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
