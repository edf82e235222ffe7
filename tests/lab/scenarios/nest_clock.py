"""The host's clock is set while the program looks."""

from lab.nest_host import WINDOW_S, TAP, nest_scenario
from lab.scenario import Fail
from scenarios.nest_vhost import SCENE


def stepped(host, seconds):
    """Set the clock by so many seconds once the program watches."""
    host.enter(SCENE)
    host.undo.append("[ ! -e /tmp/stepped ] || date -s @$(($(date +%s) - $(cat /tmp/stepped))); rm -f /tmp/stepped")
    step = host.nest.start(f"""
        watches() {{ grep -qs '^Uid:[^0-9]*65534' /proc/$(pgrep -o -x vmpath)/status; }} # it has given up root, and reads packets
        echo ready
        until watches; do sleep 0.05; done
        sleep 0.5
        echo {seconds} >/tmp/stepped
        date -s @$(($(date +%s) + {seconds}))""")
    step.wait_for("^ready$")
    try:
        seen = host.watch()
    finally:
        step.stop()
    result = seen.result
    if not any("the clock was stepped" in note for note in result.doc["notes"]):
        raise Fail(f"that the clock was stepped is not told: {result.doc['notes']}")
    for segment in result.doc["segments"]:
        if segment["lost"] or segment.get("lost_min"):
            raise Fail(f"nothing was lost: {segment}")
    if result.verdict["state"] == "loss":
        raise Fail(f"nothing was lost: {result.verdict}")
    if not WINDOW_S <= result.seconds < WINDOW_S + 50:
        raise Fail(f"{WINDOW_S} s were asked for, it took {result.seconds} s")
    if result.doc["duration_s"] != WINDOW_S:
        raise Fail(f"{WINDOW_S} s were asked for, it says that it watched for {result.doc['duration_s']} s")
    if result.hop(TAP)["to_guest"]["packets"] < WINDOW_S * 10:
        raise Fail(f"the window was cut short: {result.hop(TAP)}")


@nest_scenario("nest-clock-set-back", about="the clock is set back by an hour during the trace: it ends in time, and nothing is called lost")
def set_back(host):
    stepped(host, -3600)


@nest_scenario("nest-clock-set-back-a-little", about="the clock is set back by a second during the trace: the same, and times come twice")
def set_back_a_little(host):
    stepped(host, -1)


@nest_scenario("nest-clock-set-forward", about="the clock is set forward by an hour during the trace: it looks as long as was asked for")
def set_forward(host):
    stepped(host, 3600)
