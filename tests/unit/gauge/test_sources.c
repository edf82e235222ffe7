/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made of the kernel's own texts, of this version and of older ones, and of texts that no kernel writes. */
#include "gauge/gauge.h"

#include "base/str.h"

#include <linux/pkt_sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vmp_path path;
static struct vmp_reading reading;
static struct vmp_gauges gauges;

static void add_hop(int ifindex, const char *name, enum vmp_hop_kind kind, enum vmp_role role)
{
	struct vmp_hop *hop = vmp_vec_add(&path.hops);

	assert_non_null(hop);
	hop->ifindex = ifindex;
	hop->kind = kind;
	hop->role = role;
	assert_int_equal(vmp_str_set(&hop->name, name), 0);
}

static int begin(void **state)
{
	(void)state;
	add_hop(0, "network", VMP_HOP_NETWORK, VMP_ROLE_NETWORK);
	add_hop(2, "eth0", VMP_HOP_NIC, VMP_ROLE_UPLINK);
	add_hop(3, "br0", VMP_HOP_BRIDGE, VMP_ROLE_SWITCH);
	add_hop(9, "other", VMP_HOP_TAP, VMP_ROLE_PEER);
	add_hop(4, "vnet0", VMP_HOP_TAP, VMP_ROLE_BACKEND);
	add_hop(0, "guest", VMP_HOP_GUEST, VMP_ROLE_GUEST);
	return vmp_gauge_wants(&path, &reading);
}

static int end(void **state)
{
	(void)state;
	vmp_path_clear(&path);
	vmp_reading_clear(&reading);
	vmp_gauges_clear(&gauges);
	return 0;
}

static void set_text(const char *file, const char *text)
{
	vmp_vec_foreach (each, &reading.files) {
		if (strcmp(each->path, file) != 0)
			continue;
		assert_int_equal(vmp_str_set(&each->text, text), 0);
		each->len = strlen(text);
		return;
	}
	fail_msg("nobody reads %s", file);
}

/* Only this file, before (or after) the window. */
static void take(const char *file, const char *text, enum vmp_gauge_moment moment)
{
	vmp_reading_forget(&reading);
	set_text(file, text);
	assert_int_equal(vmp_gauge_take(&gauges, &reading, moment), 0);
}

static const struct vmp_counter *counter(const char *source, const char *object, const char *name)
{
	return vmp_gauges_counter(&gauges, source, object, name);
}

static void stood_at(const char *source, const char *object, const char *name, uint64_t before)
{
	const struct vmp_counter *found = counter(source, object, name);

	if (!found)
		fail_msg("no counter %s %s %s", source, object, name);
	assert_true(found->before_known);
	assert_int_equal(found->before, before);
}

static void grew(const char *source, const char *object, const char *name, uint64_t by)
{
	const struct vmp_counter *found = counter(source, object, name);

	if (!found)
		fail_msg("no counter %s %s %s", source, object, name);
	assert_int_equal(vmp_counter_grew(found), by);
}

/* ---- which ones ------------------------------------------------------------------------------------------------------ */

static void wants(void **state)
{
	size_t for_devices = 0;

	(void)state;
	assert_int_equal(reading.devices.n, 3);
	assert_string_equal(reading.devices.v[0].name, "eth0");
	assert_true(reading.devices.v[0].is_nic);
	assert_false(reading.devices.v[2].is_nic);
	vmp_vec_foreach (file, &reading.files) {
		assert_null(strchr(file->path, '%'));
		assert_null(strstr(file->path, "other"));
		for_devices += file->ifindex != 0;
	}
	assert_int_equal(for_devices, 3 * 2);
	set_text("/proc/sys/net/ipv4/conf/vnet0/rp_filter", "1\n");
}

/* ---- softnet --------------------------------------------------------------------------------------------------------- */

#define SOFTNET "/proc/net/softnet_stat"
#define OF_6_18(processed, dropped, squeeze, cpu)                                                                       \
	processed " " dropped " " squeeze " 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 " \
		  "00000000 " cpu " 00000000 00000000\n"

static void softnet(void **state)
{
	(void)state;
	take(SOFTNET, OF_6_18("1b95eac5", "00000000", "0000002d", "00000000") OF_6_18("1c45b068", "00000248", "00000019", "00000003"),
	     VMP_GAUGE_BEFORE);
	take(SOFTNET, OF_6_18("1b95eac6", "00000000", "0000002e", "00000000") OF_6_18("1c45b069", "00000250", "00000019", "00000003"),
	     VMP_GAUGE_AFTER);
	stood_at("softnet", "cpu0", "time_squeeze", 0x2d);
	grew("softnet", "cpu0", "time_squeeze", 1);
	grew("softnet", "cpu3", "dropped", 8);
	assert_null(counter("softnet", "cpu1", "dropped"));
}

