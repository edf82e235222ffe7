"""The table of faults: for each one what it is, and the commands that make and unmake it, by where they run.

`host`, `network`: shell in that namespace. `guest`: shell inside the guest. `virsh`: words for virsh. Each is a pair
(inject, undo); the undo must also work when nothing was injected, because it is run to be sure.
"""

from lab.host import BRIDGE, GUEST_IP, GUEST_MAC, NAT_IP, PEER_IP, TAP, UPLINK
from lab.scenario import LabFault
from lab.smallguest import SIGNALS


class Fault:
    def __init__(self, about, host=None, network=None, guest=None, virsh=None):
        self.about = about
        self.steps = [(where, pair) for where, pair in
                      (("host", host), ("network", network), ("virsh", virsh), ("guest", guest)) if pair]


def _nft(*rules, family="bridge", hook="forward", device="", table="lab", policy=""):
    """An nft table of the lab's own with these rules in one chain."""
    dev = f'device \\"{device}\\" ' if device else ""
    lines = [f"nft add table {family} {table}",
             f'nft "add chain {family} {table} f {{ type filter hook {hook} {dev}priority 0; {policy} }}"']
    lines += [f"nft 'add rule {family} {table} f {rule}'" for rule in rules]
    return "\n".join(lines), f"nft delete table {family} {table} 2>/dev/null || true"


_DOCKER = """iptables -N DOCKER-USER; iptables -N DOCKER-ISOLATION-STAGE-1; iptables -N DOCKER
iptables -A DOCKER-USER -j RETURN; iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
iptables -A FORWARD -j DOCKER-USER; iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1
iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -o docker0 -j DOCKER; iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT"""
_NO_DOCKER = """iptables -D FORWARD -i docker0 ! -o docker0 -j ACCEPT; iptables -D FORWARD -o docker0 -j DOCKER
iptables -D FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -D FORWARD -j DOCKER-ISOLATION-STAGE-1; iptables -D FORWARD -j DOCKER-USER
for c in DOCKER-USER DOCKER-ISOLATION-STAGE-1 DOCKER; do iptables -F $c; iptables -X $c; done 2>/dev/null || true"""


_NF = "sysctl -qw net.bridge.bridge-nf-call-iptables="

