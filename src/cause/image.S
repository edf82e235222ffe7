/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled BPF program, as data. */
	.section .rodata
	.balign 8
	.globl vmp_drops_image
	.globl vmp_drops_image_end
vmp_drops_image:
	.incbin "src/cause/drops.bpf.o"
vmp_drops_image_end:
	.section .note.GNU-stack, "", %progbits
