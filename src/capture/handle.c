/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/handle.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* The kernel hands over a block that is not full after this time. */
#define BLOCK_TIMEOUT_MS 100

/* libpcap makes TPACKET_V3 blocks of 256 KiB; with fewer than four the kernel has none to fill while one is read. */
#define BUFFER_LEAST_BYTES (1U << 20)
#define BUFFER_BYTES       (4U << 20)
#define SNAP_BYTES         256U

/*
 * A frame gets its time stamp when the device hands it on or takes it in, and its place in the ring a little later:
 * after the backlog queue (RPS), the devices below (a VLAN device or a bridge keeps the stamp of its lower device), or
 * a virtual CPU that was not scheduled in between.
 */
#define STAMP_MARGIN_NS (50 * VMP_NS_PER_MS)

/* Frames that a CPU had in hand while the filter was put in place have passed without it; they are done after this. */
#define ATTACH_MARGIN_NS VMP_NS_PER_MS

/* Two marks closer to one another than this are one. */
#define MARK_SPACING_NS (10 * VMP_NS_PER_MS)

#define DRAIN_NS VMP_NS_PER_S

/* libpcap's status as an error in the operator's words. */
static int activate_error(const char *device, int status, const char *words, struct vmp_err *err)
{
	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return vmp_err_set(err, EPERM, "capture", device,
				   "capturing on %s is not permitted: run as root or with CAP_NET_RAW", device);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return vmp_err_set(err, ENODEV, "capture", device, "there is no device %s", device);
	case PCAP_ERROR_IFACE_NOT_UP:
		return vmp_err_set(err, ENETDOWN, "capture", device, "%s is down", device);
	default:
		return vmp_err_set(err, EIO, "capture", device, "capturing on %s failed: %s", device,
				   *words ? words : pcap_statustostr(status));
	}
}

static int handle_activate(pcap_t *pcap, const struct vmp_point *point, const struct vmp_capture_conf *conf,
			   struct vmp_err *err)
{
	uint32_t snap = conf && conf->snap_bytes ? conf->snap_bytes : SNAP_BYTES;
	uint32_t buffer = conf && conf->buffer_bytes ? conf->buffer_bytes : BUFFER_BYTES;
	char words[PCAP_ERRBUF_SIZE] = "";
	int status;

	if (buffer < BUFFER_LEAST_BYTES)
		buffer = BUFFER_LEAST_BYTES;
	pcap_set_snaplen(pcap, snap > INT32_MAX ? INT32_MAX : (int)snap);
	pcap_set_buffer_size(pcap, buffer > INT32_MAX ? INT32_MAX : (int)buffer);
	pcap_set_promisc(pcap, point->promisc);
	pcap_set_timeout(pcap, BLOCK_TIMEOUT_MS);
	if (pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO) != 0)
		return vmp_err_set(err, ENOTSUP, "capture", point->name,
				   "%s: no time stamps in nanoseconds from this libpcap", point->name);
	status = pcap_activate(pcap);
	if (status < 0)
		return activate_error(point->name, status, pcap_geterr(pcap), err);
	if (pcap_setnonblock(pcap, 1, words) != 0)
		return vmp_err_set(err, EIO, "capture", point->name, "capturing on %s failed: %s", point->name, words);
	return 0;
}

/* The name may have passed to another device since the host was read, or mean something else to libpcap ("any"). */
static int handle_check_identity(pcap_t *pcap, const struct vmp_point *point, struct vmp_err *err)
{
	struct sockaddr_ll addr = {0};
	socklen_t len = sizeof(addr);

	if (pcap_datalink(pcap) != DLT_EN10MB)
		return vmp_err_set(err, EMEDIUMTYPE, "capture", point->name, "%s is not an Ethernet device",
				   point->name);
	if (getsockname(pcap_fileno(pcap), (struct sockaddr *)&addr, &len) != 0)
		return vmp_err_set(err, errno, "capture", point->name, "capturing on %s failed: %s", point->name,
				   strerror(errno));
	if (point->ifindex != 0 && addr.sll_ifindex != point->ifindex)
		return vmp_err_set(err, ENODEV, "capture", point->name,
				   "%s was replaced by another device of the same name; run again", point->name);
	return 0;
}

