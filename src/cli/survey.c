/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first reading of a capture file: what it covers, of which interface, who the guest is in it, and what its clock says. */
#include "cli/foreign.h"

#include "packet/packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- which interface --------------------------------------------------------------------------------------------- */

static bool is_wanted_name(const struct vmp_source *source, const char *name)
{
	return strcmp(name, source->interface ? source->interface : source->hop) == 0;
}

static bool is_wanted(const struct vmp_source *source, const struct vmp_savefile_frame *frame)
{
	size_t n;
	const struct vmp_savefile_interface *interfaces = vmp_savefile_interfaces(source->file, &n);

	if (source->only_ifindex)
		return frame->ifindex == source->only_ifindex;
	return source->any_interface || is_wanted_name(source, interfaces[frame->interface].name);
}

int vmp_analyze_next(struct vmp_source *source, struct vmp_savefile_frame *frame, struct vmp_err *err)
{
	int code;

	do
		code = vmp_savefile_next(source->file, frame, err);
	while (code > 0 && !is_wanted(source, frame));
	return code;
}

/* What is in the file, for an operator who has to choose. */
static int list_choices(const struct vmp_source *source, const struct vmp_savefile_interface *interfaces, size_t n,
			struct vmp_err *err)
{
	struct vmp_buf list = {0};

	for (size_t i = 0; i < n; i++)
		vmp_buf_printf(&list, "%s%s", i ? ", " : "", interfaces[i].name[0] ? interfaces[i].name : "(without a name)");
	vmp_err_set(err, EINVAL, "cli", source->path, "%s holds several interfaces and none is called %s: choose one with "
		    "%s=%s:INTERFACE, of: %s", source->path, source->interface ? source->interface : source->hop, source->hop,
		    source->path, list.s ? list.s : "");
	vmp_buf_clear(&list);
	return -EINVAL;
}

/* After all interfaces are known: was the right one read? Returns 1 when the file must be read again. */
static int check_choice(struct vmp_source *source, struct vmp_err *err)
{
	size_t n, found = 0;
	const struct vmp_savefile_interface *interfaces = vmp_savefile_interfaces(source->file, &n);
	bool alike = true;

	for (size_t i = 0; i < n; i++) {
		found += is_wanted_name(source, interfaces[i].name);
		alike = alike && strcmp(interfaces[i].name, interfaces[0].name) == 0;
	}
	if (source->only_ifindex)
		return 0;
	if (found > 0) {
		bool again = source->any_interface && !alike;

		source->any_interface = source->any_interface && alike;
		return again;
	}
	if (source->interface || !alike)
		return list_choices(source, interfaces, n, err);
	return 0;
}

/* ---- who --------------------------------------------------------------------------------------------------------- */

static uint64_t mac_station(const struct vmp_mac *mac)
{
	uint64_t station = 0;

	for (int i = 0; i < 6; i++)
		station = station << 8 | mac->b[i];
	return station;
}

/* An address as a station's MAC, locally administered: all that is told from it is "this one" and "another one". */
static struct vmp_mac address_mac(const struct vmp_hash_key *key, const struct vmp_ip *ip)
{
	struct vmp_hash128 hash = vmp_hash(key, ip->b, ip->family == 4 ? 4 : 16);
	struct vmp_mac mac;

	memcpy(mac.b, &hash.h[0], sizeof(mac.b));
	mac.b[0] = 0x06;
	return mac;
}

static size_t slot_of(const struct vmp_source *source, uint64_t station)
{
	size_t at = (size_t)((station * 0x9e3779b97f4a7c15ULL) >> 32) % VMP_SOURCE_MACS;

	while (source->macs[at] && source->macs[at] != station)
		at = (at + 1) % VMP_SOURCE_MACS;
	return at;
}

bool vmp_source_has(const struct vmp_source *source, uint64_t station)
{
	return station && source->macs[slot_of(source, station)] == station;
}

static void add_station(struct vmp_source *source, uint64_t station)
{
	size_t at;

	if (!station || source->n_macs >= VMP_SOURCE_MACS / 2)
		return;
	at = slot_of(source, station);
	source->n_macs += source->macs[at] == 0;
	source->macs[at] = station;
}

static bool is_guests(const struct vmp_analysis *analysis, const struct vmp_ip *ip)
{
	return vmp_nic_has_address(vmp_run_nic(&analysis->run), ip);
}

