/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule looks at a run and adds the findings it has reason for. The table of all rules stands in judge.c. */
#ifndef VMP_FINDING_RULES_H
#define VMP_FINDING_RULES_H

#include "model/run.h"

/* Adds to run->findings. Returns 0 or -ENOMEM. */
typedef int vmp_rule(struct vmp_run *run);

vmp_rule vmp_rule_path;                 /* rules_path.c: what the path's facts say */
vmp_rule vmp_rule_lost_in_host;         /* rules_loss.c */
vmp_rule vmp_rule_lost_at_down_device;
vmp_rule vmp_rule_filter;               /* rules_filter.c */
vmp_rule vmp_rule_obstacles;
vmp_rule vmp_rule_drops;                /* rules_drop.c */
vmp_rule vmp_rule_not_taken;            /* rules_guest.c */
vmp_rule vmp_rule_queue_drops;
vmp_rule vmp_rule_guest_not_running;    /* rules_state.c: why the guest does not take what it is given */
vmp_rule vmp_rule_short_of_cpu;
vmp_rule vmp_rule_driver;               /* rules_inside.c: what the monitor and the agent say of it */
vmp_rule vmp_rule_rx_queue;
vmp_rule vmp_rule_rx_filter;
vmp_rule vmp_rule_guest_address;
vmp_rule vmp_rule_guest_route;
vmp_rule vmp_rule_guest_drops;
vmp_rule vmp_rule_guest_ignores_answers;
vmp_rule vmp_rule_guest_silent;
vmp_rule vmp_rule_foreign_macs;
vmp_rule vmp_rule_lost_beyond_host;     /* rules_network.c */
vmp_rule vmp_rule_answers_refused;
vmp_rule vmp_rule_nothing_arrives;
vmp_rule vmp_rule_wrong_vni;
vmp_rule vmp_rule_next_hop_silent;      /* rules_network.c */
vmp_rule vmp_rule_signs;                /* rules_signs.c: what packets say of why others fail */
vmp_rule vmp_rule_queueing;             /* rules_delay.c */
vmp_rule vmp_rule_tracked;              /* rules_tracked.c */
vmp_rule vmp_rule_kernel_log;           /* rules_log.c */
vmp_rule vmp_rule_capture_lost;         /* rules.c */
vmp_rule vmp_rule_queue_disciplines;    /* rules_queue.c: from here on what the host's counters say */
vmp_rule vmp_rule_conntrack;            /* rules_tables.c */
vmp_rule vmp_rule_neighbours;
vmp_rule vmp_rule_ip;                   /* rules_ip.c */
vmp_rule vmp_rule_udp_sockets;
vmp_rule vmp_rule_nics;                 /* rules_nic.c */
vmp_rule vmp_rule_softnet;
vmp_rule vmp_rule_interrupts;

/* The exchange of this kind and direction, or NULL. Borrowed. */
const struct vmp_exchange *vmp_rules_exchange(const struct vmp_run *run, enum vmp_exchange_kind kind,
					      enum vmp_direction direction);

/*
 * The finding that tells a loss between these two hops in this direction, or NULL: what explains it is told there
 * (vmp_finding_explain()), so that it is one finding. Borrowed until the next is added.
 */
struct vmp_finding *vmp_rules_loss_at(struct vmp_run *run, const struct vmp_segment *segment);

/* The finding that tells of the last hop's loss, or else of its queue's drops, or NULL. Borrowed until the next is added. */
struct vmp_finding *vmp_rules_untaken(struct vmp_run *run);

/* The finding that says that the guest answers nothing that it is given, or NULL. Borrowed until the next is added. */
struct vmp_finding *vmp_rules_silence(struct vmp_run *run);

/* The segment into the guest, or NULL. Borrowed. */
const struct vmp_segment *vmp_rules_last_hop(const struct vmp_run *run);

/* The outermost observed hop towards the network: uplink, or what is nearest to one; -1: none. */
int vmp_rules_edge(const struct vmp_run *run);

/* The fact that an XDP program is attached to this hop: what came in there and was dropped, no capture has seen. NULL: none. */
const struct vmp_path_fact *vmp_rules_xdp(const struct vmp_run *run, int hop);

/* Frames of one direction that the capture at this hop lost: what is missing there may be among them. */
uint64_t vmp_rules_unseen(const struct vmp_run *run, int hop, enum vmp_direction direction);

/* Only the large packets of this segment vanish: the size between is a limit somewhere. */
bool vmp_rules_only_large(const struct vmp_segment *segment);

/* Index of the hop with this role, -1: none. */
int vmp_rules_hop(const struct vmp_run *run, enum vmp_role role);

/* May a tool ask this for ever on purpose, as arping does? Then its repetitions prove nothing by themselves. */
bool vmp_rules_tool_asks(const struct vmp_exchange *exchange);

/* "ICMP echo requests", "TCP connection attempts", ... */
const char *vmp_rules_questions(enum vmp_exchange_kind kind);

#endif