/* Before 5.10 the line does not say whose it is, and a processor that is offline has none. */
static void softnet_of_4_19(void **state)
{
	static const char text[] = "00000010 00000002 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000007\n"
				   "00000020 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000\n";

	(void)state;
	take(SOFTNET, text, VMP_GAUGE_BEFORE);
	stood_at("softnet", "row 0", "dropped", 2);
	stood_at("softnet", "row 0", "flow_limit", 7);
	stood_at("softnet", "row 1", "dropped", 0);
	assert_null(counter("softnet", "cpu0", "dropped"));
}

/* Of 2.6.32, with nine columns. */
static void softnet_of_2_6(void **state)
{
	(void)state;
	take(SOFTNET, "00000010 00000002 00000001 00000000 00000000 00000000 00000000 00000000 00000000\n", VMP_GAUGE_BEFORE);
	stood_at("softnet", "row 0", "dropped", 2);
	assert_null(counter("softnet", "row 0", "flow_limit"));
}

/* ---- IP -------------------------------------------------------------------------------------------------------------- */

#define SNMP                                                                                                                      \
	"Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests " \
	"OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits\n"               \
	"Ip: 2 64 12226 1 2 3 4 5 12226 7681 6 7 8 9 10 11 12 13 14 7681\n"                                                              \
	"Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens\nTcp: 1 200 120000 -1 119\n"                                                \
	"Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"                 \
	"Udp: 236 21 22 238 23 0 0 0 24\n"

static void snmp(void **state)
{
	(void)state;
	take("/proc/net/snmp", SNMP, VMP_GAUGE_BEFORE);
	stood_at("snmp", "Ip", "InHdrErrors", 1);
	stood_at("snmp", "Ip", "InAddrErrors", 2);
	stood_at("snmp", "Ip", "OutNoRoutes", 7);
	stood_at("snmp", "Ip", "ReasmFails", 11);
	stood_at("snmp", "Ip", "FragFails", 13);
	stood_at("snmp", "Udp", "NoPorts", 21);
	stood_at("snmp", "Udp", "RcvbufErrors", 23);
	stood_at("snmp", "Udp", "MemErrors", 24);
	assert_null(counter("snmp", "Ip", "ForwDatagrams"));
	assert_null(counter("snmp", "Tcp", "MaxConn"));
	take("/proc/net/netstat",
	     "TcpExt: SyncookiesSent IPReversePathFilter PFMemallocDrop\nTcpExt: 1 42 2\nIpExt: InNoRoutes InTruncatedPkts InCsumErrors\n"
	     "IpExt: 5 6 7\n",
	     VMP_GAUGE_BEFORE);
	stood_at("snmp", "TcpExt", "IPReversePathFilter", 42);
	stood_at("snmp", "IpExt", "InNoRoutes", 5);
	stood_at("snmp", "IpExt", "InCsumErrors", 7);
	take("/proc/net/snmp6",
	     "Ip6InReceives                   	6\nIp6InNoRoutes                   	3\nUdp6RcvbufErrors \t4\nIcmp6InMsgs 9\n", VMP_GAUGE_BEFORE);
	stood_at("snmp", "Ip6", "InNoRoutes", 3);
	stood_at("snmp", "Udp6", "RcvbufErrors", 4);
	assert_null(counter("snmp", "Ip6", "InReceives"));
}

/* RHEL 6's kernel counts no MemErrors, no checksums, and has no reverse path filter's counter. */
static void snmp_of_older_kernels(void **state)
{
	(void)state;
	take("/proc/net/snmp",
	     "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 236 21 22 238 23 0\n", VMP_GAUGE_BEFORE);
	stood_at("snmp", "Udp", "RcvbufErrors", 23);
	assert_null(counter("snmp", "Udp", "MemErrors"));
	take("/proc/net/netstat", "IpExt: InNoRoutes InTruncatedPkts\nIpExt: 0 1\n", VMP_GAUGE_BEFORE);
	stood_at("snmp", "IpExt", "InTruncatedPkts", 1);
	assert_null(counter("snmp", "IpExt", "InCsumErrors"));
	assert_null(counter("snmp", "TcpExt", "IPReversePathFilter"));
}

