/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions and the answers they deserve, judged at the backend and at the edge of the host. */
#ifndef VMP_MODEL_EXCHANGE_H
#define VMP_MODEL_EXCHANGE_H

#include "base/addr.h"
#include "base/vec.h"
#include "model/direction.h"

#include <stdbool.h>
#include <stdint.h>

enum vmp_exchange_kind { VMP_EXCHANGE_ARP, VMP_EXCHANGE_ND, VMP_EXCHANGE_ICMP_ECHO, VMP_EXCHANGE_TCP_HANDSHAKE, VMP_EXCHANGE_KINDS };

/*
 * All questions of one kind in one direction (direction: the question's; to_guest asks the guest).
 *
 * A question's far end is where it is answered, as far as this host can see: the backend for to_guest, for from_guest the
 * hop where it leaves this host. Repeated ARP and ND requests count each, a retransmitted SYN once.
 */
struct vmp_exchange {
	enum vmp_exchange_kind kind;
	enum vmp_direction direction;
	uint64_t asked;                 /* seen at either end */
	uint64_t reached;               /* of these seen at the far end: only they can be answered */
	uint64_t answered;              /* an answer was seen at the far end */
	uint64_t refused;               /* of the answered: RST or an ICMP error (a no is an answer) */
	uint64_t pending;               /* asked too near the end of the run to judge; not in asked */
	uint64_t asked_again;           /* the asker repeated its question after the answer had left towards it:
					   to_guest: the answer had left the host; from_guest: the answer had reached the backend */
	uint64_t answers_refused;       /* the asker repeated its question, having refused the answer that it had got */
	uint64_t answers_lost_inside;   /* answered at the far end, answer not seen at the near end of this host */
	struct vmp_ip asker, asked_of;  /* the pair with most unanswered or repeated questions; family 0: none */
	uint64_t first_ns, last_ns;     /* of the questions */
};

typedef VMP_VEC(struct vmp_exchange) vmp_exchanges;

/* "arp", "nd", "icmp-echo", "tcp-handshake". */
const char *vmp_exchange_kind_name(enum vmp_exchange_kind kind);

#endif
