"""Tables of the host that are full. Their limits are of the whole machine, so they are set in the nest's kernel only."""

from lab.nest_host import ADDRESS, MAC, PEER, TAP, Scene, nest_scenario
from lab.scenario import Fail

SCENE = Scene(
    build="""
        uplink eth0
        ip link add br0 type bridge
        ip link set eth0 master br0
        ip link set br0 up""",
    plug=f"ip link set {TAP} master br0",
    peer="far-eth0")

# Connections that were answered are kept; the table has room for no other.
FILL = """
modprobe -a br_netfilter nf_conntrack
nft -f - <<'END'
table ip lab {
    chain forward { type filter hook forward priority 0; ct state new counter accept; }
}
END
python3 - <<'END' &
import socket, time
listener = socket.create_server(("127.0.0.1", 7777))
kept = []
for _ in range(4):
    asking = socket.create_connection(("127.0.0.1", 7777))
    answering = listener.accept()[0]
    asking.sendall(b"x"); answering.recv(1); answering.sendall(b"y"); asking.recv(1)
    kept += [asking, answering]
open("/tmp/filled", "w").close()
time.sleep(600)
END
echo $! >/tmp/filler
for try in {1..200}; do [ ! -e /tmp/filled ] || break; sleep 0.1; done
sysctl -w net.netfilter.nf_conntrack_max=4
"""
EMPTY = """
kill $(cat /tmp/filler) || true
rm -f /tmp/filled /tmp/filler
sysctl -w net.netfilter.nf_conntrack_max=65536
nft delete table ip lab
modprobe -r br_netfilter
"""


@nest_scenario("nest-conntrack-full", about="the table of connections is full of others': a new ping across a filtered bridge is dropped")
def conntrack_full(host):
    host.enter(SCENE)
    host.fault(FILL, undo=EMPTY)
    seen = host.watch()
    seen.truth(all_at=["eth0 in - request"], none_at=[f"{TAP} out - request"])
    seen.path("eth0", TAP)
    seen.loss("lost-in-host", "to_guest", "eth0", TAP)
    loss = [f for f in seen.result.doc["findings"] if f["code"] == "lost-in-host"][0]
    if loss.get("cause") != "conntrack-full" or "nf_conntrack: table full" not in loss["summary"]:
        raise Fail(f"that the table of connections is full is not told as the cause: {loss}")
    if "nf_conntrack_max" not in " ".join(loss["evidence"]):
        raise Fail(f"how full it is is not told: {loss['evidence']}")


# The guest is behind this host's routing; for the network this host answers ARP in its place.
ROUTED = Scene(
    build="""
        uplink eth0
        ip link add br0 type bridge
        ip link set br0 up
        ip address add 192.0.2.9/30 dev br0
        ip address add 192.0.2.2/32 dev eth0
        ip route add 192.0.2.1/32 dev eth0
        ip route add default via 192.0.2.1 dev eth0
        sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.br0.rp_filter=0
        sysctl -qw net.ipv4.conf.eth0.proxy_arp=1 net.ipv4.neigh.eth0.proxy_delay=0""",
    plug=f"ip link set {TAP} master br0",
    peer="far-eth0")

# Neighbours that are in use are not thrown out for a new one, so that there is none for the peer, to whom the answers are to go. An ARP
# request of the peer would make one: it needs none.
CROWD = f"""
ip -n network neighbour replace {ADDRESS} lladdr $(cat /sys/class/net/eth0/address) dev far-eth0 nud permanent
ip neighbour replace {ADDRESS} lladdr {MAC} dev br0 nud permanent
ip address add 203.0.113.1/24 dev br0
sysctl -qw net.ipv4.neigh.br0.base_reachable_time_ms=3600000
for last in {{10..25}}; do
    ip neighbour replace 203.0.113.$last lladdr 02:00:00:00:00:$last dev br0 nud reachable
done
sysctl -qw net.ipv4.neigh.default.gc_thresh1=1 net.ipv4.neigh.default.gc_thresh2=8 net.ipv4.neigh.default.gc_thresh3=8
for try in {{1..50}}; do
    ip neighbour del {PEER} dev eth0 2>/dev/null || true
    ip netns exec network ping -q -c 1 -W 1 {ADDRESS} || exit 0
done
exit 1
"""
DISPERSE = f"""
sysctl -qw net.ipv4.neigh.default.gc_thresh3=1024 net.ipv4.neigh.default.gc_thresh2=512 net.ipv4.neigh.default.gc_thresh1=128
ip neighbour flush dev br0
ip neighbour del {ADDRESS} dev br0 || true
ip address del 203.0.113.1/24 dev br0 || true
"""


@nest_scenario("nest-neighbours-healthy", about="a guest behind this host's routing, healthy")
def neighbours_healthy(host):
    host.enter(ROUTED)
    seen = host.watch()
    seen.truth(all_at=["eth0 in - request", f"{TAP} out - request", f"{TAP} in - reply", "eth0 out - reply"])
    seen.ok()


@nest_scenario("nest-neighbours-full", about="the table of neighbours has no room for the peer of a routed guest: its answers are dropped")
def neighbours_full(host):
    host.enter(ROUTED)
    host.fault(CROWD, undo=DISPERSE)
    seen = host.watch()
    seen.truth(all_at=["eth0 in - request", f"{TAP} in - reply"], none_at=["eth0 out - reply"])
    # What a routed guest sends to a single address of the network's may leave elsewhere for all that is known of routes here: it is unsure,
    # and the full table is told as what it is.
    full = [f for f in seen.result.doc["findings"] if f["code"] == "neighbour-table-full" or f.get("cause") == "neighbour-table-full"]
    if not full or "neighbor table overflow" not in full[0]["summary"] or full[0]["severity"] == "info":
        raise Fail(f"that the table of neighbours is full is not told: {seen.result.doc['findings']}")
    if "at most 8 (gc_thresh3)" not in " ".join(full[0]["evidence"]):
        raise Fail(f"how full it is is not told: {full[0]['evidence']}")
    if seen.result.rc == 0:
        raise Fail("the exit status says that all is well")