/*
 * Compile the filter with its direction and give it to the kernel ourselves. pcap_setfilter() would run it once more
 * in user space over the whole first block, whenever that fills, and its interpreter knows no packet type: with
 * "inbound" or "outbound" it throws the first block away without a word (seen with libpcap 1.10.3:
 * blocks_to_filter_in_userland). The direction stands in front of the filter, since "vlan" moves the offsets of all
 * that follows it.
 */
static int handle_set_filter(pcap_t *pcap, const struct vmp_point *point, enum vmp_devdir devdir, struct vmp_err *err)
{
	const char *direction = devdir == VMP_DEV_OUT ? "outbound" : "inbound";
	struct bpf_program program;
	struct sock_fprog kernel;
	char *text;
	int r = 0;

	text = point->filter ? vmp_str_printf("%s and (%s)", direction, point->filter) : vmp_str_printf("%s", direction);
	if (!text)
		return vmp_err_set(err, ENOMEM, "capture", point->name, "out of memory");
	if (pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		r = vmp_err_set(err, EINVAL, "capture", point->name, "filter \"%s\": %s", text, pcap_geterr(pcap));
		free(text);
		return r;
	}
	free(text);
#ifdef PACKET_IGNORE_OUTGOING
	/* Spares the filter's run for the other direction. Not in kernels before 4.20; the filter says the same. */
	if (devdir == VMP_DEV_IN)
		(void)setsockopt(pcap_fileno(pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int){1}, sizeof(int));
#endif
	kernel.len = (unsigned short)program.bf_len;
	kernel.filter = (struct sock_filter *)program.bf_insns;
	if (program.bf_len > BPF_MAXINSNS)
		r = vmp_err_set(err, E2BIG, "capture", point->name, "the filter is too long for the kernel (%u steps)",
				program.bf_len);
	else if (setsockopt(pcap_fileno(pcap), SOL_SOCKET, SO_ATTACH_FILTER, &kernel, sizeof(kernel)) != 0)
		r = vmp_err_set(err, errno, "capture", point->name, "the kernel refuses the filter on %s: %s",
				point->name, strerror(errno));
	pcap_freecode(&program);
	return r;
}

int vmp_handle_open(const struct vmp_point *point, uint32_t point_id, enum vmp_devdir devdir,
		    const struct vmp_capture_conf *conf, struct vmp_handle *ret_handle, struct vmp_err *err)
{
	struct vmp_handle handle = {.point = point_id, .devdir = devdir};
	char words[PCAP_ERRBUF_SIZE] = "";
	int r;

	handle.pcap = pcap_create(point->name, words);
	if (!handle.pcap)
		return vmp_err_set(err, EIO, "capture", point->name, "capturing on %s failed: %s", point->name, words);
	r = handle_activate(handle.pcap, point, conf, err);
	if (r == 0)
		r = handle_check_identity(handle.pcap, point, err);
	if (r == 0)
		r = handle_set_filter(handle.pcap, point, devdir, err);
	if (r != 0) {
		pcap_close(handle.pcap);
		return r;
	}
	handle.fd = pcap_fileno(handle.pcap);
	handle.ifindex = point->ifindex ? point->ifindex : (int)if_nametoindex(point->name);
	handle.from_ns = vmp_clock_realtime_ns() + ATTACH_MARGIN_NS;
	handle.from_monotonic_ns = vmp_clock_monotonic_ns() + ATTACH_MARGIN_NS;
	handle.skip_most = UINT64_MAX;
	handle.complete_ns = handle.from_ns;
	*ret_handle = handle;
	return 0;
}

void vmp_handle_close(struct vmp_handle *handle)
{
	if (handle->pcap)
		pcap_close(handle->pcap);
	memset(handle, 0, sizeof(*handle));
}

void vmp_handle_stats(struct vmp_handle *handle)
{
	struct pcap_stat stat;

	if (!handle->pcap || pcap_stats(handle->pcap, &stat) != 0)
		return;
	handle->received += (uint32_t)(stat.ps_recv - handle->last_recv);
	handle->dropped += (uint32_t)(stat.ps_drop - handle->last_drop);
	handle->last_recv = stat.ps_recv;
	handle->last_drop = stat.ps_drop;
}

/*
 * Frames are read in the order in which the kernel stored them, so once as many were read as it had stored at a mark,
 * all frames of before the mark were read. This does not rest on the block timeout, which a busy softirq may keep
 * waiting for long.
 */
