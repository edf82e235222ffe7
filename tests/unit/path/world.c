/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include "base/str.h"

#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The value of word when it begins with key, else NULL. */
static const char *value(const char *word, const char *key)
{
	size_t len = strlen(key);

	return strncmp(word, key, len) == 0 ? word + len : NULL;
}

static int ifindex_of(const struct vmp_host *host, const char *name)
{
	const struct vmp_link *link = vmp_host_link_named(host, name);

	if (!link)
		fail_msg("the test's host has no link %s (yet)", name);
	return link->ifindex;
}

static struct vmp_mac mac_of(const char *text)
{
	struct vmp_mac mac;

	if (vmp_mac_parse(text, &mac) < 0)
		fail_msg("not a MAC: %s", text);
	return mac;
}

static enum vmp_link_kind kind_of(const char *word)
{
	for (enum vmp_link_kind kind = VMP_LINK_OTHER; kind <= VMP_LINK_VIF; kind++)
		if (strcmp(vmp_link_kind_name(kind), word) == 0)
			return kind;
	return VMP_LINK_OTHER;
}

static void add_vlan(struct vmp_link *link, const char *number, bool pvid)
{
	struct vmp_link_vlan *vlan = vmp_vec_add(&link->vlans);

	assert_non_null(vlan);
	vlan->vid = (uint16_t)atoi(number);
	vlan->pvid = vlan->untagged = pvid;
}

static void set_master(const struct vmp_host *host, struct vmp_link *link, const char *name)
{
	const struct vmp_link *master = vmp_host_link_named(host, name);

	link->master = ifindex_of(host, name);
	if (master->kind == VMP_LINK_BRIDGE) {
		link->has_port = true;
		link->port = (struct vmp_port){.state = VMP_PORT_FORWARDING, .learning = true, .flood = true, .mcast_flood = true,
					       .bcast_flood = true};
	}
}

/* The words that take a value. Returns false when word is none of them. */
static bool link_value(struct vmp_host *host, struct vmp_link *link, const char *word)
{
	const char *v;

	if ((v = value(word, "in=")))
		set_master(host, link, v);
	else if ((v = value(word, "on="))) {
		link->has_lower = true;
		link->lower = ifindex_of(host, v);
	} else if ((v = value(word, "peer="))) {
		link->has_lower = true;
		link->lower = ifindex_of(host, v);
		vmp_vec_foreach (other, &host->links)
			if (other->ifindex == link->lower) {
				other->has_lower = true;
				other->lower = link->ifindex;
			}
	} else if ((v = value(word, "mtu=")))
		link->mtu = (uint32_t)atoi(v);
	else if ((v = value(word, "altname=")))
		snprintf(((struct vmp_link_altname *)vmp_vec_add(&link->altnames))->name, sizeof(struct vmp_link_altname), "%s", v);
	else if ((v = value(word, "mac=")))
		link->mac = mac_of(v);
	else if ((v = value(word, "state=")))
		link->port.state = strcmp(v, "blocking") == 0 ? VMP_PORT_BLOCKING : strcmp(v, "listening") == 0 ? VMP_PORT_LISTENING
														: VMP_PORT_DISABLED;
	else if ((v = value(word, "pvid=")))
		add_vlan(link, v, true);
	else if ((v = value(word, "vid="))) {
		add_vlan(link, v, false);
		link->vlan_id = (uint16_t)atoi(v);
	} else if ((v = value(word, "mode="))) {
		link->has_bond_mode = true;
		link->bond_mode = (uint8_t)atoi(v);
	} else if ((v = value(word, "active=")))
		link->bond_active = atoi(v);
	else if ((v = value(word, "over=")))
		link->vxlan_lower = ifindex_of(host, v);
	else if ((v = value(word, "remote=")))
		assert_int_equal(vmp_ip_parse(v, &link->vxlan_remote), 0);
	else if ((v = value(word, "vni="))) {
		link->vni = (uint32_t)atoi(v);
		link->vxlan_port = 4789;
	}
	else
		return false;
	return true;
}

static void link_word(struct vmp_host *host, struct vmp_link *link, const char *word)
{
	const struct {
		const char *word;
		bool *flag, set;
	} flags[] = {
		{"outside", &link->lower_elsewhere, true}, {"down", &link->admin_up, false},    {"nocarrier", &link->carrier, false},
		{"xdp", &link->has_xdp, true},             {"isolated", &link->port.isolated, true}, {"locked", &link->port.locked, true},
		{"noflood", &link->port.flood, false},     {"nobcast", &link->port.bcast_flood, false},
		{"nomcast", &link->port.mcast_flood, false}, {"filtering", &link->vlan_filtering, true},
		{"nf", &link->nf_call_iptables, true},    {"suppress", &link->port.neigh_suppress, true},
	};

	if (link_value(host, link, word))
		return;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (strcmp(flags[i].word, word) == 0) {
			*flags[i].flag = flags[i].set;
			link->has_lower |= strcmp(word, "outside") == 0;
			return;
		}
	fail_msg("a link has no word %s", word);
}