/* ---- tables ---------------------------------------------------------------------------------------------------------- */

#define CONNTRACK "/proc/net/stat/nf_conntrack"

static void conntrack(void **state)
{
	static const char before[] =
		"entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new "
		"expect_create expect_delete search_restart\n"
		"00000040  00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000000 00000002 00000003 00000004 00000000  00000000 "
		"00000000 00000000 00000000\n"
		"00000040  00000000 00000000 00000000 0000000a 00000000 00000000 00000000 00000000 0000000b 0000000c 0000000d 00000000  00000000 "
		"00000000 00000000 00000000\n";

	(void)state;
	take(CONNTRACK, before, VMP_GAUGE_BEFORE);
	stood_at("conntrack", "", "invalid", 11);
	stood_at("conntrack", "", "insert_failed", 13);
	stood_at("conntrack", "", "drop", 15);
	stood_at("conntrack", "", "early_drop", 17);
	take("/proc/sys/net/netfilter/nf_conntrack_count", "64\n", VMP_GAUGE_BEFORE);
	take("/proc/sys/net/netfilter/nf_conntrack_max", "64\n", VMP_GAUGE_BEFORE);
	stood_at("conntrack", "", "count", 64);
	assert_true(counter("conntrack", "", "count")->has_limit);
	assert_int_equal(counter("conntrack", "", "count")->limit, 64);
}

/* Columns of 3.10 are called otherwise; those that are wanted were there. No limit is no limit. */
static void conntrack_of_3_10(void **state)
{
	(void)state;
	take(CONNTRACK,
	     "entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error  expect_new "
	     "expect_create expect_delete search_restart\n"
	     "00000004  00000d9a 0000a6bf 00000c1c 00000037 00000068 00000c18 00000b6e 00000b72 00000001 00000002 00000003 00000000  00000000 "
	     "00000000 00000000 00000000\n",
	     VMP_GAUGE_BEFORE);
	stood_at("conntrack", "", "drop", 2);
	stood_at("conntrack", "", "insert_failed", 1);
	take("/proc/sys/net/netfilter/nf_conntrack_count", "4\n", VMP_GAUGE_BEFORE);
	take("/proc/sys/net/netfilter/nf_conntrack_max", "0\n", VMP_GAUGE_BEFORE);
	assert_false(counter("conntrack", "", "count")->has_limit);
}

static void neighbours(void **state)
{
	static const char text[] = "entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast "
				   "periodic_gc_runs forced_gc_runs unresolved_discards table_fulls\n"
				   "00000002 000000cd 000000d9 00000000   00000a6e 00000430 00000013   00000000         00000000         "
				   "0000042d         00000000       000002b1            00000000\n";
	struct vmp_neighbour_table *table;

	(void)state;
	take("/proc/net/stat/arp_cache", text, VMP_GAUGE_BEFORE);
	stood_at("neighbour", "arp_cache", "unresolved_discards", 0x2b1);
	vmp_reading_forget(&reading);
	table = vmp_vec_add(&reading.tables);
	assert_non_null(table);
	*table = (struct vmp_neighbour_table){.name = "arp_cache", .entries = 1024, .limit = 1024, .has_fulls = true, .table_fulls = 7};
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
	stood_at("neighbour", "arp_cache", "table_fulls", 7);
	stood_at("neighbour", "arp_cache", "entries", 1024);
	assert_int_equal(counter("neighbour", "arp_cache", "entries")->limit, 1024);
}

/* ---- queues ---------------------------------------------------------------------------------------------------------- */

static void add_queue(int ifindex, const char *kind, uint32_t handle, uint32_t parent, bool is_class, uint64_t drops)
{
	struct vmp_queue *queue = vmp_vec_add(&reading.queues);

	assert_non_null(queue);
	*queue = (struct vmp_queue){.ifindex = ifindex, .handle = handle, .parent = parent, .is_class = is_class, .drops = drops,
				    .has_counts = true, .has_packets = true, .packets = 100};
	snprintf(queue->kind, sizeof(queue->kind), "%s", kind);
}

