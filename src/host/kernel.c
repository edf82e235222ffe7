/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/kernel.h"

#include "base/str.h"
#include "host/attr.h"
#include "host/host.h"
#include "host/reader.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { REASONS_MAJOR = 5, REASONS_MINOR = 17 }; /* enum skb_drop_reason, include/net/dropreason.h */

static char *path_below(const char *root, const char *path)
{
	return vmp_str_printf("%s%s", root, path);
}

static int can_read(const char *root, const char *path)
{
	char *whole = path_below(root, path);
	int code = whole ? (access(whole, R_OK) == 0 ? 0 : -errno) : -ENOMEM;

	free(whole);
	return code;
}

/* The first bytes of a file as text, without its last line end. Returns whether there are any. */
static bool read_start(const char *root, const char *path, char *buf, size_t len)
{
	char *whole = path_below(root, path);
	FILE *file = whole ? fopen(whole, "re") : NULL;
	size_t n = file ? fread(buf, 1, len - 1, file) : 0;

	if (file)
		fclose(file);
	free(whole);
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n > 0;
}

static void look_at_release(const char *release, struct vmp_probe *probe)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		vmp_probe_set(probe, VMP_UNKNOWN, "%s", release);
	else
		vmp_probe_set(probe, major > REASONS_MAJOR || (major == REASONS_MAJOR && minor >= REASONS_MINOR) ? VMP_YES : VMP_NO, "%s",
			      release);
}

static void look_for_btf(const char *root, struct vmp_probe *probe)
{
	int code = can_read(root, "/sys/kernel/btf/vmlinux");

	vmp_probe_set(probe, code == 0 ? VMP_YES : code == -ENOENT ? VMP_NO : VMP_UNKNOWN, "/sys/kernel/btf/vmlinux%s%s",
		      code ? ": " : "", code ? strerror(-code) : "");
}

/* ---- tracefs ------------------------------------------------------------------------------------------------------- */

/* Where tracefs is mounted; looking into debugfs would mount it there, which is a change. */
static bool find_tracefs(const char *root, char *buf, size_t len)
{
	char *path = path_below(root, "/proc/self/mounts"), line[512];
	FILE *file = path ? fopen(path, "re") : NULL;
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		char where[256], type[32];

		found = sscanf(line, "%*s %255s %31s", where, type) == 2 && strcmp(type, "tracefs") == 0;
		if (found)
			snprintf(buf, len, "%s", where);
	}
	if (file)
		fclose(file);
	free(path);
	return found;
}

static void look_for_tracepoint(const char *root, struct vmp_probe *probe)
{
	char where[256], format[4096];
	char *path;
	int code;

	if (!find_tracefs(root, where, sizeof(where))) {
		vmp_probe_set(probe, VMP_NO, "no tracefs is mounted");
		return;
	}
	path = vmp_str_printf("%s/events/skb/kfree_skb/format", where);
	code = path ? can_read(root, path) : -ENOMEM;
	if (code < 0)
		vmp_probe_set(probe, code == -ENOENT ? VMP_NO : VMP_UNKNOWN, "%s: %s", path ? path : where, strerror(-code));
	else
		vmp_probe_set(probe, VMP_YES, "%s, %s", where,
			      read_start(root, path, format, sizeof(format)) && strstr(format, " reason;") ? "with reasons" : "without reasons");
	free(path);
}

/* ---- how it was built ---------------------------------------------------------------------------------------------- */

/* What of the kernel matters here, and may be left out. */
static const char *const options[] = {"BPF_SYSCALL",    "DEBUG_INFO_BTF", "NET_DROP_MONITOR", "BRIDGE_NETFILTER",
				      "NF_CONNTRACK",   "NF_TABLES",      "SECCOMP_FILTER",   "TUN"};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void take_option(const char *line, char built[OPTIONS])
{
	for (int i = 0; i < OPTIONS; i++) {
		size_t len = strlen(options[i]);

		if (strncmp(line, "CONFIG_", 7) == 0 && strncmp(line + 7, options[i], len) == 0 && line[7 + len] == '=')
			built[i] = line[8 + len];
	}
}

static bool read_config(const char *root, const char *path, char built[OPTIONS])
{
	char *whole = path_below(root, path), line[512];
	gzFile file = whole ? gzopen(whole, "re") : NULL;
	bool any = false;

	while (file && gzgets(file, line, sizeof(line))) {
		take_option(line, built);
		any = true;
	}
	if (file)
		gzclose(file);
	free(whole);
	return any;
}

static void look_at_config(const char *root, const char *release, struct vmp_probe *probe)
{
	char *boot = vmp_str_printf("/boot/config-%s", release), built[OPTIONS] = "";
	struct vmp_buf text = {0};

	if (!read_config(root, "/proc/config.gz", built) && !(boot && read_config(root, boot, built))) {
		vmp_probe_set(probe, VMP_UNKNOWN, "neither /proc/config.gz nor %s can be read", boot ? boot : "/boot/config");
	} else {
		for (int i = 0; i < OPTIONS; i++)
			if (built[i] != 'y')
				vmp_buf_printf(&text, "%s%s %s", text.len ? ", " : "", options[i], built[i] == 'm' ? "as a module" : "not built");
		vmp_probe_set(probe, VMP_YES, "%s", text.len ? text.s : "all that matters here is built in");
	}
	vmp_buf_clear(&text);
	free(boot);
}

