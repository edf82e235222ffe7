/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading the program that runs on each drop, and reading what it tells. */
#include "cause/cause.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

#ifdef HAVE_BPF

#include "cause/callers.h"
#include "cause/event.h"
#include "cause/symbols.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* drops.bpf.o, as it was compiled (image.S). */
extern const unsigned char vmp_drops_image[], vmp_drops_image_end[];

#define TRACEPOINT   "btf_trace_kfree_skb"
#define WITH_REASON  "drop_with_reason"
#define NO_REASON    "drop_without_reason"
#define SUBSYSTEMS   0x10000U /* reasons from here on are of parts of the kernel that may be modules */

struct reason {
	uint32_t value;
	char name[48];
};

struct vmp_drop_watch {
	struct bpf_object *object;
	struct bpf_link *link;
	struct ring_buffer *ring;
	const volatile struct vmp_event_counts *counts;
	VMP_VEC(struct reason) reasons;
	FILE *kallsyms;                 /* open since there was privilege: what it shows depends on who opened it */
	struct vmp_symbols *symbols;    /* read when first needed; NULL: not yet */
	int64_t ahead_ns;               /* CLOCK_REALTIME, of CLOCK_MONOTONIC */
	vmp_drop_fn *take;
	void *context;
	int taken;
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	vmp_log(VMP_LOG_DEBUG, "%s", line);
	return 0;
}

/* ---- what the kernel calls things ---------------------------------------------------------------------------------- */

/* "SKB_DROP_REASON_NETFILTER_DROP" is what everybody calls NETFILTER_DROP. */
static const char *short_reason(const char *name)
{
	static const char prefix[] = "SKB_DROP_REASON_";

	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : name;
}

static int add_reasons(struct vmp_drop_watch *watch, const struct btf *btf, const char *enum_name)
{
	int id = btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (uint16_t i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_enum *value = btf_enum(type) + i;
		struct reason *reason = vmp_vec_add(&watch->reasons);

		if (!reason)
			return -ENOMEM;
		reason->value = (uint32_t)value->val;
		snprintf(reason->name, sizeof(reason->name), "%s", short_reason(btf__name_by_offset(btf, value->name_off)));
	}
	return 0;
}

/* Numbers of reasons change with every kernel. Kernel, include/net/dropreason-core.h, net/openvswitch/drop.h. */
static int read_reasons(struct vmp_drop_watch *watch, struct btf *kernel)
{
	struct btf *module;
	int code = add_reasons(watch, kernel, "skb_drop_reason");

	if (code == 0)
		code = add_reasons(watch, kernel, "ovs_drop_reason");
	module = code == 0 ? btf__load_module_btf("openvswitch", kernel) : NULL;
	if (module && libbpf_get_error(module) == 0) {
		code = add_reasons(watch, module, "ovs_drop_reason");
		btf__free(module);
	}
	return code;
}

static const char *reason_name(const struct vmp_drop_watch *watch, uint32_t value, char buf[48])
{
	vmp_vec_foreach (reason, &watch->reasons)
		if (reason->value == value)
			return reason->name;
	if (value == 0 || watch->reasons.n == 0)
		return "";
	snprintf(buf, 48, value >= SUBSYSTEMS ? "0x%x" : "%u", value);
	return buf;
}

/* How many things the tracepoint tells: the packet, the place, and since 5.17 the reason. -1: there is no such tracepoint. */
static int count_arguments(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, TRACEPOINT, BTF_KIND_TYPEDEF);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	while (type && (btf_is_typedef(type) || btf_is_ptr(type)))
		type = btf__type_by_id(btf, type->type);
	/* The first is the tracing's own. */
	return type && btf_is_func_proto(type) ? btf_vlen(type) - 1 : -1;
}

/* ---- loading ------------------------------------------------------------------------------------------------------- */

static void put_ip(const struct vmp_ip *ip, unsigned long long out[2])
{
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};

	if (ip->family == 4)
		memcpy(bytes + 12, ip->b, 4);
	else
		memcpy(bytes, ip->b, 16);
	memcpy(out, bytes, 16);
}

static void fill_filter(const struct vmp_drop_conf *conf, unsigned int netns, struct vmp_event_filter *filter)
{
	memset(filter, 0, sizeof(*filter));
	filter->netns = netns;
	for (size_t i = 0; i < conf->n_macs && filter->n_macs < VMP_EVENT_MACS; i++)
		memcpy(filter->macs[filter->n_macs++], conf->macs[i].b, 6);
	for (size_t i = 0; i < conf->n_ips && filter->n_ips < VMP_EVENT_IPS; i++)
		put_ip(&conf->ips[i], filter->ips[filter->n_ips++]);
}

