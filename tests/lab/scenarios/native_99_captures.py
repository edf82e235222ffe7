"""Captures that others made of live traffic, in every form that operators have: judged as an expert would."""

import time

from lab import judge
from lab.captures import FORMS, Captures
from lab.lossy import certain
from lab.native import GUEST_IP, GUEST_MAC, TAP, UPLINK
from lab.scenario import Fail, LabFault, scenario

WHO = ("--json", "--address", GUEST_IP, "--mac", GUEST_MAC)


def under(lab, fault, **traffic):
    """Captures of a time with traffic that meets a fault, and some without one afterwards. Returns (captures, truth, their begin)."""
    truth = lab.truth()
    lab.traffic("ping", count=2).finish()      # the neighbours know each other
    begin = time.time()
    captures = lab.keep(Captures(lab))
    lab.traffic("ping", interval=0.02, count=10).finish()   # each file says from its first packet on what it covers
    if fault:
        lab.fault(fault)
    lab.traffic("ping", interval=0.02, count=150, answered=False).finish()
    if fault:
        lab.undo(fault)
    else:
        lab.traffic("tcp", port=80, interval=0.02, count=50).finish()
    # What comes after the last loss says that it was one.
    lab.traffic("ping", interval=0.02, count=80).finish()
    truth.stop()
    captures.wait_for(truth.seen(TAP, "from_guest", lambda f: f.kind == "echo-reply")[-1])
    if not captures.stop():
        raise LabFault("a capture missed frames")
    lab.env.note("the truth", truth.summary())
    if truth.missed:
        raise LabFault(f"the truth missed {truth.missed} frames")
    return captures, truth, begin


def every_form(captures):
    for name in FORMS:
        yield name, captures.words(name)
    yield "gzip'd", captures.packed("tcpdump")
    yield "any, v2", captures.words_of_any("tcpdump -i any, cooked v2")


def judged(lab, captures, truth, begin, way=None):
    """Each form: the exact number of losses in the one direction, and none in the other."""
    lost = {w: len(truth.fates(UPLINK, TAP, w, certain, begin)[1]) for w in ("to_guest", "from_guest")}
    if way and not lost[way]:
        raise LabFault("nothing was lost")
    for name, words in every_form(captures):
        result = lab.run("analyze", *WHO, *words)
        lab.env.note("form", name)
        judge.sums(result)
        for w, number in lost.items():
            a, b = (UPLINK, TAP) if w == "to_guest" else (TAP, UPLINK)
            if not number and not result.segment(w, a, b):
                continue    # no packet at all went that way before it was lost on the other
            s = judge.segment(result, w, a, b)
            # A capture that began a moment later than the other does not cover what came before.
            if s["lost"] != number or s["unsure"] > 10 or s["unsure"] != s.get("unsure_why", {}).get("uncovered", 0):
                raise Fail(f"{name}: lost {w} were {number}, the program says {s}")
        if way:
            judge.verdict(result, "loss", "lost-in-host", way, *((UPLINK, TAP) if way == "to_guest" else (TAP, UPLINK)))
        else:
            judge.healthy(result)
    refused = lab.run("analyze", *WHO, f"{UPLINK}={captures.files['tcpdump -i any, cooked v1', 'any']}", captures.words("tcpdump")[1])
    if refused.rc != 3 or "several devices" not in refused.err:
        raise Fail(f"cooked v1 of all devices does not say which frame is of which: it is to be refused, not judged; {refused.text()}")


@scenario("captures-healthy", about="tcpdump's and dumpcap's files of a healthy path, in every form: no loss")
def healthy(lab):
    judged(lab, *under(lab, None))


@scenario("captures-one-in-ten", about="the same while a filter drops every tenth packet to the guest: counted exactly")
def one_in_ten(lab):
    judged(lab, *under(lab, "filter-one-in-ten"), "to_guest")


@scenario("captures-to-guest", about="the same while a filter drops all to the guest")
def to_guest(lab):
    judged(lab, *under(lab, "filter-to-guest"), "to_guest")


@scenario("captures-answers", about="the same while a filter drops the guest's answers")
def answers(lab):
    judged(lab, *under(lab, "filter-answers"), "from_guest")