static void queues(void **state)
{
	(void)state;
	vmp_reading_forget(&reading);
	add_queue(4, "htb", 0x10000, TC_H_ROOT, false, 5);
	add_queue(4, "htb", 0x10010, 0x10000, true, 4);
	add_queue(4, "pfifo", 0x80020000, 0x10010, false, 3);
	add_queue(2, "clsact", 0xffff0000, TC_H_INGRESS, false, 9);
	add_queue(3, "noqueue", 0, TC_H_ROOT, false, 0);
	add_queue(77, "htb", 0x10000, TC_H_ROOT, false, 5);
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
	reading.queues.v[0].drops = 25;
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_AFTER), 0);
	grew("qdisc", "vnet0 htb 1:", "drops", 20);
	assert_int_equal(counter("qdisc", "vnet0 htb 1:", "drops")->ifindex, 4);
	stood_at("qdisc", "vnet0 htb 1:", "packets", 100);
	stood_at("class", "vnet0 htb 1:10", "drops", 4);
	stood_at("qdisc.inner", "vnet0 pfifo 8002:", "drops", 3);
	stood_at("tc.hook", "eth0 clsact ffff:", "drops", 9);
	assert_null(counter("tc.hook", "eth0 clsact ffff:", "packets"));
	vmp_vec_foreach (each, &gauges.counters)
		assert_true(each->ifindex == 4 || each->ifindex == 2);
}

/* A discipline that was set anew counts from nothing: how much it dropped meanwhile is not known. */
static void queue_made_anew(void **state)
{
	(void)state;
	vmp_reading_forget(&reading);
	add_queue(4, "htb", 0x10000, TC_H_ROOT, false, 500);
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
	reading.queues.v[0].drops = 3;
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_AFTER), 0);
	assert_false(counter("qdisc", "vnet0 htb 1:", "drops")->after_known);
	grew("qdisc", "vnet0 htb 1:", "drops", 0);
	/* One that only came meanwhile has no before. */
	vmp_reading_forget(&reading);
	add_queue(4, "tbf", 0x20000, TC_H_ROOT, false, 3);
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_AFTER), 0);
	assert_false(counter("qdisc", "vnet0 tbf 2:", "drops")->before_known);
	grew("qdisc", "vnet0 tbf 2:", "drops", 0);
}

/* ---- drivers --------------------------------------------------------------------------------------------------------- */

static void add_driver_counter(const char *name, uint64_t value)
{
	struct vmp_driver_counter *added = vmp_vec_add(&reading.devices.v[0].counters);

	assert_non_null(added);
	snprintf(added->name, sizeof(added->name), "%s", name);
	added->value = value;
	reading.devices.v[0].has_counters = true;
}

static void set_driver(const char *name)
{
	vmp_reading_forget(&reading);
	vmp_gauges_clear(&gauges);
	snprintf(reading.devices.v[0].driver, sizeof(reading.devices.v[0].driver), "%s", name);
}

static void take_drivers(void)
{
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
}

