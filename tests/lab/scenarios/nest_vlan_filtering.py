"""A bridge that filters VLANs: the uplink eth0 is a trunk port with VLAN 100, the tap an access port of it."""

from lab.nest_host import TAP, Scene, nest_scenario

SCENE = Scene(
    build="""
        uplink eth0
        ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0
        ip link set eth0 master br0
        bridge vlan add dev eth0 vid 100
        ip link set br0 up
        tagged far-eth0 100""",
    plug=f"ip link set {TAP} master br0; bridge vlan add dev {TAP} vid 100 pvid untagged",
    peer="far-eth0.100")


@nest_scenario("nest-vlan-filtering", about="a bridge with VLAN filtering, trunk uplink, access port, healthy")
def healthy(host):
    host.enter(SCENE)
    seen = host.watch()
    seen.truth(all_at=["eth0 in 100 request", f"{TAP} out - request", f"{TAP} in - reply", "eth0 out 100 reply"])
    seen.path("eth0", TAP)
    seen.ok()


@nest_scenario("nest-vlan-filtering-no-vid", about="the uplink port of the bridge is not a member of the guest's VLAN")
def no_vid(host):
    host.enter(SCENE)
    host.fault("bridge vlan del dev eth0 vid 100", undo="bridge vlan add dev eth0 vid 100")
    seen = host.watch()
    seen.truth(all_at=["eth0 in 100 request"], none_at=[f"{TAP} out - request", f"{TAP} in - reply"])
    seen.path("eth0", TAP)
    seen.loss("lost-in-host", "to_guest", "eth0", TAP)
    seen.cause("br_allowed_ingress")


@nest_scenario("nest-vlan-filtering-pvid", about="what the guest sends goes into another VLAN than what it gets")
def other_pvid(host):
    host.enter(SCENE)
    host.fault(f"bridge vlan add dev {TAP} vid 101 pvid; bridge vlan add dev {TAP} vid 100 untagged",
               undo=f"bridge vlan del dev {TAP} vid 101; bridge vlan add dev {TAP} vid 100 pvid untagged")
    seen = host.watch()
    seen.truth(all_at=["eth0 in 100 request", f"{TAP} out - request", f"{TAP} in - reply"],
               none_at=["eth0 out 100 reply", "eth0 out 101 reply"])
    seen.path("eth0", TAP)
    seen.loss("lost-in-host", "from_guest", TAP, "eth0")