/* ---- all that files tell -------------------------------------------------------------------------------------------- */

static void look_for_conntrack(const char *root, struct vmp_probe *probe)
{
	char count[32], most[32];

	if (!read_start(root, "/proc/sys/net/netfilter/nf_conntrack_count", count, sizeof(count)))
		vmp_probe_set(probe, VMP_YES, "not in use: no connection is tracked in this network namespace");
	else if (read_start(root, "/proc/sys/net/netfilter/nf_conntrack_max", most, sizeof(most)))
		vmp_probe_set(probe, VMP_YES, "%s connections of at most %s", count, most);
	else
		vmp_probe_set(probe, VMP_YES, "%s connections", count);
}

static void look_for_seccomp(const char *root, struct vmp_probe *probe)
{
	char actions[256];
	bool there = read_start(root, "/proc/sys/kernel/seccomp/actions_avail", actions, sizeof(actions));

	vmp_probe_set(probe, there ? VMP_YES : VMP_NO, there ? "the kernel can" : "the kernel cannot");
}

void vmp_kernel_read(const char *root, const char *release, struct vmp_probe probes[VMP_SIGHTS])
{
	look_at_release(release, &probes[VMP_SIGHT_KERNEL]);
	look_for_btf(root, &probes[VMP_SIGHT_BTF]);
	look_for_tracepoint(root, &probes[VMP_SIGHT_TRACEPOINT]);
	look_for_conntrack(root, &probes[VMP_SIGHT_CONNTRACK]);
	look_for_seccomp(root, &probes[VMP_SIGHT_SECCOMP]);
	look_at_config(root, release, &probes[VMP_SIGHT_CONFIG]);
}

/* ---- what sockets tell ---------------------------------------------------------------------------------------------- */

static void ask_netlink(struct vmp_probe probes[VMP_SIGHTS])
{
	struct vmp_host_reader *reader = NULL;
	struct vmp_host host = {0};
	struct vmp_err err = {0};
	size_t bridges = 0, filtered = 0;
	int code = vmp_host_open(&reader, &err);

	if (code == 0)
		code = vmp_host_read(reader, &host, &err);
	vmp_host_close(reader);
	if (code < 0) {
		vmp_probe_set(&probes[VMP_SIGHT_NETLINK], VMP_NO, "%s", err.message);
		vmp_probe_set(&probes[VMP_SIGHT_BRIDGE_NETFILTER], VMP_UNKNOWN, "not known");
		return;
	}
	vmp_vec_foreach (link, &host.links) {
		bridges += link->kind == VMP_LINK_BRIDGE;
		filtered += link->kind == VMP_LINK_BRIDGE && (link->nf_call_iptables || link->nf_call_ip6tables);
	}
	vmp_probe_set(&probes[VMP_SIGHT_NETLINK], VMP_YES, "%zu device%s, bridges among them: %zu", host.links.n,
		      host.links.n == 1 ? "" : "s", bridges);
	vmp_probe_set(&probes[VMP_SIGHT_BRIDGE_NETFILTER], filtered ? VMP_YES : VMP_NO, "at %zu of %zu bridges", filtered, bridges);
	vmp_host_clear(&host);
}

static int take_family(const struct nlmsghdr *msg, void *arg)
{
	struct nlattr *attrs[CTRL_ATTR_MAX + 1];

	char name[GENL_NAMSIZ] = "";

	if (nla_parse(attrs, CTRL_ATTR_MAX, nlmsg_attrdata(msg, GENL_HDRLEN), nlmsg_attrlen(msg, GENL_HDRLEN), NULL) == 0)
		attr_text(attrs[CTRL_ATTR_FAMILY_NAME], name, sizeof(name));
	if (strcmp(name, "NET_DM") == 0)
		*(bool *)arg = true;
	return 0;
}

/* All families are listed, since asking for one by its name loads the module that has it. */
static void ask_drop_monitor(struct vmp_probe *probe)
{
	struct genlmsghdr header = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	struct vmp_host_question question = {.type = GENL_ID_CTRL, .header = &header, .header_len = sizeof(header), .dump = true};
	struct vmp_host_reader *reader = NULL;
	bool found = false;
	int code = vmp_host_open_family(NETLINK_GENERIC, &reader);

	if (code == 0)
		code = vmp_host_ask(reader, &question, take_family, &found, NULL);
	vmp_host_close(reader);
	if (code < 0)
		vmp_probe_set(probe, VMP_UNKNOWN, "%s", strerror(-code));
	else
		vmp_probe_set(probe, found ? VMP_YES : VMP_NO, found ? "there" : "not in this kernel, not loaded, or not in this network namespace");
}

static void ask_ethtool(struct vmp_probe *probe)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), code = fd < 0 ? errno : 0;

	request.ifr_data = (char *)&info;
	if (fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) < 0)
		code = errno;
	if (fd >= 0)
		close(fd);
	if (code == 0 || code == EOPNOTSUPP)
		vmp_probe_set(probe, VMP_YES, "answers");
	else
		vmp_probe_set(probe, VMP_NO, "%s", strerror(code));
}

void vmp_kernel_ask(struct vmp_probe probes[VMP_SIGHTS])
{
	ask_netlink(probes);
	ask_drop_monitor(&probes[VMP_SIGHT_DROP_MONITOR]);
	ask_ethtool(&probes[VMP_SIGHT_ETHTOOL]);
}
