/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's network as its kernel tells it over netlink. Needs no privilege. */
#ifndef VMP_HOST_HOST_H
#define VMP_HOST_HOST_H

#include "base/err.h"
#include "base/str.h"
#include "model/filter.h"
#include "model/gauge.h"
#include "model/host.h"
#include "model/reading.h"

struct vmp_host_reader;         /* open netlink socket: works on after privileges are given up */

/* Open the netlink socket of the present network namespace. Caller closes. */
int vmp_host_open(struct vmp_host_reader **ret_reader, struct vmp_err *err);

/* Close; NULL is allowed. */
void vmp_host_close(struct vmp_host_reader *reader);

/*
 * Read links (with statistics, ports, VLAN tables), FDB, neighbours, addresses, routes. A dump that the kernel says was
 * torn is read again, at most 5 times, and then marked *_torn. Does not block beyond the kernel's answers.
 * ret_host: set on success, caller clears.
 */
int vmp_host_read(struct vmp_host_reader *reader, struct vmp_host *ret_host, struct vmp_err *err);

/* Counters of one device now. ENODEV when it is gone. */
int vmp_host_read_stats(struct vmp_host_reader *reader, int ifindex, struct vmp_link_stats *ret_stats,
			struct vmp_err *err);

/*
 * What this host's packet filter knows of connections with one of these addresses (at most 64 of n are asked for), and whether flow
 * tables or IPsec let packets pass by other ways. Needs CAP_NET_ADMIN, so it is called before privileges are given up. Asks nothing
 * where the kernel tracks no connection of this network namespace, which is no error: ret_tracking->known is true then.
 * ret_tracking: set always, caller clears. Returns 0, or -errno with what could not be read, and known false.
 */
int vmp_host_read_tracking(const struct vmp_ip *addresses, size_t n, struct vmp_tracking *ret_tracking, struct vmp_err *err);

struct vmp_host_counters;       /* open files and sockets: they work on after privileges are given up */

/*
 * Open what the reading's list of files and devices needs. A file that is not there is no error: its counter is not known then.
 * reader: borrowed, outlives it; wanted: the same list is to be read later. Caller closes.
 */
int vmp_host_counters_open(struct vmp_host_reader *reader, const struct vmp_reading *wanted, struct vmp_host_counters **ret_counters,
			   struct vmp_err *err);

/* Close; NULL is allowed. */
void vmp_host_counters_close(struct vmp_host_counters *counters);

/* Read all of it now, over what was read before. reading: the one that was given to open. Errors: only that memory is out. */
int vmp_host_counters_read(struct vmp_host_counters *counters, struct vmp_reading *reading, struct vmp_err *err);

/*
 * Append the kernel's own words on the chains of nf_tables: netlink messages, one behind the other. Needs CAP_NET_ADMIN. context: none.
 * Nothing is appended where the kernel has no nf_tables. Errors: EPERM and others of the kernel.
 */
int vmp_host_list_chains(void *context, struct vmp_buf *out, struct vmp_err *err);

/* Append the names of iptables-legacy's tables of this network namespace, with commas between; needs root. Nothing: none, or not told. */
void vmp_host_legacy_tables(struct vmp_buf *out);

/* The base chains among such messages, of which nothing is trusted. ret_bases: appended to. Errors: EBADMSG, ENOMEM. */
int vmp_host_parse_chains(const char *messages, size_t len, vmp_base_chains *ret_bases, struct vmp_err *err);

/*
 * Open the kernel's log behind its last line; reading it later needs no privilege, opening it may need CAP_SYSLOG (kernel.dmesg_restrict).
 * ret_fd: caller closes.
 */
int vmp_host_open_log(int *ret_fd, struct vmp_err *err);

/* Append the records that came since (4 MiB at most). Does not block. ret_missed: not all of them. */
int vmp_host_read_log(int fd, struct vmp_buf *out, bool *ret_missed, struct vmp_err *err);

/* The states of TCP as conntrack numbers them, then what is not TCP. */
enum { VMP_TRACKED_UDP = 10, VMP_TRACKED_OTHER, VMP_TRACKED_STATES };

/* "ESTABLISHED", ..., "UDP", "OTHER". */
const char *vmp_tracked_state_name(unsigned int state);

/*
 * Count the connections of this network namespace by state and by address, and append the result as lines of text: those 32 addresses that
 * have most. Needs CAP_NET_ADMIN; takes a bounded amount of memory, and as long as the kernel takes to tell its whole table. context: none.
 */
int vmp_host_count_tracked(void *context, struct vmp_buf *out, struct vmp_err *err);

/*
 * Hand over what is in such lines: of an address in how many connections it asks and in how many it is asked. Returns 0, or what a callback
 * returned below 0.
 */
int vmp_host_parse_count(const char *text, int (*on_state)(const char *name, uint64_t entries, void *arg),
			 int (*on_address)(const struct vmp_ip *ip, uint64_t asks, uint64_t asked, void *arg), void *arg);

/* How full the table is: nf_conntrack_count and nf_conntrack_max. False where there is none, or it cannot be read. */
bool vmp_host_tracked_fill(uint64_t *ret_count, uint64_t *ret_max);

#endif
