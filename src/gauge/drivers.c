/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the counters of drivers mean (ethtool -S). Their names are each driver's own, and many a name that sounds like a loss is none: so
 * only what is in this table counts as one. What merely sounds like it is told, and nothing is concluded from it.
 *
 * Source: the drivers in Linux, drivers/net, and for mlx5 Documentation/networking/device_drivers/ethernet/mellanox/mlx5/counters.rst.
 * Of counters that a driver tells for each queue and as a sum only one form is in the table, so that nothing is counted twice.
 */
#include "gauge/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum meaning {
	RING,   /* lost: no room in the receive ring, or in the card's own buffer before it */
	DROP,   /* lost: thrown away by driver or device */
	WIRE,   /* lost: came damaged over the wire */
	BUSY,   /* nothing lost: had to wait, or took a slower way */
	NOTHING, /* sounds like a loss, and is none */
};

/* The words of the JSON documents. */
static const char *const sources[] = {[RING] = "ethtool.ring", [DROP] = "ethtool.drop", [WIRE] = "ethtool.wire", [BUSY] = "ethtool.busy"};

/* driver NULL: any that has no row of its own for this name. In a name # stands for a number: of all queues the sum. */
static const struct row {
	const char *driver, *name;
	enum meaning meaning;
	const char *text;
} rows[] = {
	/* virtio_net.c; hw: counted by the device (VIRTIO_NET_F_DEVICE_STATS). The queues' numbers came to stand elsewhere in the names */
	{"virtio_net", "rx#_drops", DROP, "the driver had no memory for them, or they were no frames"},
	{"virtio_net", "rx_queue_#_drops", DROP, "the driver had no memory for them, or they were no frames"},
	{"virtio_net", "rx#_hw_drop_overruns", RING, "the hypervisor above found no free buffer in the receive queue"},
	{"virtio_net", "rx#_hw_drops", DROP, "dropped by the hypervisor above"},
	{"virtio_net", "tx#_hw_drops", DROP, "dropped by the hypervisor above"},
	{"virtio_net", "tx#_timeouts", BUSY, "the hypervisor above did not take packets for long"},
	{"virtio_net", "rx#_xdp_drops", NOTHING, NULL},
	{"virtio_net", "rx_hw_drops", NOTHING, NULL},
	{"virtio_net", "rx_hw_drop_overruns", NOTHING, NULL},
	{"virtio_net", "tx_hw_drops", NOTHING, NULL},
	{"virtio_net", "rx_drops", NOTHING, NULL},
	/* hyperv/netvsc_drv.c, netvsc_start_xmit(), netvsc.c: when the send buffer is full the packet is sent by its pages */
	{"hv_netvsc", "tx_send_full", BUSY, "the send buffer was full, and packets were sent without it"},
	{"hv_netvsc", "tx_busy", BUSY, "the ring to the host was full, and the packet was sent again"},
	{"hv_netvsc", "stop_queue", BUSY, "the ring to the host was full, and the queue stopped for a while"},
	{"hv_netvsc", "rx_comp_busy", BUSY, "the host did not take completions at once"},
	{"hv_netvsc", "tx_no_memory", DROP, "no memory to send them"},
	{"hv_netvsc", "tx_no_space", DROP, "no room in the ring to the host"},
	{"hv_netvsc", "tx_too_big", DROP, "in more pieces than the host takes"},
	{"hv_netvsc", "rx_no_memory", DROP, "no memory to receive them"},
	{"hv_netvsc", "vlan_error", DROP, "the host's VLAN data was wrong"},
	{"hv_netvsc", "vf_tx_dropped", DROP, "the virtual function below did not take them"},
	/* vmxnet3_ethtool.c; its names are told once for each queue */
	{"vmxnet3", "pkts rx OOB", RING, "the hypervisor found no free buffer in the receive ring"},
	{"vmxnet3", "pkts rx err", WIRE, "received with an error"},
	{"vmxnet3", "drv dropped rx total", DROP, "dropped by the driver on receiving"},
	{"vmxnet3", "rx buf alloc fail", DROP, "no memory for a receive buffer"},
	{"vmxnet3", "pkts tx err", DROP, "the hypervisor could not send them"},
	{"vmxnet3", "pkts tx discard", DROP, "the hypervisor threw them away on sending"},
	{"vmxnet3", "drv dropped tx total", DROP, "dropped by the driver on sending"},
	{"vmxnet3", "ring full", BUSY, "the send ring was full, and the queue stopped for a while"},
	{"vmxnet3", "fcs", NOTHING, NULL}, /* part of "drv dropped rx total", as err is */
	{"vmxnet3", "err", NOTHING, NULL},
	{"vmxnet3", "hdr err", NOTHING, NULL},
	/* xen-netback/interface.c, xen-netfront.c: nothing of what they count there is a loss */
	{"vif", "tx_frag_overflow", NOTHING, NULL},
	{"vif", "tx_zerocopy_fail", NOTHING, NULL},
	/* veth.c: only what XDP and NAPI handle is counted there */
	{"veth", "rx_queue_#_drops", DROP, "its receive ring for XDP was full, or no memory"},
	{"veth", "rx_queue_#_xdp_drops", NOTHING, NULL},
	/* intel/e1000e/ethtool.c, intel/igb, intel/igc. RNBC: found the ring full and went into the card's buffer; MPC: found that full */
	{NULL, "rx_no_buffer_count", BUSY, "the receive ring was full, and frames waited in the card's buffer"},
	{"igb", "rx_queue_#_drops", RING, "no free buffer in the receive ring"},
	{"igc", "rx_queue_#_drops", RING, "no free buffer in the receive ring"},
	{"igb", "rx_queue_#_csum_err", NOTHING, NULL},
	{"igc", "rx_queue_#_csum_err", NOTHING, NULL},
	{NULL, "rx_csum_offload_errors", NOTHING, NULL},
	/* intel/ixgbe/ixgbe_ethtool.c */
	{"ixgbe", "rx_no_dma_resources", RING, "no free buffer in the receive ring"},
	{"ixgbe", "fdir_miss", NOTHING, NULL},
	{"ixgbe", "rx_fcoe_dropped", NOTHING, NULL},
	{"ixgbe", "fcoe_bad_fccrc", NOTHING, NULL},
	{NULL, "alloc_rx_buff_failed", DROP, "no memory for a receive buffer"},
	{NULL, "alloc_rx_page_failed", DROP, "no memory for a receive buffer"},
	/* intel/i40e/i40e_ethtool.c: later kernels call rx_dropped rx_discards. The port counts what any of its functions had no room for */
	{"i40e", "port.rx_dropped", RING, "no room on the port, for any of its functions"},
	{"i40e", "port.rx_discards", RING, "no room on the port, for any of its functions"},
	{"i40e", "port.tx_dropped_link_down", DROP, "the link was down"},
	{"i40e", "port.rx_crc_errors", WIRE, "damaged frames (CRC)"},
	{"i40e", "port.illegal_bytes", WIRE, "damaged bytes"},
	{"i40e", "port.rx_length_errors", WIRE, "frames whose length is wrong"},
	{"i40e", "port.rx_csum_bad", NOTHING, NULL},
	{"i40e", "port.mac_local_faults", NOTHING, NULL},
	{"i40e", "port.mac_remote_faults", NOTHING, NULL},
	/* intel/ice/ice_ethtool.c */
	{"ice", "rx_dropped.nic", RING, "no room on the port, for any of its functions"},
	{"ice", "tx_dropped_link_down.nic", DROP, "the link was down"},
	{"ice", "rx_crc_errors.nic", WIRE, "damaged frames (CRC)"},
	{"ice", "illegal_bytes.nic", WIRE, "damaged bytes"},
	{"ice", "rx_length_errors.nic", WIRE, "frames whose length is wrong"},
	{"ice", "rx_csum_bad.nic", NOTHING, NULL},
	{"ice", "mac_local_faults.nic", NOTHING, NULL},
	{"ice", "mac_remote_faults.nic", NOTHING, NULL},
	{"ice", "rx_alloc_fail", DROP, "no memory for a receive buffer"},
	{"ice", "rx_pg_alloc_fail", DROP, "no memory for a receive buffer"},
	/* mellanox/mlx5: what no flow rule takes is for somebody else, as on a switch that floods */
	{"mlx5_core", "rx_out_of_buffer", RING, "no free buffer in the receive ring"},
	{"mlx5_core", "rx_discards_phy", RING, "no room in the port's buffer"},
	{"mlx5_core", "rx_prio#_buf_discard", RING, "no room in the port's buffer"},
	{"mlx5_core", "tx_discards_phy", DROP, "discarded by the port on sending"},
	{"mlx5_core", "tx_errors_phy", WIRE, "could not be sent"},
	{"mlx5_core", "rx_crc_errors_phy", WIRE, "damaged frames (CRC)"},
	{"mlx5_core", "rx_symbol_err_phy", WIRE, "symbol errors: bad cable or module"},
	{"mlx5_core", "rx_in_range_len_errors_phy", WIRE, "frames whose length is wrong"},
	{"mlx5_core", "rx_buff_alloc_err", DROP, "no memory for a receive buffer"},
	{"mlx5_core", "rx_oversize_pkts_sw_drop", DROP, "larger than the MTU"},
	{"mlx5_core", "tx_queue_dropped", DROP, "dropped by the driver on sending"},
	{"mlx5_core", "tx_queue_stopped", BUSY, "the send ring was full, and the queue stopped for a while"},
	{"mlx5_core", "rx_steer_missed_packets", NOTHING, NULL},
	{"mlx5_core", "rx_if_down_packets", NOTHING, NULL},
	{"mlx5_core", "rx_prio#_discards", NOTHING, NULL},
	{"mlx5_core", "rx_xdp_drop", NOTHING, NULL},
	/* broadcom/bnxt/bnxt_ethtool.c: the totals of discards had another name before */
	{"bnxt_en", "rx_total_ring_discards", RING, "no free buffer in the receive ring"},
	{"bnxt_en", "rx_total_discard_pkts", RING, "no free buffer in the receive ring"},
	{"bnxt_en", "rx_total_oom_discards", DROP, "no memory to receive them"},
	{"bnxt_en", "rx_total_buf_errors", DROP, "a receive buffer was not usable"},
	{"bnxt_en", "tx_total_ring_discards", DROP, "dropped by the card on sending"},
	{"bnxt_en", "tx_total_discard_pkts", DROP, "dropped by the card on sending"},
	{"bnxt_en", "rx_fcs_err_frames", WIRE, "damaged frames (FCS)"},
	{"bnxt_en", "rx_align_err_frames", WIRE, "damaged frames"},
	{"bnxt_en", "rx_total_l4_csum_errors", NOTHING, NULL},
	{"bnxt_en", "rx_total_netpoll_discards", NOTHING, NULL},
	{"bnxt_en", "total_missed_irqs", NOTHING, NULL},
	{"bnxt_en", "[#]: rx_discards", NOTHING, NULL},
	{"bnxt_en", "[#]: tx_discards", NOTHING, NULL},
	/* amazon/ena/ena_ethtool.c: the allowances are the instance's: beyond them packets are queued or dropped outside */
	{"ena", "bw_in_allowance_exceeded", DROP, "beyond the instance's inbound bandwidth: queued or dropped"},
	{"ena", "bw_out_allowance_exceeded", DROP, "beyond the instance's outbound bandwidth: queued or dropped"},
	{"ena", "pps_allowance_exceeded", DROP, "beyond the instance's packets per second: queued or dropped"},
	{"ena", "conntrack_allowance_exceeded", DROP, "the instance may have no more connections: dropped"},
	{"ena", "linklocal_allowance_exceeded", NOTHING, NULL},
	{"ena", "queue_#_rx_empty_rx_ring", BUSY, "the receive ring ran empty"},
	{"ena", "queue_#_rx_page_alloc_fail", DROP, "no memory for a receive buffer"},
	{"ena", "queue_#_rx_skb_alloc_fail", DROP, "no memory to receive them"},
	{"ena", "queue_#_tx_queue_stop", BUSY, "the send ring was full, and the queue stopped for a while"},
	{"ena", "queue_#_rx_bad_csum", NOTHING, NULL},
	/* realtek/r8169_main.c */
	{"r8169", "rx_missed", RING, "no room in the card's buffer"},
	{"r8169", "rx_errors", WIRE, "damaged frames"},
	{"r8169", "align_errors", WIRE, "damaged frames (alignment)"},
	{"r8169", "tx_aborted", DROP, "could not be sent"},
	{"r8169", "tx_underrun", DROP, "could not be sent"},
	/* names that are the kernel's own (linux/if_link.h, struct rtnl_link_stats64), or that several drivers mean alike */
	{NULL, "rx_missed_errors", RING, "no room in the card's buffer"},
	{NULL, "rx_fifo_errors", RING, "no room in the card's buffer"},
	{NULL, "rx_crc_errors", WIRE, "damaged frames (CRC)"},
	{NULL, "rx_align_errors", WIRE, "damaged frames (alignment)"},
	{NULL, "rx_symbol_errors", WIRE, "symbol errors: bad cable or module"},
	{NULL, "tx_carrier_errors", WIRE, "the carrier was lost on sending"},
	{NULL, "tx_aborted_errors", WIRE, "too many collisions on sending"},
	{NULL, "tx_timeout_count", BUSY, "the card stopped sending, and the watchdog restarted it (NETDEV WATCHDOG)"},
	{NULL, "tx_restart_queue", BUSY, "the send ring was full, and the queue stopped for a while"},
};

