"""A tap served by the kernel's vhost-net: eth0 - br0 - tap."""

from lab.nest_host import TAP, Scene, nest_scenario
from lab.scenario import LabFault

SCENE = Scene(
    build="""
        uplink eth0
        ip link add br0 type bridge
        ip link set eth0 master br0
        ip link set br0 up""",
    plug=f"ip link set {TAP} master br0",
    peer="far-eth0", vhost=True)
# More than the guest's ring (256) and the tap's own queue (1000) hold together.
BURST = 1500


@nest_scenario("nest-vhost", about="a tap behind vhost-net, healthy")
def healthy(host):
    host.enter(SCENE)
    seen = host.watch()
    seen.truth(all_at=["eth0 in - request", f"{TAP} out - request", f"{TAP} in - reply", "eth0 out - reply"])
    seen.path("eth0", TAP)
    seen.ok()


@nest_scenario("nest-vhost-duplicates", about="the network doubles packets: nothing is lost, and the guest answers all")
def duplicates(host):
    host.enter(SCENE)
    host.fault("tc -n network qdisc replace dev far-eth0 root netem duplicate 30%",
               undo="tc -n network qdisc del dev far-eth0 root")
    seen = host.watch()
    arrived = seen.counts.get("eth0 in - request", 0)
    if arrived <= seen.sent:
        raise LabFault(f"{seen.sent} requests were sent and none doubled: {seen.counts}")
    seen.truth(all_at=[f"{TAP} out - request", f"{TAP} in - reply", "eth0 out - reply"], number=arrived)
    seen.path("eth0", TAP)
    seen.ok()


@nest_scenario("nest-vhost-hung", about="a guest behind vhost-net hangs under load: its queue is full and drops")
def hung(host):
    host.enter(SCENE)
    host.fault(f"kill -USR1 {host.guest.pid}", undo=f"kill -USR2 {host.guest.pid}")
    # A ping without answers slows down to a hundred a second: the first BURST fills the queue, the rest is dropped.
    seen = host.watch(f"-i 0.01 -l {BURST}", BURST + 1500,
                      until=f"[ $(cat /sys/class/net/{TAP}/statistics/tx_dropped) -gt {host.tap_dropped()} ]")
    seen.truth(all_at=["eth0 in - request", f"{TAP} out - request"], none_at=[f"{TAP} in - reply"], overrun=True)
    seen.path("eth0", TAP)
    seen.loss("not-taken-by-guest", "to_guest", TAP, "guest")
    seen.cause("tun_net_xmit")
