/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host and a guest described in a few words, and a path told back in a few. */
#ifndef VMP_TESTS_PATH_WORLD_H
#define VMP_TESTS_PATH_WORLD_H

#include "path/path.h"

/*
 * A host, one item per line (lines may be separated by ';' too):
 *
 *   NAME KIND [WORD ...]     a link. Words: in=MASTER on=LOWER peer=OTHER outside mtu=N mac=M down nocarrier xdp
 *                            state=STATE isolated locked noflood nobcast nomcast filtering nf vid=N pvid=N tagged
 *                            mode=N active=NAME
 *   fdb PORT MAC [local|static|own] [vlan=N]
 *   address LINK IP/LEN
 *   route DST/LEN dev LINK [metric=N] [table=N]
 *   set [forward] [torn=links|fdb|routes]
 *
 * Ports of a bridge forward unless told otherwise. Indexes count from 1 in the order of the lines.
 */
struct vmp_host world_host(const char *text);

/*
 * A guest "web01" with one NIC per line: TYPE [target=T] [bridge=B] [source=S] [mac=M] [mtu=N] [vport=V] [ip=A] [down] [why=WORD]
 * Word `off` alone on a line: the guest is shut off. Without mac= a NIC has 52:54:00:00:00:01.
 */
struct vmp_guest world_guest(const char *text);

/*
 * "0 network, 1 eth0 veth uplink in, 1 br0 bridge switch partly, 2 tap0 tap backend out, 3 guest": rank, name, kind, role,
 * direction of frames to the guest where a capture is made (else what is observed), "tag=N", "inactive", "owner=G".
 */
char *world_hops(const struct vmp_path *path);

/* "no-master@tap0, bridge-nf-on@br0": code and hop of each fact, in their order. */
char *world_facts(const struct vmp_path *path);

#endif