void vmp_analyze_rehome(const struct vmp_analysis *analysis, struct vmp_packet *packet)
{
	bool ip = packet->flags & (VMP_PKT_IP4 | VMP_PKT_IP6);
	bool from, to;

	if (!analysis->by_address)
		return;
	/* What goes to all of one network, and what asks for neighbours, does not cross a router. */
	from = ip && !(packet->flags & VMP_PKT_ND) && is_guests(analysis, &packet->src) && !vmp_ip_is_group(&packet->dst);
	to = ip && !(packet->flags & VMP_PKT_ND) && is_guests(analysis, &packet->dst);
	packet->src_mac = from ? analysis->run.path.guest_mac : address_mac(&analysis->key, &packet->src);
	packet->dst_mac = to ? analysis->run.path.guest_mac : address_mac(&analysis->key, &packet->dst);
	if (ip || (packet->flags & VMP_PKT_ARP))
		return;
	memset(&packet->src_mac, 0, sizeof(packet->src_mac));
	memset(&packet->dst_mac, 0, sizeof(packet->dst_mac));
}

/* Whose is the ADDRESS? The sender of it, by ARP or in a packet. */
static void vote(struct vmp_analysis *analysis, const struct vmp_packet *packet)
{
	const struct vmp_mac *mac = packet->flags & VMP_PKT_ARP ? &packet->arp_sender_mac : &packet->src_mac;

	if (!vmp_ip_equal(&packet->src, &analysis->run.address) || vmp_mac_is_group(mac) || mac_station(mac) == 0)
		return;
	for (size_t i = 0; i < VMP_SOURCE_VOTES; i++) {
		if (analysis->votes[i].n > 0 && !vmp_mac_equal(&analysis->votes[i].mac, mac))
			continue;
		analysis->votes[i].mac = *mac;
		analysis->votes[i].n++;
		return;
	}
}

/* The addresses that the guest, known by its MAC, sends from. A router's or a bridge's guests would fill any list. */
static void learn_address(struct vmp_analysis *analysis, const struct vmp_packet *packet)
{
	struct vmp_nic *nic = &analysis->run.guest.nics.v[analysis->run.nic];
	static const struct vmp_ip none;

	if (nic->addresses.n >= 16 || !packet->src.family || vmp_ip_is_group(&packet->src) ||
	    memcmp(packet->src.b, none.b, sizeof(none.b)) == 0)
		return;
	(void)!vmp_nic_add_address(nic, &packet->src, VMP_ADDRESS_CAPTURE);
}

/* ---- one frame --------------------------------------------------------------------------------------------------- */

static void count_time(struct vmp_source *source, uint64_t ts_ns)
{
	if (source->frames == 0 || ts_ns < source->first_ns)
		source->first_ns = ts_ns;
	if (source->frames == 0 || ts_ns > source->last_ns)
		source->last_ns = ts_ns;
	else if (source->last_ns - ts_ns > source->back_ns)
		source->back_ns = source->last_ns - ts_ns;
	source->frames++;
}

static void note_ifindex(struct vmp_source *source, uint32_t ifindex)
{
	for (size_t i = 0; i < source->n_ifindexes; i++)
		if (source->ifindexes[i] == ifindex)
			return;
	if (source->n_ifindexes < VMP_SOURCE_IFINDEXES)
		source->ifindexes[source->n_ifindexes++] = ifindex;
}

static void look_at(struct vmp_analysis *analysis, struct vmp_source *source, const struct vmp_savefile_frame *frame, bool is_last)
{
	const struct vmp_path *path = &analysis->run.path;
	struct vmp_fingerprint fingerprint;
	struct vmp_packet packet;
	bool ip, by_mac_from, by_mac_to, from, to;

	count_time(source, frame->frame.ts_ns);
	source->cooked |= frame->no_dst_mac && !frame->no_macs;
	source->bare |= frame->no_macs;
	if (frame->ifindex)
		note_ifindex(source, frame->ifindex);
	vmp_packet_decode(&frame->frame, &packet);
	ip = packet.flags & (VMP_PKT_IP4 | VMP_PKT_IP6);
	if (frame->frame.cap_len < frame->frame.wire_len && ip && frame->frame.cap_len - packet.l3_offset < source->least_bytes)
		source->least_bytes = frame->frame.cap_len - packet.l3_offset;
	if (is_last && !path->has_guest_mac && analysis->run.has_address && (packet.flags & (VMP_PKT_ARP | VMP_PKT_IP4 | VMP_PKT_IP6)))
		vote(analysis, &packet);
	by_mac_from = path->has_guest_mac && vmp_mac_equal(&packet.src_mac, &path->guest_mac);
	by_mac_to = path->has_guest_mac && vmp_mac_equal(&packet.dst_mac, &path->guest_mac);
	if (by_mac_from && is_last && !analysis->run.has_address && (ip || (packet.flags & VMP_PKT_ARP)))
		learn_address(analysis, &packet);
	from = by_mac_from || (ip && is_guests(analysis, &packet.src));
	to = !from && (by_mac_to || (ip && is_guests(analysis, &packet.dst)));
	source->with_mac += by_mac_from || by_mac_to;
	source->with_address += ip && (is_guests(analysis, &packet.src) || is_guests(analysis, &packet.dst));
	if (!from) {
		struct vmp_mac station = address_mac(&analysis->key, &packet.src);

		add_station(source, mac_station(&packet.src_mac));
		if (ip)
			add_station(source, mac_station(&station));
	}
	if (!ip || !(from || to))
		return;
	vmp_packet_fingerprint_short(&analysis->digest_key, &frame->frame, &packet, 0, &fingerprint);
	if (fingerprint.usable)
		vmp_clock_sample_add(source->sample, fingerprint.id.h[0], frame->frame.ts_ns, from ? VMP_FROM_GUEST : VMP_TO_GUEST,
				     frame->frame.devdir);
}

