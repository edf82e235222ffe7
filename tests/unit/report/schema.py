# SPDX-License-Identifier: GPL-2.0-or-later
"""Validate the golden documents, also strictly: every member they hold must be described by the schema."""
import copy
import glob
import json
import os
import sys

import jsonschema

TOP = sys.argv[1]
KINDS = ("trace", "path", "list", "explain", "doctor")
results = []


def report(ok, name, why=""):
    results.append(ok)
    print("%s %d - %s" % ("ok" if ok else "not ok", len(results), name))
    for line in str(why).splitlines() if not ok else []:
        print("# " + line)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def strict(schema):
    """The same schema with no room for members it does not describe."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        out["additionalProperties"] = False
    return out


def errors(schema, document):
    validator = jsonschema.Draft202012Validator(schema)
    return ["/".join(map(str, error.path)) + ": " + error.message for error in validator.iter_errors(document)]


def change(document, path, value):
    """A copy of a document with one member set (or taken out, for value None)."""
    out = copy.deepcopy(document)
    place = out
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return out


# Documents that are wrong, each in one place: a schema that takes them tests nothing.
WRONG = (
    (("schema",), "vmpath.trace/2"),
    (("verdict",), None),
    (("verdict", "state"), "fine"),
    (("verdict", "code"), "no-idea"),
    (("hops", 1, "observed"), "maybe"),
    (("hops", 1, "to_guest", "packets"), -1),
    (("hops", 1, "to_guest", "packets"), "50"),
    (("segments", 0, "lost"), None),
    (("segments", 0, "direction"), "in"),
    (("findings", 0, "severity"), "bad"),
    (("started",), "2026-11-21 22:33:09"),
    (("interface", "mac"), "52:54"),
    (("exchanges", 0, "kind"), "smalltalk"),
)


def main():
    schemas = {kind: load("%s/contrib/schema/vmpath.%s.schema.json" % (TOP, kind)) for kind in KINDS}
    for kind, schema in schemas.items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
            report(True, "vmpath.%s.schema.json is a schema" % kind)
        except jsonschema.SchemaError as error:
            report(False, "vmpath.%s.schema.json is a schema" % kind, error)
    for kind in KINDS[1:]:
        other, first = schemas[kind]["$defs"], schemas["trace"]["$defs"]
        differ = [name for name in other if name in first and other[name] != first[name]]
        report(not differ, "%s describes records as trace does" % kind, differ)
    for kind in KINDS:
        for path in sorted(glob.glob("%s/tests/golden/report/*.%s.json" % (TOP, kind))):
            document, name = load(path), os.path.basename(path)
            found = errors(schemas[kind], document)
            report(not found, "%s is valid" % name, "\n".join(found))
            found = errors(strict(schemas[kind]), document)
            report(not found, "every member of %s is described" % name, "\n".join(found))
    good = load(TOP + "/tests/golden/report/loss.trace.json")
    for path, value in WRONG:
        found = errors(schemas["trace"], change(good, path, value))
        report(bool(found), "refused: %s = %s" % ("/".join(map(str, path)), json.dumps(value)), "it was taken")
    more = change(good, ("hops", 1, "news"), 1)
    report(not errors(schemas["trace"], more), "a new member is taken", "it was refused")
    report(bool(errors(strict(schemas["trace"]), more)), "a new member is seen by the strict check", "it was not")
    print("1..%d" % len(results))
    return 0 if all(results) else 1


sys.exit(main())
