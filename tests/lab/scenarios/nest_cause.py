"""Drops that the running kernel tells the place of, in a bridge eth0 - br0 - tap of Debian's own kernel."""

from lab.nest_host import ADDRESS, TAP, nest_scenario
from scenarios.nest_vhost import SCENE


def to_guest(host):
    """Traced while something before the tap drops what is for the guest."""
    seen = host.watch()
    seen.truth(all_at=["eth0 in - request"], none_at=[f"{TAP} out - request", f"{TAP} in - reply"])
    seen.path("eth0", TAP)
    seen.loss("lost-in-host", "to_guest", "eth0", TAP)
    return seen


@nest_scenario("nest-cause-netem", about="netem loses all that is for the guest: dropped where the device is given it, and that is told")
def netem(host):
    host.enter(SCENE)
    host.fault(f"tc qdisc replace dev {TAP} root netem loss 100%", undo=f"tc qdisc del dev {TAP} root")
    to_guest(host).cause("__dev_queue_xmit", "kfree_skb_list_reason")


@nest_scenario("nest-cause-qdisc", about="a queueing discipline has no room for anything: dropped before the device, and that is told")
def qdisc(host):
    host.enter(SCENE)
    host.fault(f"tc qdisc replace dev {TAP} root tbf rate 8bit burst 1 limit 1", undo=f"tc qdisc del dev {TAP} root")
    to_guest(host).cause("__dev_queue_xmit", "kfree_skb_list_reason")


@nest_scenario("nest-cause-nft", about="an nft rule on the bridge drops what is for the guest: the packet filter is named")
def nft(host):
    host.enter(SCENE)
    host.fault(f"""nft add table bridge cause
                   nft add chain bridge cause forward '{{ type filter hook forward priority -200; }}'
                   nft add rule bridge cause forward ip daddr {ADDRESS} icmp type echo-request drop""",
               undo="nft delete table bridge cause")
    to_guest(host).cause("nft_do_chain", "nf_hook_slow")