void vmp_handle_mark(struct vmp_handle *handle, uint64_t now_ns)
{
	struct vmp_handle_mark *mark;

	if (handle->state == VMP_HANDLE_ENDED || handle->mark_count == VMP_HANDLE_MARKS)
		return;
	if (handle->mark_count > 0) {
		mark = &handle->marks[(handle->mark_first + handle->mark_count - 1) % VMP_HANDLE_MARKS];
		if (now_ns >= mark->at_ns && now_ns - mark->at_ns < MARK_SPACING_NS)
			return;
	}
	vmp_handle_stats(handle);
	mark = &handle->marks[(handle->mark_first + handle->mark_count) % VMP_HANDLE_MARKS];
	mark->at_ns = now_ns;
	mark->stored = handle->received - handle->dropped;
	handle->mark_count++;
	if (handle->skip_most == UINT64_MAX && vmp_clock_monotonic_ns() > handle->from_monotonic_ns)
		handle->skip_most = mark->stored;
}

void vmp_handle_settle(struct vmp_handle *handle)
{
	while (handle->mark_count > 0 && handle->marks[handle->mark_first].stored <= handle->taken) {
		handle->complete_ns = handle->marks[handle->mark_first].at_ns - STAMP_MARGIN_NS;
		handle->mark_first = (handle->mark_first + 1) % VMP_HANDLE_MARKS;
		handle->mark_count--;
	}
	if (handle->complete_ns < handle->from_ns)
		handle->complete_ns = handle->from_ns;
	if (handle->state == VMP_HANDLE_DRAINING &&
	    (handle->taken >= handle->drain_target || vmp_clock_monotonic_ns() >= handle->drain_deadline_ns))
		handle->state = VMP_HANDLE_ENDED;
}

struct reading {
	struct vmp_handle *handle;
	vmp_capture_sink *sink;
	void *context;
	int result;
};

static void handle_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct reading *reading = (struct reading *)(void *)user;
	struct vmp_handle *handle = reading->handle;
	struct vmp_frame frame = {
		/* With nanosecond precision tv_usec holds nanoseconds. */
		.ts_ns = (uint64_t)header->ts.tv_sec * VMP_NS_PER_S + (uint64_t)header->ts.tv_usec,
		.point = handle->point,
		.devdir = handle->devdir,
		.wire_len = header->len,
		.cap_len = header->caplen,
		.data = data,
	};

	handle->taken++;
	if (frame.ts_ns < handle->from_ns && handle->taken <= handle->skip_most) {
		handle->skipped++;
		return;
	}
	if (handle->state == VMP_HANDLE_DRAINING && handle->taken > handle->drain_target)
		return;
	reading->result = reading->sink(reading->context, &frame);
	if (reading->result != 0)
		pcap_breakloop(handle->pcap);
}

int vmp_handle_read(struct vmp_handle *handle, int most, vmp_capture_sink *sink, void *context, struct vmp_err *err)
{
	struct reading reading = {.handle = handle, .sink = sink, .context = context};
	int r;

	handle->more = false;
	r = pcap_dispatch(handle->pcap, most, handle_frame, (u_char *)&reading);
	if (r == PCAP_ERROR_BREAK || reading.result != 0) {
		handle->more = true;
		return reading.result;
	}
	if (r >= 0) {
		handle->more = r >= most;
		return 0;
	}
	if (handle->state == VMP_HANDLE_DRAINING || vmp_handle_check_device(handle) != 0)
		return -ENODEV;
	return vmp_err_set(err, EIO, "capture", NULL, "reading the capture failed: %s", pcap_geterr(handle->pcap));
}

/* Asked through the packet socket itself: no other socket may be made once privileges are given up. */
int vmp_handle_check_device(const struct vmp_handle *handle)
{
	struct ifreq request = {.ifr_ifindex = handle->ifindex};

	if (ioctl(handle->fd, SIOCGIFNAME, &request) != 0)
		return -ENODEV;
	if (ioctl(handle->fd, SIOCGIFFLAGS, &request) != 0)
		return -ENODEV;
	return request.ifr_flags & IFF_UP ? 0 : -ENETDOWN;
}

void vmp_handle_drain(struct vmp_handle *handle)
{
	if (handle->state != VMP_HANDLE_LIVE)
		return;
	vmp_handle_stats(handle);
	handle->state = VMP_HANDLE_DRAINING;
	handle->drain_target = handle->received - handle->dropped;
	handle->drain_deadline_ns = vmp_clock_monotonic_ns() + DRAIN_NS;
}
