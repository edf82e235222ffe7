"""What the kernel says of the packets that a fault makes it drop: reason, function, caller, device, by fault.

As measured on Linux 6.18; the program must tell the same of the lost packets. `None`: any.
"""

from lab.host import BRIDGE, TAP, UPLINK
from lab.scenario import Fail

NFT = "nft_do_chain"
BRIDGED = "br_handle_frame_finish"

EXPECTED = {
    "filter-to-guest": ("NETFILTER_DROP", NFT, "__br_forward", TAP),
    "filter-answers": ("NETFILTER_DROP", NFT, "__br_forward", UPLINK),
    "filter-one-in-ten": ("NETFILTER_DROP", NFT, "__br_forward", TAP),
    "filter-one-port": ("NETFILTER_DROP", NFT, "__br_forward", TAP),
    "filter-arp": ("NETFILTER_DROP", NFT, "__br_forward", TAP),
    "filter-arp-answers": ("NETFILTER_DROP", NFT, "__br_forward", UPLINK),
    "filter-ipv6": ("NETFILTER_DROP", NFT, "__br_forward", TAP),
    "ingress-uplink": ("NETFILTER_DROP", NFT, "__netif_receive_skb_core", UPLINK),
    "egress-uplink": ("NETFILTER_DROP", NFT, "__dev_queue_xmit", UPLINK),
    "forward-policy": ("NETFILTER_DROP", NFT, "br_nf_forward_ip", TAP),
    "port-disabled": ("NOT_SPECIFIED", BRIDGED, "br_handle_frame", UPLINK),
    "isolated": ("NOT_SPECIFIED", BRIDGED, "br_handle_frame", UPLINK),
    "fdb-wrong-port": ("NOT_SPECIFIED", BRIDGED, "br_handle_frame", UPLINK),
    "tap-unplugged": ("NO_TX_TARGET", BRIDGED, "br_handle_frame", UPLINK),
    "tap-down": ("NO_TX_TARGET", BRIDGED, "br_handle_frame", UPLINK),
    "bridge-down": ("BRIDGE_INGRESS_STP_STATE", "br_handle_frame", "__netif_receive_skb_core", UPLINK),
    "tap-mtu": ("NOT_SPECIFIED", "br_dev_queue_push_xmit", None, TAP),
    "tap-shaped": ("QDISC_DROP", "__dev_queue_xmit", None, TAP),
    "tc-ingress": ("TC_INGRESS", "__netif_receive_skb_core", None, UPLINK),
    "tc-egress": ("TC_EGRESS", "__dev_queue_xmit", None, TAP),
    "port-locked": ("NOT_SPECIFIED", BRIDGED, "br_handle_frame", TAP),
    "conntrack-full": ("NETFILTER_DROP", "nf_hook_slow", "br_nf_pre_routing", BRIDGE),
}

# the code that the loss's cause must have, where it is this table's to say
CODES = {
    "ingress-uplink": "dropped-by-filter", "port-disabled": "port-not-forwarding", "isolated": "port-isolated",
    "tap-unplugged": "no-master", "tap-down": "backend-down", "bridge-down": "bridge-down", "tap-mtu": "mtu-smaller",
    "tap-shaped": "qdisc-drops", "tc-ingress": "dropped-by-tc", "tc-egress": "dropped-by-tc", "fdb-wrong-port": "mac-on-other-port",
}


def asked(result):
    """Was the kernel asked? If not the document says why."""
    drops = result.doc.get("drops", {})
    if not drops.get("known") and not drops.get("why"):
        raise Fail("the document does not say whether the kernel was asked why it drops packets")
    return bool(drops.get("known"))


def check(lab, fault, result, segment):
    """The causes of a segment's losses are those of this fault, and of all lost packets when nothing was missed."""
    if fault in CODES:
        told = [f.get("cause") for f in result.doc["findings"] if f["code"] == result.verdict["code"]]
        if CODES[fault] not in told:
            raise Fail(f"{fault}: the cause should be {CODES[fault]}, and is {told}")
    if fault not in EXPECTED or not asked(result):
        return
    wanted = dict(zip(("reason", "symbol", "caller", "device"), EXPECTED[fault]))
    causes = segment.get("causes", [])
    right = sum(c["packets"] for c in causes if all(v is None or c.get(k, "") == v for k, v in wanted.items()))
    lab.env.note("causes", "\n".join(str(c) for c in causes) or "none")
    # a packet that was dropped in another way at the moment when the fault came or went
    if right + result.doc["drops"].get("missed", 0) < segment["lost"] - max(2, segment["lost"] // 10):
        raise Fail(f"{fault}: of {segment['lost']} lost {right} were dropped as {wanted}; the program says {causes}")
