/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTM_NEWNEIGH: rows of bridges' FDBs, and of the neighbour tables. */
#include "host/attr.h"
#include "host/parse.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

static int parse_neighbour_attributes(const struct nlmsghdr *msg, struct nlattr **tb)
{
	if (msg->nlmsg_len < NLMSG_HDRLEN + sizeof(struct ndmsg))
		return -EBADMSG;
	return nlmsg_parse((struct nlmsghdr *)(uintptr_t)msg, sizeof(struct ndmsg), tb, NDA_MAX, NULL) < 0 ? -EBADMSG : 0;
}

int vmp_host_parse_fdb(const struct nlmsghdr *msg, struct vmp_host *host)
{
	struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *row;
	struct vmp_mac mac;
	struct vmp_fdb *fdb;

	if (msg->nlmsg_type != RTM_NEWNEIGH)
		return 0;
	if (parse_neighbour_attributes(msg, tb) < 0)
		return -EBADMSG;
	row = nlmsg_data(msg);
	if (row->ndm_family != AF_BRIDGE || !attr_mac(tb[NDA_LLADDR], &mac))
		return 0;
	if (host->fdb.n >= VMP_HOST_ROWS_MAX)
		return -EOVERFLOW;
	fdb = vmp_vec_add(&host->fdb);
	if (!fdb)
		return -ENOMEM;
	fdb->port = row->ndm_ifindex;
	fdb->bridge = (int)attr_u32(tb[NDA_MASTER], 0);
	fdb->mac = mac;
	fdb->has_vlan = attr_has(tb[NDA_VLAN], 2);
	fdb->vlan = attr_u16(tb[NDA_VLAN], 0);
	fdb->own = (row->ndm_flags & NTF_SELF) != 0;
	fdb->local = !fdb->own && (row->ndm_state & NUD_PERMANENT) != 0;
	fdb->is_static = (row->ndm_state & NUD_NOARP) != 0;
	return 0;
}

int vmp_host_parse_neighbour(const struct nlmsghdr *msg, struct vmp_host *host)
{
	struct vmp_neighbour *neighbour;
	struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *row;
	struct vmp_ip ip;

	if (msg->nlmsg_type != RTM_NEWNEIGH)
		return 0;
	if (parse_neighbour_attributes(msg, tb) < 0)
		return -EBADMSG;
	row = nlmsg_data(msg);
	if ((row->ndm_family != AF_INET && row->ndm_family != AF_INET6) || !attr_ip(tb[NDA_DST], &ip))
		return 0;
	if (host->neighbours.n >= VMP_HOST_ROWS_MAX)
		return -EOVERFLOW;
	neighbour = vmp_vec_add(&host->neighbours);
	if (!neighbour)
		return -ENOMEM;
	neighbour->ifindex = row->ndm_ifindex;
	neighbour->ip = ip;
	neighbour->has_mac = attr_mac(tb[NDA_LLADDR], &neighbour->mac);
	neighbour->state = row->ndm_state;
	return 0;
}
