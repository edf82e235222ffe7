/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace of the test's own, with taps in it. */
#ifndef TESTS_UNIT_CAPTURE_NET_H
#define TESTS_UNIT_CAPTURE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEST_ETHERTYPE 0x88b5   /* local experimental (IEEE 802) */

struct tap {
	char name[16];
	int ifindex;
	int fd;         /* the guest's side: what is written here, the device receives */
	int sock;       /* the host's side: what is sent here, the device transmits */
};

/* Enter a namespace without IPv6 noise. False, having said so, when this needs rights that the test lacks. */
bool net_enter(void);

/* Whether net_enter() worked; says what is not exercised when not. */
bool net_ready(const char *what);

struct tap tap_make(const char *name);
void tap_end(struct tap *tap);

/* Take the device down, and up again. */
void tap_down(const struct tap *tap);
void tap_up(const struct tap *tap);

/* Make a frame from one fixed station to another with a sequence number. vlan 0: no tag. Returns its length. */
size_t frame_make(uint8_t *frame, size_t len, unsigned int vlan, uint32_t number);

/* The sequence number of a frame. */
uint32_t frame_number(const uint8_t *frame, bool tagged);

/* Transmitted (OUT), or received (IN) by the device. */
void tap_send_out(const struct tap *tap, const uint8_t *frame, size_t len);
void tap_send_in(const struct tap *tap, const uint8_t *frame, size_t len);

#endif
