"""A bridge over a VLAN device over a bond: eth0, eth1 - bond0 - bond0.100 - br0 - tap."""

from lab.nest_host import TAP, Scene, nest_scenario

SCENE = Scene(
    build="""
        uplink eth0
        uplink eth1
        ip link add bond0 type bond mode active-backup miimon 100
        for device in eth0 eth1; do ip link set $device down; ip link set $device master bond0; done
        ip link add link bond0 name bond0.100 type vlan id 100
        ip link add br0 type bridge
        ip link set bond0.100 master br0
        for device in bond0 bond0.100 br0; do ip link set $device up; done
        tagged far-eth0 100""",
    plug=f"ip link set {TAP} master br0",
    peer="far-eth0.100")
HOPS = ("eth0", "bond0", "bond0.100", TAP)


@nest_scenario("nest-bond-vlan", about="bridge over a VLAN over a bond, healthy")
def healthy(host):
    host.enter(SCENE)
    seen = host.watch()
    seen.truth(all_at=["eth0 in 100 request", "bond0 in 100 request", "bond0.100 in - request", f"{TAP} out - request",
                       f"{TAP} in - reply", "bond0.100 out - reply", "bond0 out 100 reply", "eth0 out 100 reply"])
    seen.path(*HOPS)
    seen.ok()


@nest_scenario("nest-bond-vlan-filter", about="a bridge filter under the VLAN and the bond drops towards the guest")
def filtered(host):
    host.enter(SCENE)
    # Not priority 0: with br_netfilter loaded, 6.1 passes over a forward chain of that priority.
    host.fault(f"""nft -f - <<'END'
        table bridge lab {{
            chain forward {{
                type filter hook forward priority -200;
                oifname "{TAP}" ip protocol icmp counter drop
            }}
        }}
END""", undo="nft delete table bridge lab")
    seen = host.watch()
    seen.truth(all_at=["eth0 in 100 request", "bond0 in 100 request", "bond0.100 in - request"],
               none_at=[f"{TAP} out - request", f"{TAP} in - reply"])
    seen.path(*HOPS)
    seen.loss("lost-in-host", "to_guest", "bond0.100", TAP)


@nest_scenario("nest-bond-vlan-wrong-tag", about="the network sends with a VLAN tag that this host has no device for")
def wrong_tag(host):
    host.enter(SCENE)
    host.fault("tc -n network qdisc add dev far-eth0 clsact\n"
               "tc -n network filter add dev far-eth0 egress matchall action vlan modify id 200",
               undo="tc -n network qdisc del dev far-eth0 clsact")
    seen = host.watch()
    seen.truth(all_at=["eth0 in 200 request", "bond0 in 200 request"],
               none_at=["eth0 in 100 request", "bond0.100 in - request", f"{TAP} out - request"])
    seen.loss("lost-in-host", "to_guest", "bond0", "bond0.100")


@nest_scenario("nest-bond-vlan-spare", about="the network sends to the slave that the bond does not use")
def spare(host):
    host.enter(SCENE)
    active = "/sys/class/net/bond0/bonding/active_slave"
    host.fault(f"echo eth1 >{active}", undo=f"echo eth0 >{active}")
    seen = host.watch()
    seen.truth(all_at=["eth0 in 100 request"], none_at=["bond0 in 100 request", f"{TAP} out - request"])
    seen.loss("lost-in-host", "to_guest", "eth0", "bond0")