/* ---- one file ---------------------------------------------------------------------------------------------------- */

static void take_statistics(struct vmp_source *source)
{
	size_t n;
	const struct vmp_savefile_interface *interfaces = vmp_savefile_interfaces(source->file, &n);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const struct vmp_savefile_interface *interface = &interfaces[i];

		if (!source->any_interface && !source->only_ifindex && !is_wanted_name(source, interface->name))
			continue;
		/* Of several sections each must tell, and what lies between them is not told. */
		source->has_start = (!any || source->has_start) && interface->has_start;
		source->has_end = (!any || source->has_end) && interface->has_end;
		source->tells_drops = (!any || source->tells_drops) && interface->has_drops;
		source->drops += interface->drops;
		if (!any || interface->start_ns < source->start_ns)
			source->start_ns = interface->start_ns;
		if (!any || interface->end_ns > source->end_ns)
			source->end_ns = interface->end_ns;
		any = true;
	}
}

static int read_all(struct vmp_analysis *analysis, struct vmp_source *source, bool is_last, struct vmp_err *err)
{
	struct vmp_savefile_frame frame;
	int code = vmp_savefile_begin(source->file, err);
	bool decided = source->only_ifindex || source->interface || !source->any_interface;

	vmp_clock_sample_free(source->sample);
	source->sample = vmp_clock_sample_new();
	source->frames = source->back_ns = 0;
	source->least_bytes = UINT32_MAX;
	memset(source->macs, 0, sizeof(source->macs));
	source->n_macs = source->n_ifindexes = 0;
	if (!source->sample)
		return vmp_err_set(err, ENOMEM, "cli", source->path, "out of memory");
	for (; code >= 0; decided = true) {
		code = vmp_analyze_next(source, &frame, err);
		if (code <= 0)
			break;
		if (!decided) {
			size_t n;
			const struct vmp_savefile_interface *interfaces = vmp_savefile_interfaces(source->file, &n);

			for (size_t i = 0; i < n; i++)
				source->any_interface = source->any_interface && !is_wanted_name(source, interfaces[i].name);
			if (!is_wanted(source, &frame))
				continue;
		}
		look_at(analysis, source, &frame, is_last);
	}
	return code;
}

static int check_devices(const struct vmp_source *source, struct vmp_err *err)
{
	struct vmp_buf list = {0};

	if (!source->only_ifindex && source->n_ifindexes > 1) {
		for (size_t i = 0; i < source->n_ifindexes; i++)
			vmp_buf_printf(&list, "%s%u", i ? ", " : "", source->ifindexes[i]);
		vmp_err_set(err, EINVAL, "cli", source->path, "%s was captured on several devices at once: choose one by its number (ip link) "
			    "with %s=%s:NUMBER, of: %s", source->path, source->hop, source->path, list.s ? list.s : "");
		vmp_buf_clear(&list);
		return -EINVAL;
	}
	if (!source->only_ifindex && source->cooked && vmp_clock_sample_both_ways(source->sample) > 0)
		return vmp_err_set(err, EINVAL, "cli", source->path, "%s was captured on several devices at once and does not tell which: "
				   "capture on one device, or with tcpdump -i any -y LINUX_SLL2", source->path);
	return 0;
}

int vmp_analyze_survey(struct vmp_analysis *analysis, struct vmp_source *source, bool is_last, struct vmp_err *err)
{
	int code;
	char *end;

	if (source->interface) {
		unsigned long number = strtoul(source->interface, &end, 10);

		source->only_ifindex = *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : 0;
	}
	source->any_interface = !source->interface;
	code = read_all(analysis, source, is_last, err);
	if (code == 0)
		code = check_choice(source, err);
	if (code > 0)
		code = read_all(analysis, source, is_last, err);
	if (code == 0)
		code = check_devices(source, err);
	if (code == 0)
		take_statistics(source);
	return code;
}

uint64_t vmp_analyze_time(const struct vmp_source *source, uint64_t ts_ns)
{
	int64_t since = (int64_t)(ts_ns - source->ref_ns);

	if (!source->offset_ns && source->drift == 0)
		return ts_ns;
	return ts_ns - (uint64_t)(source->offset_ns + (int64_t)(source->drift * (double)since));
}
