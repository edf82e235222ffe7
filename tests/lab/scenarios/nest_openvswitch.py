"""Open vSwitch with its kernel datapath: eth0 and the tap are ports of ovsbr0, which acts as a learning switch."""

from lab.nest_host import ADDRESS, TAP, Scene, nest_scenario

SCENE = Scene(
    build="""
        /usr/share/openvswitch/scripts/ovs-ctl --no-monitor --system-id=nest start
        uplink eth0
        ovs-vsctl add-br ovsbr0 -- add-port ovsbr0 eth0
        ip link set ovsbr0 up""",
    plug=f"ovs-vsctl add-port ovsbr0 {TAP}",
    peer="far-eth0", bridge="ovsbr0", ovs=True)


@nest_scenario("nest-openvswitch", about="Open vSwitch's kernel datapath with a NORMAL flow, healthy")
def healthy(host):
    host.enter(SCENE)
    seen = host.watch()
    seen.truth(all_at=["eth0 in - request", f"{TAP} out - request", f"{TAP} in - reply", "eth0 out - reply"])
    seen.path("eth0", TAP)
    seen.ok()


@nest_scenario("nest-openvswitch-drop", about="a flow of Open vSwitch drops towards the guest")
def dropped(host):
    host.enter(SCENE)
    host.fault(f"ovs-ofctl add-flow ovsbr0 priority=100,icmp,nw_dst={ADDRESS},actions=drop",
               undo=f"ovs-ofctl --strict del-flows ovsbr0 priority=100,icmp,nw_dst={ADDRESS}")
    seen = host.watch()
    seen.truth(all_at=["eth0 in - request"], none_at=[f"{TAP} out - request", f"{TAP} in - reply"])
    seen.path("eth0", TAP)
    seen.loss("lost-in-host", "to_guest", "eth0", TAP)
    # A drop flow has a reason of its own from 6.6 on (net/openvswitch/drop.h), and was silent before.
    kernel = tuple(int(x) for x in host.nest.run("uname -r")[1].split(".")[:2])
    seen.cause(*(["do_execute_actions"] if kernel >= (6, 6) else []))