/* The map of this section, ".rodata" or ".bss": its name begins with that of the object. */
static struct bpf_map *find_section(struct bpf_object *object, const char *section)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map), *dot = strchr(name, '.');

		if (dot && strcmp(dot, section) == 0)
			return map;
	}
	return NULL;
}

static int own_netns(unsigned int *ret_inode, struct vmp_err *err)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st) < 0)
		return vmp_err_set(err, errno, "cause", NULL, "kernel drop events: /proc/self/ns/net: %s", strerror(errno));
	*ret_inode = (unsigned int)st.st_ino;
	return 0;
}

static int refuse(struct vmp_err *err, int code)
{
	if (code == -EPERM || code == -EACCES)
		return vmp_err_set(err, EPERM, "cause", NULL, "this kernel refuses BPF programs to this process (%s): it needs CAP_BPF and "
				   "CAP_PERFMON, and a kernel that is not locked down", strerror(-code));
	return vmp_err_set(err, -code, "cause", NULL, "the BPF program that tells of drops could not be loaded: %s", strerror(-code));
}

static int load(struct vmp_drop_watch *watch, const struct vmp_drop_conf *conf, bool has_reason, unsigned int netns, struct vmp_err *err)
{
	struct vmp_event_filter filter;
	struct bpf_program *program;
	struct bpf_map *map;
	size_t size = 0;
	int code;

	watch->object = bpf_object__open_mem(vmp_drops_image, (size_t)(vmp_drops_image_end - vmp_drops_image), NULL);
	if (!watch->object)
		return refuse(err, -errno);
	map = find_section(watch->object, ".rodata");
	program = bpf_object__find_program_by_name(watch->object, has_reason ? NO_REASON : WITH_REASON);
	fill_filter(conf, netns, &filter);
	if (!map || !program || bpf_map__set_initial_value(map, &filter, sizeof(filter)) < 0)
		return vmp_err_set(err, EINVAL, "cause", NULL, "the BPF program that tells of drops is not what was built");
	bpf_program__set_autoload(program, false);
	code = bpf_object__load(watch->object);
	if (code < 0)
		return refuse(err, code);
	map = find_section(watch->object, ".bss");
	watch->counts = map ? bpf_map__initial_value(map, &size) : NULL;
	program = bpf_object__find_program_by_name(watch->object, has_reason ? WITH_REASON : NO_REASON);
	watch->link = program ? bpf_program__attach(program) : NULL;
	return watch->link ? 0 : refuse(err, -errno);
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static const char *function_at(const struct vmp_drop_watch *watch, uint64_t address)
{
	/* They are addresses to return to, which may be where the next function begins. */
	const char *name = address && watch->symbols ? vmp_symbols_name(watch->symbols, address - 1) : NULL;

	return name ? name : "";
}

static void read_symbols(struct vmp_drop_watch *watch)
{
	if (watch->symbols || !watch->kallsyms)
		return;
	watch->symbols = vmp_symbols_read(watch->kallsyms);
	fclose(watch->kallsyms);
	watch->kallsyms = NULL;
}

static int take_event(void *context, void *data, size_t len)
{
	enum { ETH_BYTES = 14 };
	struct vmp_drop_watch *watch = context;
	struct vmp_event event;
	struct vmp_drop drop = {0};
	uint8_t frame[ETH_BYTES + VMP_EVENT_DATA] = {0};
	const char *names[VMP_EVENT_FRAMES];
	size_t shift;
	char number[48];

	if (len < sizeof(event))
		return 0;
	memcpy(&event, data, sizeof(event));
	read_symbols(watch);
	/* Without Ethernet header it gets one that says nothing but what follows. */
	shift = event.ethertype ? ETH_BYTES : 0;
	memcpy(frame + 12, &event.ethertype, 2);
	drop.cap_len = event.cap_len <= VMP_EVENT_DATA ? event.cap_len : VMP_EVENT_DATA;
	memcpy(frame + shift, event.data, drop.cap_len);
	drop.cap_len += (uint32_t)shift;
	drop.wire_len = event.wire_len + (uint32_t)shift;
	drop.data = frame;
	drop.ts_ns = (uint64_t)((int64_t)event.mono_ns + watch->ahead_ns);
	drop.ifindex = (int)event.ifindex;
	event.device[sizeof(event.device) - 1] = '\0';
	drop.device = event.device;
	drop.reason = reason_name(watch, event.reason, number);
	drop.symbol = function_at(watch, event.location);
	for (size_t i = 0; i < VMP_EVENT_FRAMES; i++)
		names[i] = function_at(watch, event.stack[i]);
	drop.caller = vmp_callers_place(names, VMP_EVENT_FRAMES, drop.symbol);
	watch->take(watch->context, &drop);
	watch->taken++;
	return 0;
}

int vmp_drop_watch_read(struct vmp_drop_watch *watch, vmp_drop_fn *take, void *context)
{
	struct vmp_moment now = vmp_clock_moment();
	int code;

	watch->take = take;
	watch->context = context;
	watch->ahead_ns = (int64_t)(now.real_ns - now.mono_ns);
	watch->taken = 0;
	code = ring_buffer__consume(watch->ring);
	return code < 0 ? code : watch->taken;
}

uint64_t vmp_drop_watch_missed(const struct vmp_drop_watch *watch)
{
	return watch->counts ? watch->counts->full : 0;
}

const char *vmp_drop_watch_source(const struct vmp_drop_watch *watch)
{
	(void)watch;
	return "bpf";
}

/* ---- beginning and end --------------------------------------------------------------------------------------------- */

static int begin(struct vmp_drop_watch *watch, const struct vmp_drop_conf *conf, struct btf *kernel, struct vmp_err *err)
{
	int arguments = count_arguments(kernel), fd, code;
	unsigned int netns = 0;

	if (arguments < 2)
		return vmp_err_set(err, EOPNOTSUPP, "cause", NULL, "this kernel has no tracepoint kfree_skb that BPF could use");
	code = own_netns(&netns, err);
	if (code == 0 && read_reasons(watch, kernel) < 0)
		code = vmp_err_set(err, ENOMEM, "cause", NULL, "out of memory");
	if (code == 0)
		code = load(watch, conf, arguments >= 3, netns, err);
	if (code < 0)
		return code;
	fd = bpf_object__find_map_fd_by_name(watch->object, "events");
	watch->ring = ring_buffer__new(fd, take_event, watch, NULL);
	if (!watch->ring)
		return refuse(err, -errno);
	watch->kallsyms = fopen("/proc/kallsyms", "re");
	return 0;
}

int vmp_drop_watch_begin(const struct vmp_drop_conf *conf, struct vmp_drop_watch **ret_watch, struct vmp_err *err)
{
	struct vmp_drop_watch *watch = calloc(1, sizeof(*watch));
	struct btf *kernel;
	int code;

	if (!watch)
		return vmp_err_set(err, ENOMEM, "cause", NULL, "out of memory");
	libbpf_set_print(quiet);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	kernel = btf__load_vmlinux_btf();
	if (!kernel)
		code = vmp_err_set(err, EOPNOTSUPP, "cause", NULL, "this kernel does not describe its types (BTF, /sys/kernel/btf/vmlinux): %s",
				   strerror(errno));
	else
		code = begin(watch, conf, kernel, err);
	btf__free(kernel);
	if (code < 0) {
		vmp_drop_watch_end(watch);
		return code;
	}
	*ret_watch = watch;
	return 0;
}

void vmp_drop_watch_end(struct vmp_drop_watch *watch)
{
	if (!watch)
		return;
	bpf_link__destroy(watch->link);
	ring_buffer__free(watch->ring);
	bpf_object__close(watch->object);
	if (watch->kallsyms)
		fclose(watch->kallsyms);
	vmp_symbols_free(watch->symbols);
	vmp_vec_free(&watch->reasons);
	free(watch);
}

#else

int vmp_drop_watch_begin(const struct vmp_drop_conf *conf, struct vmp_drop_watch **ret_watch, struct vmp_err *err)
{
	(void)conf;
	(void)ret_watch;
	return vmp_err_set(err, EOPNOTSUPP, "cause", NULL, "this vmpath was built without libbpf");
}

const char *vmp_drop_watch_source(const struct vmp_drop_watch *watch)
{
	(void)watch;
	return "";
}

int vmp_drop_watch_read(struct vmp_drop_watch *watch, vmp_drop_fn *take, void *context)
{
	(void)watch;
	(void)take;
	(void)context;
	return 0;
}

uint64_t vmp_drop_watch_missed(const struct vmp_drop_watch *watch)
{
	(void)watch;
	return 0;
}

void vmp_drop_watch_end(struct vmp_drop_watch *watch)
{
	(void)watch;
}

#endif

int vmp_drop_watch_probe(struct vmp_err *err)
{
	struct vmp_drop_conf nobody = {0};
	struct vmp_drop_watch *watch;
	int code = vmp_drop_watch_begin(&nobody, &watch, err);

	if (code == 0)
		vmp_drop_watch_end(watch);
	return code;
}
