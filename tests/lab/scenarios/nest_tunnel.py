"""The guest's bridge reaches the network by a tunnel whose packets the program does not look into: br0 - gre9 over eth0."""

from lab.nest_host import TAP, Scene, nest_scenario
from lab.scenario import Fail

SCENE = Scene(
    build="""
        uplink eth0
        ip address add 10.99.0.1/24 dev eth0
        ip -n network address add 10.99.0.2/24 dev far-eth0
        ip link add gre9 type gretap local 10.99.0.1 remote 10.99.0.2
        ip -n network link add far-gre type gretap local 10.99.0.2 remote 10.99.0.1
        ip link add br0 type bridge
        ip link set gre9 mtu 1500 master br0 up
        ip link set br0 up
        ip -n network link set far-gre mtu 1500 up""",
    plug=f"ip link set {TAP} master br0",
    peer="far-gre")


@nest_scenario("nest-tunnel-not-looked-into", about="gretap: the tunnel device is the last that is seen, and that is told")
def not_looked_into(host):
    host.enter(SCENE)
    seen = host.watch()
    seen.truth(all_at=["gre9 in - request", f"{TAP} out - request", f"{TAP} in - reply", "gre9 out - reply"])
    seen.path("gre9", TAP)
    seen.ok()
    why = next(hop.get("why", "") for hop in seen.result.doc["hops"] if hop["name"] == "network")
    if "gre9" not in why or "gretap" not in why:
        raise Fail(f"that the tunnel is not looked into is not told: {why}")


@nest_scenario("nest-tunnel-filter", about="gretap: a filter drops what the tunnel brought, between it and the tap")
def filtered(host):
    host.enter(SCENE)
    host.fault(f"""nft add table bridge lab
        nft 'add chain bridge lab f {{ type filter hook forward priority 0; }}'
        nft 'add rule bridge lab f oifname "{TAP}" ether type ip drop'""", undo="nft delete table bridge lab")
    seen = host.watch()
    seen.truth(all_at=["gre9 in - request"], none_at=[f"{TAP} out - request"])
    seen.path("gre9", TAP)
    seen.loss("lost-in-host", "to_guest", "gre9", TAP)
