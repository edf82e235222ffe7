"""The evidence of a trace, judged again by `vmpath analyze`: the same fates, findings and verdict, or the scenario fails."""

import json
import os

from lab.scenario import Fail

MAY_DIFFER = ("offline",)


def differences(a, b, at=""):
    """Where two documents differ, as lines."""
    if isinstance(a, dict) and isinstance(b, dict):
        found = []
        for key in sorted(a.keys() | b.keys()):
            found += differences(a.get(key), b.get(key), f"{at}.{key}" if at else key)
        return found
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [line for i, (x, y) in enumerate(zip(a, b)) for line in differences(x, y, f"{at}[{i}]")]
    return [] if a == b else [f"{at}: {json.dumps(a)[:200]} when traced, {json.dumps(b)[:200]} when judged again"]


def compare(env, traced, judged):
    """Hold the Result of analyze against that of the trace."""
    if not judged.out:
        raise Fail(f"analyze says nothing: status {judged.rc}: {judged.err}")
    one, other = dict(traced.doc), dict(judged.doc)
    if other.get("offline") is not True or one.get("offline") is not False:
        raise Fail("offline is to be true for analyze, and false for trace")
    for key in MAY_DIFFER:
        one.pop(key, None)
        other.pop(key, None)
    found = differences(one, other)
    if found or judged.rc != traced.rc:
        env.note("judged again", judged.text())
        raise Fail(f"judged again, the evidence says something else (status {traced.rc}, then {judged.rc}): " + "; ".join(found[:12]))


def same(lab, result, place):
    """Judge the one folder below `place` again and hold the document against that of the trace."""
    folders = os.listdir(place)
    if len(folders) != 1:
        raise Fail(f"one evidence folder was to be written; there is {folders}; it said: {result.err}")
    compare(lab.env, result, lab.start("analyze", "--json", place / folders[0]).wait(60))
