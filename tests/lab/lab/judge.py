"""Compares what the program says with what is expected and with the ground truth."""

from lab.scenario import Fail, LabFault
from lab.truth import SETTLE

STATUS = {"ok": 0, "loss": 2, "inconclusive": 3}


def _among(value, wanted):
    return value == wanted if isinstance(wanted, str) or wanted is None else value in wanted


def verdict(result, state, code, way=None, a=None, b=None, rc=None):
    """Check the verdict; code, a and b may be sets of what is right. a and b are `from` and `to` as the packets travel."""
    v = result.verdict
    rc = STATUS[state] if rc is None else rc
    want = {"state": state, "code": code}
    if way:
        want.update({"direction": way, "from": a, "to": b})
    wrong = [f"{k} is {v.get(k)!r}, not {w!r}" for k, w in want.items() if w is not None and not _among(v.get(k), w)]
    if result.rc != rc:
        wrong.append(f"exit status is {result.rc}, not {rc}")
    if not v.get("summary"):
        wrong.append("the verdict has no summary")
    if wrong:
        raise Fail("verdict: " + "; ".join(wrong))


def no_loss(result):
    """No segment and no finding of a healthy path may speak of a loss."""
    for s in result.doc["segments"]:
        if s["lost"]:
            raise Fail(f"{s['lost']} of {s['offered']} lost {s['direction']} from {s['from']} to {s['to']} on a healthy path")
    loud = [f["code"] for f in result.doc["findings"] if f["severity"] != "info"]
    if loud:
        raise Fail(f"findings on a healthy path: {', '.join(loud)}")


def healthy(result):
    verdict(result, "ok", "no-loss", rc=0)
    no_loss(result)


def sums(result):
    for s in result.doc["segments"]:
        if s["offered"] != s["delivered"] + s["lost"] + s["unsure"]:
            raise Fail(f"segment {s['direction']} {s['from']} -> {s['to']}: offered {s['offered']} is not "
                       f"delivered {s['delivered']} + lost {s['lost']} + unsure {s['unsure']}")


def finding(result, code, severity=None, word=None):
    """The finding of that code (a set: one of them); Fail when there is none."""
    for f in result.doc["findings"]:
        text = " ".join([f["summary"], *f.get("evidence", [])]).lower()
        if _among(f["code"], code) and (severity is None or f["severity"] == severity) and (word is None or word in text):
            return f
    raise Fail(f"no finding {code}{' that says ' + repr(word) if word else ''}; there are: {', '.join(result.codes()) or 'none'}")


def cause(result, code, *words):
    """The verdict's finding has this cause, and says these words in its summary or its evidence. Nothing where the rules are not read."""
    if any("without libnftables" in note for note in result.doc.get("notes", [])):
        return None
    told = finding(result, result.verdict["code"])
    text = " ".join([told["summary"], *told.get("evidence", [])])
    if told.get("cause") != code:
        raise Fail(f"the cause is {told.get('cause')!r}, not {code!r}: {text}")
    missing = [w for w in words if w not in text]
    if missing:
        raise Fail(f"the finding does not say {missing}: {text}")
    if not told.get("remedy"):
        raise Fail(f"{code} has no remedy")
    return told


def no_cause(result):
    """Nothing of the packet filter is blamed."""
    for f in result.doc["findings"]:
        if str(f.get("cause", "")).startswith("dropped-by-"):
            raise Fail(f"innocent, and blamed: {f['summary']}")


def segment(result, way, a, b):
    s = result.segment(way, a, b)
    if not s:
        have = ", ".join(f"{x['direction']} {x['from']}->{x['to']}" for x in result.doc["segments"])
        raise Fail(f"no segment {way} between {a} and {b}; there are: {have or 'none'}")
    return s


def counts(result, truth, way, a, b, where, sure=None, unsure=None):
    """Hold a segment against the truth.

    `where` tells which frames the program may count at all, `sure` which of them it must count (those sent to one
    host only, unless told otherwise). At both ends of its window the two may disagree for SETTLE seconds.
    """
    sums(result)
    if truth.missed:
        raise LabFault(f"the truth itself missed {truth.missed} frames")
    sure = sure or (lambda f: where(f) and not f.group())
    t0, t1 = result.window
    low, low_lost = truth.fates(a, b, way, sure, t0 + SETTLE, t1 - SETTLE)
    high, high_lost = truth.fates(a, b, way, where, t0 - SETTLE, t1 + SETTLE)
    s = segment(result, way, a, b)
    edge = len(high) - len(low)
    told = (f"{way} {a}/{b}: program offered {s['offered']} delivered {s['delivered']} lost {s['lost']} unsure {s['unsure']}; "
            f"truth offered {len(low)}..{len(high)} lost {len(low_lost)}..{len(high_lost)}")
    if not len(low) <= s["offered"] <= len(high):
        raise Fail("offered is wrong: " + told)
    if not len(low_lost) <= s["lost"] + (s["unsure"] if unsure else 0) or s["lost"] > len(high_lost):
        raise Fail("lost is wrong: " + told)
    if s["unsure"] > (edge + 2 if unsure is None else unsure):
        raise Fail("too many unsure: " + told)
    return told


def seen_loss(truth, way, a, b, where, what):
    """LabFault unless the truth saw the loss that the fault claims to make."""
    offered, lost = truth.fates(a, b, way, where)
    if not lost:
        raise LabFault(f"{what}: the ground truth saw none of {len(offered)} frames lost {way} between {a} and {b}")