FAULTS = {
    # on the host, filters
    "filter-to-guest": Fault("a bridge filter drops everything towards the guest", host=_nft(f'oifname "{TAP}" counter drop')),
    "filter-answers": Fault("a bridge filter drops the guest's IP packets, ARP passes",
                            host=_nft(f'iifname "{TAP}" ether type ip counter drop')),
    "filter-one-in-ten": Fault("a bridge filter drops every tenth IP packet towards the guest",
                               host=_nft(f'oifname "{TAP}" ether type ip numgen inc mod 10 == 0 counter drop')),
    "filter-one-port": Fault("a bridge filter drops TCP port 8080 towards the guest",
                             host=_nft(f'oifname "{TAP}" ether type ip tcp dport 8080 counter drop')),
    "filter-arp": Fault("a bridge filter drops ARP towards the guest", host=_nft(f'oifname "{TAP}" ether type arp counter drop')),
    "filter-arp-answers": Fault("a bridge filter drops the guest's ARP answers",
                                host=_nft(f'iifname "{TAP}" arp operation reply counter drop')),
    "filter-ipv6": Fault("a bridge filter drops IPv6 towards the guest, IPv4 passes",
                         host=_nft(f'oifname "{TAP}" ether type ip6 counter drop')),
    "ingress-uplink": Fault("a netdev filter drops the guest's packets as they come in at the uplink",
                            host=_nft(f"ip daddr {GUEST_IP} counter drop", family="netdev", hook="ingress", device=UPLINK)),
    "egress-uplink": Fault("a netdev filter drops the guest's packets before they leave by the uplink",
                           host=_nft(f"ip saddr {GUEST_IP} counter drop", family="netdev", hook="egress", device=UPLINK)),
    "forward-policy": Fault("br_netfilter hands bridged packets to iptables, whose FORWARD policy is DROP",
                            host=(f"{_NF}1\niptables -P FORWARD DROP", f"iptables -P FORWARD ACCEPT\n{_NF}0")),
    "forward-rule": Fault("br_netfilter hands bridged packets to iptables, where a rule of FORWARD drops the guest's",
                          host=(f"{_NF}1\niptables -I FORWARD 1 -d {GUEST_IP} -j DROP",
                                f"iptables -D FORWARD -d {GUEST_IP} -j DROP 2>/dev/null || true\n{_NF}0")),
    "forward-docker": Fault("what Docker leaves behind: its chains, br_netfilter, and the FORWARD policy DROP",
                            host=(f"{_DOCKER}\n{_NF}1\niptables -P FORWARD DROP", f"iptables -P FORWARD ACCEPT\n{_NF}0\n({_NO_DOCKER}) 2>/dev/null || true")),
    "forward-policy-nft": Fault("br_netfilter hands bridged packets to nft, where a chain of family inet has the policy drop",
                                host=(f"{_NF}1\n" + _nft("meta nfproto ipv6 accept", family="inet", policy="policy drop;")[0],
                                      _nft(family="inet")[1] + f"\n{_NF}0")),
    "filter-halves": Fault("a bridge filter of another table drops every fifteenth IP packet towards the guest",
                           host=_nft(f'oifname "{TAP}" ether type ip numgen inc mod 10 == 5 counter drop', table="halves")),
    "filter-counts": Fault("bridge filters that count what passes, and drop what is others' or nobody's",
                           host=_nft("counter", f'oifname "{TAP}" counter accept', f'ether daddr != {GUEST_MAC} oifname "nosuch0" counter drop',
                                     "tcp dport 9 counter drop", "counter")),
    "filter-innocent": Fault("bridge filters that drop what goes to other ports than the guest's, or comes from others",
                             host=_nft(f'oifname != "{TAP}" iifname "{UPLINK}" counter drop', "ether saddr 52:54:00:99:99:99 counter drop")),
    # on the host, bridge and devices
    "port-disabled": Fault("the guest's bridge port is disabled",
                           host=(f"bridge link set dev {TAP} state 0", f"bridge link set dev {TAP} state 3")),
    "isolated": Fault("the guest's port and the uplink are both isolated",
                      host=(f"bridge link set dev {TAP} isolated on\nbridge link set dev {UPLINK} isolated on",
                            f"bridge link set dev {TAP} isolated off\nbridge link set dev {UPLINK} isolated off")),
    "tap-mtu": Fault("the tap's MTU is 1000: big packets are not forwarded to it",
                     host=(f"ip link set {TAP} mtu 1000", f"ip link set {TAP} mtu 1500")),
    "tap-unplugged": Fault("the tap is not in the bridge",
                           host=(f"ip link set {TAP} nomaster", f"ip link set {TAP} master {BRIDGE}")),
    "tap-down": Fault("the tap is down", host=(f"ip link set {TAP} down", f"ip link set {TAP} up")),
    "fdb-wrong-port": Fault("a static entry of the bridge's table sends the guest's packets back to the uplink",
                            host=(f"bridge fdb replace {GUEST_MAC} dev {UPLINK} master static sticky",
                                  f"bridge fdb del {GUEST_MAC} dev {UPLINK} master 2>/dev/null || true")),
    "tap-slow": Fault("a token bucket with room delays what goes to the guest, and loses nothing",
                      host=(f"tc qdisc replace dev {TAP} root tbf rate 400kbit burst 3000 limit 200000",
                            f"tc qdisc del dev {TAP} root 2>/dev/null || true")),
    "tap-shaped": Fault("a token bucket on the tap lets 64 kbit/s through",
                        host=(f"tc qdisc replace dev {TAP} root tbf rate 64kbit burst 2000 limit 2000",
                              f"tc qdisc del dev {TAP} root 2>/dev/null || true")),
    "tc-ingress": Fault("a tc filter drops what comes in at the uplink",
                        host=(f"tc qdisc replace dev {UPLINK} clsact\ntc filter add dev {UPLINK} ingress bpf da bytecode '1,6 0 0 2'",
                              f"tc qdisc del dev {UPLINK} clsact 2>/dev/null || true")),
    "tc-egress": Fault("a tc filter drops what is given to the tap",
                       host=(f"tc qdisc replace dev {TAP} clsact\ntc filter add dev {TAP} egress bpf da bytecode '1,6 0 0 2'",
                             f"tc qdisc del dev {TAP} clsact 2>/dev/null || true")),
    "tap-htb": Fault("a class of htb on the tap lets 64 kbit/s through and has room for two packets",
                     host=(f"tc qdisc replace dev {TAP} root handle 1: htb default 10\n"
                           f"tc class replace dev {TAP} parent 1: classid 1:10 htb rate 64kbit burst 2000\n"
                           f"tc qdisc replace dev {TAP} parent 1:10 handle 10: pfifo limit 2",
                           f"tc qdisc del dev {TAP} root 2>/dev/null || true")),
    "tap-short": Fault("a token bucket with next to no room on the tap, wide enough for single pings",
                       host=(f"tc qdisc replace dev {TAP} root tbf rate 1mbit burst 2000 limit 2000",
                             f"tc qdisc del dev {TAP} root 2>/dev/null || true")),
    "uplink-shaped": Fault("a token bucket on the uplink lets 64 kbit/s out",
                           host=(f"tc qdisc replace dev {UPLINK} root tbf rate 64kbit burst 2000 limit 2000",
                                 f"tc qdisc del dev {UPLINK} root 2>/dev/null || true")),
    "rp-filter": Fault("the reverse path filter is on, and the way back to the NATed guest leads elsewhere",
                       host=("sysctl -qw net.ipv4.conf.virbr0.rp_filter=1\n"
                             f"ip route replace {NAT_IP}/32 dev {UPLINK}",
                             f"ip route del {NAT_IP}/32 dev {UPLINK} 2>/dev/null || true\n"
                             "sysctl -qw net.ipv4.conf.virbr0.rp_filter=0 2>/dev/null || true")),
    "forwarding-off": Fault("this host does not route what comes in by the NATed guest's bridge",
                            host=("sysctl -qw net.ipv4.conf.virbr0.forwarding=0",
                                  "sysctl -qw net.ipv4.conf.virbr0.forwarding=1 2>/dev/null || true")),
    "bridge-down": Fault("the bridge is down", host=(f"ip link set {BRIDGE} down", f"ip link set {BRIDGE} up")),
    "qemu-stopped": Fault("a signal stopped the guest's QEMU, and libvirt does not know",
                          host=("kill -STOP $(cat /run/libvirt/qemu/web01.pid)", "kill -CONT $(cat /run/libvirt/qemu/web01.pid)")),
    # in libvirt
    "suspended": Fault("the guest is suspended", virsh=("suspend web01", "resume web01")),
    "link-down": Fault("<link state='down'/>: QEMU throws away what arrives",
                       virsh=(f"domif-setlink web01 {TAP} down", f"domif-setlink web01 {TAP} up")),
    # inside the guest
    "guest-nic-down": Fault("the guest's own network card is down",
                            guest=("ip link set eth0 down", f"ip link set eth0 up; ip route replace default via {PEER_IP}")),
    "guest-no-driver": Fault("the guest's driver has let go of its card",
                             guest=("echo virtio0 >/sys/bus/virtio/drivers/virtio_net/unbind",
                                    "[ -e /sys/class/net/eth0 ] || { echo virtio0 >/sys/bus/virtio/drivers/virtio_net/bind; ip link set eth0 up; "
                                    f"ip addr add {GUEST_IP}/24 dev eth0; ip route replace default via {PEER_IP}; }}")),
    "guest-other-mac": Fault("the MAC was changed inside the guest, and the network still sends to the old one",
                             guest=("ip link set eth0 address 52:54:00:de:ad:01", f"ip link set eth0 address {GUEST_MAC}"),
                             network=(f"ip neigh replace {GUEST_IP} lladdr {GUEST_MAC} dev peer0 nud permanent",
                                      f"ip neigh del {GUEST_IP} dev peer0 2>/dev/null || true")),
    "guest-no-address": Fault("the guest has lost its address",
                              guest=(f"ip addr del {GUEST_IP}/24 dev eth0",
                                     f"ip addr replace {GUEST_IP}/24 dev eth0; ip route replace default via {PEER_IP}")),
    "guest-ignores-ping": Fault("the guest answers no ping",
                                guest=("echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all", "echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_all")),
    "guest-firewall": Fault("the guest's own firewall drops TCP port 8080",
                            guest=("nft add table inet fw; nft 'add chain inet fw in { type filter hook input priority 0; }'; "
                                   "nft add rule inet fw in tcp dport 8080 drop", "nft delete table inet fw 2>/dev/null; true")),
    "guest-deaf": Fault("the ticket: the guest loses all it receives and asks ARP for ever",
                        guest=("nft add table netdev deaf; nft 'add chain netdev deaf in { type filter hook ingress device \"eth0\" priority 0; policy drop; }'; "
                               f"ip neigh flush dev eth0; ping {PEER_IP} >/dev/null 2>&1 & echo $! >/tmp/deaf.pid",
                               "[ ! -e /tmp/deaf.pid ] || { kill $(cat /tmp/deaf.pid); rm /tmp/deaf.pid; }; nft delete table netdev deaf 2>/dev/null; true")),
    # beyond the host
    "answers-eaten": Fault("the network loses the guest's answers after they left the host",
                           network=_nft("arp operation reply drop", "ip protocol icmp drop", "tcp flags & (syn|ack) == syn|ack drop",
                                        family="netdev", hook="ingress", device="peer0")),
}


def _apply(lab, fault, which):
    for where, pair in fault.steps:
        command = pair[which]
        if where == "host":
            lab.host.run(command)
        elif where == "network":
            lab.network.run(command)
        elif where == "virsh" and not lab.small:
            lab.libvirtd.virsh(*command.split())
        elif where == "virsh" and command.split()[0] in SIGNALS:
            lab.guest("web01").signal(command.split()[0])
        elif where == "virsh":
            raise LabFault(f"without libvirtd there is no virsh {command}")
        else:
            lab.guest("web01").run(command)


def possible(lab, name):
    """Whether this lab can have the fault: inside a small guest there is nothing to break."""
    return not lab.small or all(where in ("host", "network") or pair[0].split()[0] in SIGNALS for where, pair in FAULTS[name].steps)


def inject(lab, name):
    if not possible(lab, name):
        raise LabFault(f"the fault {name} needs a real guest")
    lab.faults.append(name)     # first: half a fault is undone too
    lab.save()
    _apply(lab, FAULTS[name], 0)


def undo(lab, name=None):
    """Undo one fault, or all of them, the last first."""
    for known in [name] if name else list(reversed(lab.faults)):
        _apply(lab, FAULTS[known], 1)
        lab.faults.remove(known)
        lab.save()