/* Parts of names that sound like a loss. */
static const char *const sounds[] = {"drop", "discard", "miss", "overrun", "no_buf", "nobuf", "err", "crc", "fail", "timeout"};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* # of the pattern stands for one digit or more. */
static bool name_fits(const char *pattern, const char *name)
{
	for (; *pattern; pattern++) {
		if (*pattern != '#') {
			if (*pattern != *name++)
				return false;
			continue;
		}
		if (*name < '0' || *name > '9')
			return false;
		while (*name >= '0' && *name <= '9')
			name++;
	}
	return !*name;
}

static const struct row *find_row(const char *driver, const char *name)
{
	const struct row *any = NULL;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].driver ? strcmp(rows[i].driver, driver) != 0 : any != NULL)
			continue;
		if (!name_fits(rows[i].name, name))
			continue;
		if (rows[i].driver)
			return &rows[i];
		any = &rows[i];
	}
	return any;
}

static bool sounds_bad(const char *name)
{
	for (size_t i = 0; i < COUNT(sounds); i++)
		if (strstr(name, sounds[i]))
			return true;
	return false;
}

/* Queues of one device count under one name each, so that the sum of a row is what is told. */
static int put_rows(const struct vmp_gauge_look *look, const struct vmp_reading_device *device)
{
	uint64_t sums[COUNT(rows)] = {0};
	bool there[COUNT(rows)] = {false};

	vmp_vec_foreach (counter, &device->counters) {
		const char *name = counter->name + strspn(counter->name, " \t");
		const struct row *row = find_row(device->driver, name);

		if (row) {
			sums[row - rows] += counter->value;
			there[row - rows] = true;
		} else if (sounds_bad(name) && vmp_gauge_put(look, "ethtool.other", device->name, name, VMP_COUNTER_MOVES, device->ifindex,
							     counter->value, NULL) < 0) {
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		if (there[i] && rows[i].meaning != NOTHING &&
		    vmp_gauge_put(look, sources[rows[i].meaning], device->name, rows[i].name, VMP_COUNTER_MOVES, device->ifindex, sums[i],
				  rows[i].text) < 0)
			return -ENOMEM;
	return 0;
}

static int put_ring(const struct vmp_gauge_look *look, const struct vmp_reading_device *device, const char *name, uint32_t size,
		    uint32_t most)
{
	if (most == 0)
		return 0;
	if (vmp_gauge_put(look, "ring", device->name, name, VMP_COUNTER_FILLS, device->ifindex, size, NULL) < 0)
		return -ENOMEM;
	return vmp_gauge_put_limit(look, "ring", device->name, name, most);
}

static int put_queues(const struct vmp_gauge_look *look, const struct vmp_reading_device *device)
{
	if (vmp_gauge_put(look, "queues", device->name, "rx", VMP_COUNTER_FILLS, device->ifindex, device->rx_queues, NULL) < 0)
		return -ENOMEM;
	return vmp_gauge_put(look, "queues", device->name, "rps", VMP_COUNTER_FILLS, device->ifindex, device->rps, NULL);
}

int vmp_gauge_drivers(const struct vmp_gauge_look *look)
{
	vmp_vec_foreach (device, &look->reading->devices) {
		if (device->has_counters && put_rows(look, device) < 0)
			return -ENOMEM;
		if (device->has_rings && (put_ring(look, device, "rx", device->rx_ring, device->rx_ring_max) < 0 ||
					  put_ring(look, device, "tx", device->tx_ring, device->tx_ring_max) < 0))
			return -ENOMEM;
		if (device->has_rps && put_queues(look, device) < 0)
			return -ENOMEM;
	}
	return 0;
}