static void drivers(void **state)
{
	static const struct {
		const char *driver, *name, *source, *as; /* source NULL: nothing is made of it */
	} cases[] = {
		{"virtio_net", "rx_queue_3_drops", "ethtool.drop", "rx_queue_#_drops"},
		{"virtio_net", "rx0_hw_drop_overruns", "ethtool.ring", "rx#_hw_drop_overruns"},
		{"virtio_net", "rx0_xdp_drops", NULL, NULL},
		{"hv_netvsc", "tx_send_full", "ethtool.busy", "tx_send_full"},
		{"hv_netvsc", "stop_queue", "ethtool.busy", "stop_queue"},
		{"hv_netvsc", "tx_no_space", "ethtool.drop", "tx_no_space"},
		{"vmxnet3", "  pkts rx OOB", "ethtool.ring", "pkts rx OOB"},
		{"vmxnet3", "  ring full", "ethtool.busy", "ring full"},
		{"ixgbe", "rx_no_dma_resources", "ethtool.ring", "rx_no_dma_resources"},
		{"ixgbe", "rx_missed_errors", "ethtool.ring", "rx_missed_errors"},
		{"i40e", "port.rx_discards", "ethtool.ring", "port.rx_discards"},
		{"i40e", "port.rx_crc_errors", "ethtool.wire", "port.rx_crc_errors"},
		{"ice", "rx_dropped.nic", "ethtool.ring", "rx_dropped.nic"},
		{"mlx5_core", "rx_out_of_buffer", "ethtool.ring", "rx_out_of_buffer"},
		{"mlx5_core", "rx_prio3_buf_discard", "ethtool.ring", "rx_prio#_buf_discard"},
		{"mlx5_core", "rx_steer_missed_packets", NULL, NULL},
		{"bnxt_en", "rx_total_ring_discards", "ethtool.ring", "rx_total_ring_discards"},
		{"bnxt_en", "[12]: rx_discards", NULL, NULL},
		{"ena", "pps_allowance_exceeded", "ethtool.drop", "pps_allowance_exceeded"},
		{"e1000e", "rx_no_buffer_count", "ethtool.busy", "rx_no_buffer_count"},
		{"e1000e", "rx_missed_errors", "ethtool.ring", "rx_missed_errors"},
		{"r8169", "rx_missed", "ethtool.ring", "rx_missed"},
		{"r8169", "align_errors", "ethtool.wire", "align_errors"},
		{"vif", "tx_frag_overflow", NULL, NULL},
		/* a name that means something with another driver, and one that only sounds bad */
		{"somebodys", "rx_missed", "ethtool.other", "rx_missed"},
		{"somebodys", "rx_queue_3_drops", "ethtool.other", "rx_queue_3_drops"},
		{"somebodys", "rx_crc_errors", "ethtool.wire", "rx_crc_errors"},
		{"", "weird_discards", "ethtool.other", "weird_discards"},
		{"e1000e", "rx_packets", NULL, NULL},
		{"mlx5_core", "rx_prio_buf_discard", "ethtool.other", "rx_prio_buf_discard"},
		{"mlx5_core", "rx_prio3_buf_discards", "ethtool.other", "rx_prio3_buf_discards"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		set_driver(cases[i].driver);
		add_driver_counter(cases[i].name, 5);
		take_drivers();
		if (cases[i].source && !counter(cases[i].source, "eth0", cases[i].as))
			fail_msg("%s of %s is no %s", cases[i].name, cases[i].driver, cases[i].source);
		if (gauges.counters.n != (cases[i].source ? 1 : 0))
			fail_msg("%s of %s makes %zu counters", cases[i].name, cases[i].driver, gauges.counters.n);
	}
}

/* Thousands of counters; queues are summed up, names that come again (vmxnet3) too. */
static void many_queues(void **state)
{
	(void)state;
	set_driver("virtio_net");
	for (unsigned int i = 0; i < 20000; i++) {
		char name[40];

		snprintf(name, sizeof(name), "rx_queue_%u_drops", i);
		add_driver_counter(name, 2);
		snprintf(name, sizeof(name), "q%u_odd_errors", i);
		add_driver_counter(name, i);
	}
	take_drivers();
	stood_at("ethtool.drop", "eth0", "rx_queue_#_drops", 40000);
	stood_at("ethtool.other", "eth0", "q19999_odd_errors", 19999);
	assert_int_equal(gauges.counters.n, 20001);
	set_driver("vmxnet3");
	add_driver_counter("  pkts rx OOB", 3);
	add_driver_counter("  pkts rx OOB", 4);
	take_drivers();
	stood_at("ethtool.ring", "eth0", "pkts rx OOB", 7);
	assert_non_null(counter("ethtool.ring", "eth0", "pkts rx OOB")->text);
}

static void rings(void **state)
{
	struct vmp_reading_device *device = &reading.devices.v[0];

	(void)state;
	set_driver("e1000e");
	device->has_rings = true;
	device->rx_ring = 256;
	device->rx_ring_max = 4096;
	device->tx_ring_max = 0; /* it has none of a size */
	device->has_rps = true;
	device->rx_queues = 4;
	device->rps = 1;
	take_drivers();
	stood_at("ring", "eth0", "rx", 256);
	assert_int_equal(counter("ring", "eth0", "rx")->limit, 4096);
	assert_null(counter("ring", "eth0", "tx"));
	stood_at("queues", "eth0", "rx", 4);
	stood_at("queues", "eth0", "rps", 1);
}

/* ---- interrupts ------------------------------------------------------------------------------------------------------ */

#define INTERRUPTS "/proc/interrupts"

static void interrupts(void **state)
{
	static const char text[] = "           CPU0       CPU2       \n"
				   " 24:          1          0  IO-APIC   5-edge      ACPI:Ged\n"
				   " 38:          5         70 PCI-MSIX-0000:00:03.0   1-edge      eth0-TxRx-0\n"
				   " 39:         40          3 PCI-MSIX-0000:00:03.0   2-edge      eth01-TxRx-0\n"
				   " 40:        600          4 PCI-MSIX-0000:00:03.0   3-edge      virtio2-input.0\n"
				   "LOC:    3753617    3720039   Local timer interrupts\n"
				   "ERR:          0\n";
	unsigned int *irq;

	(void)state;
	vmp_reading_forget(&reading);
	set_text(INTERRUPTS, text);
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
	stood_at("interrupts", "eth0 cpu0", "count", 5);
	stood_at("interrupts", "eth0 cpu2", "count", 70);
	assert_null(counter("interrupts", "eth0 cpu1", "count"));
	/* What sysfs says is its own counts too, whatever it is called. */
	vmp_gauges_clear(&gauges);
	irq = vmp_vec_add(&reading.devices.v[0].irqs);
	assert_non_null(irq);
	*irq = 40;
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
	stood_at("interrupts", "eth0 cpu0", "count", 605);
	stood_at("interrupts", "eth0 cpu2", "count", 74);
	vmp_vec_foreach (each, &gauges.counters)
		assert_int_equal(each->ifindex, 2);
}

/* ---- texts that no kernel writes ------------------------------------------------------------------------------------- */

static void hostile(void **state)
{
	static const char *const texts[] = {
		"", "\n", "\n\n\n", " ", "x", ":", "Ip:", "Ip:\nIp:", "Ip: InHdrErrors\nIp:\n", "Ip: InHdrErrors\nTcp: 5\n", "Ip: InHdrErrors",
		"Ip: InHdrErrors\nIp: 99999999999999999999999999\n", "Ip: InHdrErrors\nIp: -1\n", "Ip: InHdrErrors\nIp: 0x5\n",
		"Ip6InNoRoutes\n", "Ip6InNoRoutes -3\n", "entries drop\n", "entries drop\nzz zz\n", "entries drop\n00000001\n",
		"drop drop drop\n1 2\n", "CPU0 CPU1\n", "CPU\n 1: 2\n", "CPU99999999999\n 1: 2 eth0\n", "CPU0 CPU1 CPU2\n 38: 5 eth0\n",
		"CPU0\n 38: 18446744073709551616 eth0\n", "CCCCCCCC\n", "CPU0 CPU0\n 38: 1 1 eth0", "fffffffffffffffffffffffffff 1 2\n",
		"1 2\n", "-5\n", "5 6\n", "\t\t\t\n", "1\t2 3\n\n4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		vmp_reading_forget(&reading);
		vmp_gauges_clear(&gauges);
		vmp_vec_foreach (file, &reading.files) {
			assert_int_equal(vmp_str_set(&file->text, texts[i]), 0);
			file->len = strlen(texts[i]);
		}
		assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
		assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_AFTER), 0);
		vmp_vec_foreach (each, &gauges.counters)
			assert_int_equal(vmp_counter_grew(each), 0);
		assert_null(counter("snmp", "Ip", "InHdrErrors"));
		assert_null(counter("snmp", "Ip6", "InNoRoutes"));
		assert_null(counter("conntrack", "", "early_drop"));
	}
}