static void add_link(struct vmp_host *host, const char *name, char **words)
{
	struct vmp_link *link = vmp_vec_add(&host->links);

	assert_non_null(link);
	assert_non_null(words[0]);
	link->ifindex = (int)host->links.n;
	snprintf(link->name, sizeof(link->name), "%s", name);
	link->kind = kind_of(words[0]);
	snprintf(link->kind_name, sizeof(link->kind_name), "%s", words[0]);
	link->mac = (struct vmp_mac){{0x02, 0, 0, 0, 0xff, (uint8_t)link->ifindex}};
	link->mtu = 1500;
	link->admin_up = link->carrier = true;
	for (words++; *words; words++)
		link_word(host, link, *words);
}

static void add_fdb(struct vmp_host *host, char **words)
{
	struct vmp_fdb *fdb = vmp_vec_add(&host->fdb);
	const struct vmp_link *port = vmp_host_link_named(host, words[0]);
	const char *v;

	assert_non_null(fdb);
	fdb->port = ifindex_of(host, words[0]);
	fdb->bridge = port->kind == VMP_LINK_BRIDGE ? port->ifindex : port->master;
	fdb->mac = mac_of(words[1]);
	for (words += 2; *words; words++) {
		if ((v = value(*words, "vlan="))) {
			fdb->has_vlan = true;
			fdb->vlan = (uint16_t)atoi(v);
		}
		fdb->local |= strcmp(*words, "local") == 0;
		fdb->is_static |= strcmp(*words, "static") == 0;
		fdb->own |= strcmp(*words, "own") == 0;
	}
}

static void split_prefix(char *text, struct vmp_ip *ip, uint8_t *len)
{
	char *slash = strchr(text, '/');

	assert_non_null(slash);
	*slash = '\0';
	*len = (uint8_t)atoi(slash + 1);
	assert_int_equal(vmp_ip_parse(text, ip), 0);
}

static void add_other(struct vmp_host *host, const char *what, char **words)
{
	if (strcmp(what, "address") == 0) {
		struct vmp_host_address *address = vmp_vec_add(&host->addresses);

		assert_non_null(address);
		address->ifindex = ifindex_of(host, words[0]);
		split_prefix(words[1], &address->ip, &address->prefix_len);
	} else {
		struct vmp_route *route = vmp_vec_add(&host->routes);

		assert_non_null(route);
		split_prefix(words[0], &route->dst, &route->prefix_len);
		route->oif = ifindex_of(host, words[2]);
		route->table = RT_TABLE_MAIN;
		route->type = RTN_UNICAST;
		for (words += 3; *words; words++) {
			if (value(*words, "metric="))
				route->metric = (uint32_t)atoi(value(*words, "metric="));
			if (value(*words, "table="))
				route->table = (uint32_t)atoi(value(*words, "table="));
		}
	}
}

static void set_words(struct vmp_host *host, char **words)
{
	for (; *words; words++) {
		host->ip_forward |= strcmp(*words, "forward") == 0;
		host->links_torn |= strcmp(*words, "torn=links") == 0;
		host->fdb_torn |= strcmp(*words, "torn=fdb") == 0;
		host->routes_torn |= strcmp(*words, "torn=routes") == 0;
	}
}

/* Call on_line with the words of each line, NULL after the last. */
static void each_line(const char *text, void (*on_line)(void *arg, char **words), void *arg)
{
	char *copy = strdup(text), *rest = copy, *line;

	assert_non_null(copy);
	while ((line = strsep(&rest, ";\n"))) {
		char *words[24] = {NULL}, *word, *more = line;
		size_t n = 0;

		while ((word = strsep(&more, " \t")))
			if (*word && n < 23)
				words[n++] = word;
		if (n > 0)
			on_line(arg, words);
	}
	free(copy);
}

static void host_line(void *arg, char **words)
{
	struct vmp_host *host = arg;

	if (strcmp(words[0], "fdb") == 0)
		add_fdb(host, words + 1);
	else if (strcmp(words[0], "address") == 0 || strcmp(words[0], "route") == 0)
		add_other(host, words[0], words + 1);
	else if (strcmp(words[0], "set") == 0)
		set_words(host, words + 1);
	else
		add_link(host, words[0], words + 1);
}

