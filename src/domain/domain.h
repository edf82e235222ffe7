/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt, read-only but where an agent or a monitor is asked: which guests there are, their domain XML, leases and networks. */
#ifndef VMP_DOMAIN_DOMAIN_H
#define VMP_DOMAIN_DOMAIN_H

#include "base/err.h"
#include "base/vec.h"
#include "model/guest.h"

#include <stdbool.h>

struct vmp_domain;              /* an open connection */

typedef VMP_VEC(struct vmp_guest) vmp_guests;

/* How a libvirt network leaves the host: <forward mode=>. */
enum vmp_forward { VMP_FORWARD_UNKNOWN, VMP_FORWARD_NONE, VMP_FORWARD_NAT, VMP_FORWARD_ROUTE, VMP_FORWARD_OPEN,
		   VMP_FORWARD_BRIDGE, VMP_FORWARD_OTHER };

/*
 * Open a read-only connection. uri: NULL for libvirt's own default. Blocks until libvirt answers.
 * Errors: ECONNREFUSED (libvirt not reachable), EXDEV (the URI is of another host: frames would be captured here, the
 * wrong place). Caller closes *ret_domain with vmp_domain_close().
 */
int vmp_domain_open(const char *uri, struct vmp_domain **ret_domain, struct vmp_err *err);

/* The same with the right to change things, which asking an agent or a monitor takes. For a process that parses no packets. */
int vmp_domain_open_writable(const char *uri, struct vmp_domain **ret_domain, struct vmp_err *err);

/*
 * Ask the guest's agent. libvirt marks the guest with "custom-ga-command" until it is stopped. uuid, command: borrowed, no quotes in them;
 * seconds: for how long the agent may show that it is there, and again for its answer. ret_text: the answer as it came, written by the guest;
 * caller frees. Blocks. Errors: what libvirt says; no agent, one that does not answer, a command it does not know.
 */
int vmp_domain_ask_agent(struct vmp_domain *domain, const char *uuid, const char *command, unsigned int seconds, char **ret_text,
			 struct vmp_err *err);

/*
 * Ask QEMU's monitor. libvirt marks the guest with "custom-monitor" until it is stopped. arguments: members of a JSON object, borrowed.
 * Blocks for as long as QEMU does not answer, which may be for ever. Likewise; what QEMU refuses is an answer.
 */
int vmp_domain_ask_monitor(struct vmp_domain *domain, const char *uuid, const char *command, const char *arguments, char **ret_text,
			   struct vmp_err *err);

/* Close; NULL is allowed. */
void vmp_domain_close(struct vmp_domain *domain);

/* The URI libvirt says it is connected to. Borrowed until close. */
const char *vmp_domain_uri(const struct vmp_domain *domain);

/*
 * Find a guest by name, then UUID, then (digits only) id; parse its live XML; add addresses from DHCP leases.
 * ret_guest: caller clears. ret_xml: the XML as libvirt gave it, caller frees; may be NULL.
 * Errors: ENOENT (no such guest; the message names near ones).
 */
int vmp_domain_find(struct vmp_domain *domain, const char *name, struct vmp_guest *ret_guest, char **ret_xml,
		    struct vmp_err *err);

/* All guests, running or not, sorted by name, with addresses from leases. Caller clears each and frees the list. */
int vmp_domain_list(struct vmp_domain *domain, vmp_guests *ret_guests, struct vmp_err *err);

/* State, its reason, and the job of a guest now, into the guest, which has a UUID. ENOENT when it is gone: nothing is changed then. */
int vmp_domain_state(struct vmp_domain *domain, struct vmp_guest *guest, struct vmp_err *err);

/* How the libvirt network `name` leaves the host. ENOENT when there is none. */
int vmp_domain_network_forward(struct vmp_domain *domain, const char *name, enum vmp_forward *ret_forward,
			       struct vmp_err *err);

#endif