/* Every beginning of good texts, as when a file is cut. */
static void cut_short(void **state)
{
	static const char text[] = SNMP;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char part[sizeof(text)];

		snprintf(part, sizeof(part), "%.*s", (int)len, text);
		vmp_gauges_clear(&gauges);
		take("/proc/net/snmp", part, VMP_GAUGE_BEFORE);
		take("/proc/net/netstat", part, VMP_GAUGE_BEFORE);
		take(INTERRUPTS, part, VMP_GAUGE_BEFORE);
		take(CONNTRACK, part, VMP_GAUGE_BEFORE);
		take(SOFTNET, part, VMP_GAUGE_BEFORE);
	}
}

/* A source that the table does not have (a record of another version) is passed over. */
static void unknown_source(void **state)
{
	(void)state;
	vmp_reading_forget(&reading);
	set_text(SOFTNET, "1 2 3\n");
	reading.files.v[0].source = 9999;
	assert_int_equal(vmp_gauge_take(&gauges, &reading, VMP_GAUGE_BEFORE), 0);
	assert_int_equal(gauges.counters.n, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(wants), CASE(softnet), CASE(softnet_of_4_19), CASE(softnet_of_2_6), CASE(snmp), CASE(snmp_of_older_kernels),
		CASE(conntrack), CASE(conntrack_of_3_10), CASE(neighbours), CASE(queues), CASE(queue_made_anew), CASE(drivers),
		CASE(many_queues), CASE(rings), CASE(interrupts), CASE(hostile), CASE(cut_short), CASE(unknown_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