struct vmp_host world_host(const char *text)
{
	struct vmp_host host = {0};

	each_line(text, host_line, &host);
	return host;
}

static void nic_word(struct vmp_nic *nic, const char *word)
{
	const struct {
		const char *key;
		char **slot;
	} texts[] = {{"target=", &nic->target}, {"bridge=", &nic->bridge}, {"source=", &nic->source}, {"vport=", &nic->virtualport},
		     {"why=", &nic->why_no_backend}};
	const char *v;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if ((v = value(word, texts[i].key))) {
			assert_int_equal(vmp_str_set(texts[i].slot, v), 0);
			return;
		}
	if ((v = value(word, "mac=")))
		nic->mac = mac_of(v);
	else if ((v = value(word, "mtu="))) {
		nic->has_mtu = true;
		nic->mtu = (uint32_t)atoi(v);
	} else if ((v = value(word, "ip="))) {
		struct vmp_ip ip;

		assert_int_equal(vmp_ip_parse(v, &ip), 0);
		assert_int_equal(vmp_nic_add_address(nic, &ip, VMP_ADDRESS_XML), 0);
	} else if (strcmp(word, "nomac") == 0)
		nic->has_mac = false;
	else if (strcmp(word, "down") == 0)
		nic->link_up = VMP_NO;
	else
		fail_msg("a NIC has no word %s", word);
}

static void guest_line(void *arg, char **words)
{
	static const struct {
		const char *word;
		enum vmp_nic_type type;
	} types[] = {{"bridge", VMP_NIC_BRIDGE}, {"network", VMP_NIC_NETWORK}, {"ethernet", VMP_NIC_ETHERNET},
		     {"direct", VMP_NIC_DIRECT}, {"hostdev", VMP_NIC_HOSTDEV}};
	struct vmp_guest *guest = arg;
	struct vmp_nic *nic;

	if (strcmp(words[0], "off") == 0) {
		guest->state = VMP_GUEST_SHUTOFF;
		return;
	}
	nic = vmp_vec_add(&guest->nics);
	assert_non_null(nic);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(types[i].word, words[0]) == 0)
			nic->type = types[i].type;
	nic->has_mac = true;
	nic->mac = mac_of("52:54:00:00:00:01");
	for (words++; *words; words++)
		nic_word(nic, *words);
}

struct vmp_guest world_guest(const char *text)
{
	struct vmp_guest guest = {.state = VMP_GUEST_RUNNING};

	assert_int_equal(vmp_str_set(&guest.name, "web01"), 0);
	each_line(text, guest_line, &guest);
	return guest;
}

char *world_hops(const struct vmp_path *path)
{
	static const char *const roles[] = {"", "uplink", "transit", "routed", "", "switch", "peer", "backend", ""};
	static const char *const dirs[] = {"in", "out", "any"};
	struct vmp_buf buf = {0};

	vmp_vec_foreach (hop, &path->hops) {
		const char *seen = hop->ifindex == 0                      ? NULL
				   : hop->observed == VMP_OBSERVED_YES    ? dirs[hop->to_guest]
				   : hop->observed == VMP_OBSERVED_PARTLY ? "partly"
									  : "unseen";

		vmp_buf_printf(&buf, "%s%d %s", buf.len ? ", " : "", hop->rank, hop->name);
		if (hop->ifindex > 0)
			vmp_buf_printf(&buf, " %s %s %s", vmp_hop_kind_name(hop->kind), roles[hop->role], seen);
		if (hop->has_tag)
			vmp_buf_printf(&buf, " tag=%u", (unsigned int)hop->tag);
		if (hop->has_tunnel)
			vmp_buf_printf(&buf, " vni=%u", (unsigned int)hop->tunnel.vni);
		if (hop->inactive)
			vmp_buf_printf(&buf, " inactive");
		if (hop->owner)
			vmp_buf_printf(&buf, " owner=%s", hop->owner);
		/* A hop that is not observed wholly must say why; every device but peers is shown. */
		assert_true(hop->observed == VMP_OBSERVED_YES || hop->why);
		assert_int_equal(hop->shown, hop->role != VMP_ROLE_PEER);
	}
	return vmp_buf_take(&buf);
}

char *world_facts(const struct vmp_path *path)
{
	struct vmp_buf buf = {0};

	vmp_vec_foreach (fact, &path->facts) {
		vmp_buf_printf(&buf, "%s%s", buf.len ? ", " : "", fact->code);
		if (fact->hop >= 0)
			vmp_buf_printf(&buf, "@%s", path->hops.v[fact->hop].name);
		assert_non_null(fact->detail);
	}
	return vmp_buf_take(&buf);
}
