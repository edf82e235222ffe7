/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain XML in, guest out: tests/data/domain/NAME.xml must give NAME.guest. With VMP_REGENERATE set in the environment
 * the .guest files are written anew instead; read the difference before committing it.
 */
#include "base/str.h"
#include "domain/xml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const good[] = {
	"bridge", "network", "direct", "ovs", "limits", "no-device", "ethernet", "xen", "shutoff", "no-interface",
	"no-target", "no-mac", "bad-target", "strange-text",
};

static const struct broken {
	const char *name, *says;
	int code;
} broken[] = {
	{"broken-not-xml", "not XML, line 1", EINVAL},
	{"broken-truncated", "not XML, line", EINVAL},
	{"broken-empty", "it is empty", EINVAL},
	{"broken-network", "found <network> where <domain> was expected: a virtual network", EINVAL},
	{"broken-domstatus", "found <domstatus>", EINVAL},
	{"broken-snapshot", "found <domainsnapshot>", EINVAL},
	{"broken-namespace", "found <domain> where", EINVAL},
	{"broken-entities", "document type declaration", EINVAL},
	{"broken-external", "document type declaration", EINVAL},
	{"broken-external-dtd", "document type declaration", EINVAL},
	{"broken-undefined-entity", "not XML, line 1", EINVAL},
	{"broken-no-name", "has no <name>", EINVAL},
	{"broken-control", "not XML, line 1", EINVAL},
	{"broken-utf8", "not XML, line 1", EINVAL},
};

static void dump_string(struct vmp_buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	vmp_buf_printf(out, "  %s \"", name);
	vmp_buf_escape(out, value);
	vmp_buf_printf(out, "\"\n");
}

static void dump_number(struct vmp_buf *out, const char *name, bool has, uint32_t value)
{
	if (has)
		vmp_buf_printf(out, "  %s %u\n", name, value);
}

static void dump_nic(struct vmp_buf *out, const struct vmp_nic *nic)
{
	static const char *const sources[] = {"operator", "filter", "xml", "lease", "neighbour", "capture"};
	static const char *const tristates[] = {NULL, "no", "yes"};
	char mac[VMP_MAC_STRLEN], ip[VMP_IP_STRLEN];

	vmp_buf_printf(out, "nic %d %s\n", (int)nic->type, nic->has_mac ? vmp_mac_format(&nic->mac, mac) : "-");
	dump_string(out, "type", nic->type_name);
	dump_string(out, "model", nic->model);
	dump_string(out, "source", nic->source);
	dump_string(out, "network", nic->network);
	dump_string(out, "bridge", nic->bridge);
	dump_string(out, "mode", nic->source_mode);
	dump_string(out, "virtualport", nic->virtualport);
	dump_string(out, "target", nic->target);
	dump_string(out, "alias", nic->alias);
	dump_string(out, "driver", nic->driver);
	dump_string(out, "filter", nic->filter);
	dump_string(out, "backend-domain", nic->backend_domain);
	dump_string(out, "link-up", tristates[nic->link_up]);
	dump_string(out, "isolated", tristates[nic->isolated]);
	dump_number(out, "mtu", nic->has_mtu, nic->mtu);
	dump_number(out, "queues", nic->has_queues, nic->queues);
	dump_number(out, "vlan", nic->has_vlan, nic->vlan);
	dump_string(out, "bandwidth", nic->has_bandwidth ? "yes" : NULL);
	vmp_vec_foreach (address, &nic->addresses)
		vmp_buf_printf(out, "  address %s %s\n", vmp_ip_format(&address->ip, ip), sources[address->source]);
	dump_string(out, "why", nic->why_no_backend);
}

static char *dump_guest(const struct vmp_guest *guest)
{
	struct vmp_buf out = {0};

	vmp_buf_printf(&out, "guest %s\n", vmp_guest_state_name(guest->state));
	dump_string(&out, "name", guest->name);
	dump_string(&out, "uuid", guest->uuid);
	dump_string(&out, "hypervisor", guest->hypervisor);
	dump_number(&out, "id", guest->has_id, (uint32_t)guest->id);
	vmp_vec_foreach (nic, &guest->nics)
		dump_nic(&out, nic);
	return vmp_buf_take(&out);
}

static char *read_text(const char *path)
{
	struct vmp_buf text = {0};
	char block[4096];
	FILE *file = fopen(path, "r");
	size_t got;

	while (file && (got = fread(block, 1, sizeof(block), file)) > 0)
		vmp_buf_add(&text, block, got);
	if (file)
		fclose(file);
	return vmp_buf_take(&text);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* One of `good`: initial state is its name. */
static void gives_the_guest(void **state)
{
	const char *name = *state;
	char xml[512], expected_path[512], *dump, *expected;
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};

	snprintf(xml, sizeof(xml), TEST_DATA "/domain/%s.xml", name);
	snprintf(expected_path, sizeof(expected_path), TEST_DATA "/domain/%s.guest", name);
	assert_int_equal(vmp_domain_xml_read(xml, &guest, NULL, &err), 0);
	vmp_vec_foreach (nic, &guest.nics)
		assert_int_equal(nic->target != NULL, nic->why_no_backend == NULL);
	dump = dump_guest(&guest);
	vmp_guest_clear(&guest);
	if (getenv("VMP_REGENERATE"))
		write_text(expected_path, dump);
	expected = read_text(expected_path);
	assert_string_equal(dump, expected);
	free(dump);
	free(expected);
}

/* One of `broken`: initial state is its row. */
static void says_what_is_wrong(void **state)
{
	const struct broken *row = *state;
	char xml[512];
	struct vmp_guest guest = {.name = (char *)(uintptr_t)1};
	struct vmp_err err = {0};

	snprintf(xml, sizeof(xml), TEST_DATA "/domain/%s.xml", row->name);
	assert_int_equal(vmp_domain_xml_read(xml, &guest, NULL, &err), -row->code);
	assert_int_equal(err.code, row->code);
	if (!strstr(err.message, row->says))
		fail_msg("\"%s\" is not in: %s", row->says, err.message);
	assert_non_null(strstr(err.message, xml));
	assert_null(strchr(err.message, '\n'));
	/* outputs are set on success only */
	assert_ptr_equal(guest.name, (void *)(uintptr_t)1);
}

static void parse_text(struct vmp_buf *text, int code, const char *says)
{
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};

	assert_false(text->oom);
	assert_int_equal(vmp_domain_xml_parse(text->s, text->len, &guest, &err), -code);
	if (says && !strstr(err.message, says))
		fail_msg("\"%s\" is not in: %s", says, err.message);
	vmp_guest_clear(&guest);
	vmp_buf_clear(text);
}

static void add_repeated(struct vmp_buf *text, const char *piece, size_t times)
{
	size_t len = strlen(piece);

	while (times--)
		vmp_buf_add(text, piece, len);
}

static void refuses_a_huge_document(void **state)
{
	struct vmp_buf text = {0};

	(void)state;
	vmp_buf_printf(&text, "<domain type='kvm'><name>x</name><!--");
	add_repeated(&text, "0123456789abcdef", VMP_DOMAIN_XML_MAX / 16);
	vmp_buf_printf(&text, "--></domain>");
	parse_text(&text, EFBIG, "larger than");
}

static void reads_a_document_just_small_enough(void **state)
{
	struct vmp_buf text = {0};
	size_t end = strlen("--></domain>");

	(void)state;
	vmp_buf_printf(&text, "<domain type='kvm'><name>x</name><!--");
	add_repeated(&text, "x", VMP_DOMAIN_XML_MAX - text.len - end);
	vmp_buf_printf(&text, "--></domain>");
	assert_int_equal(text.len, VMP_DOMAIN_XML_MAX);
	parse_text(&text, 0, NULL);
}

static void nics_document(struct vmp_buf *text, size_t nics)
{
	vmp_buf_printf(text, "<domain type='kvm'><name>x</name><devices>");
	add_repeated(text, "<interface type='bridge'><target dev='t'/></interface>", nics);
	vmp_buf_printf(text, "</devices></domain>");
}

static void bounds_the_interfaces(void **state)
{
	struct vmp_buf text = {0};

	(void)state;
	nics_document(&text, 1024);
	parse_text(&text, 0, NULL);
	nics_document(&text, 1025);
	parse_text(&text, EINVAL, "more than 1024 interfaces");
}

static void bounds_the_strings(void **state)
{
	struct vmp_buf text = {0};

	(void)state;
	vmp_buf_printf(&text, "<domain type='kvm'><name>");
	add_repeated(&text, "n", 1024);
	vmp_buf_printf(&text, "</name></domain>");
	parse_text(&text, 0, NULL);
	vmp_buf_printf(&text, "<domain type='kvm'><name>");
	add_repeated(&text, "n", 1025);
	vmp_buf_printf(&text, "</name></domain>");
	parse_text(&text, EINVAL, "\"name\" is longer than 1024 bytes");
	vmp_buf_printf(&text, "<domain type='kvm'><name>x</name><devices><interface type='bridge'><source bridge='");
	add_repeated(&text, "b", 100000);
	vmp_buf_printf(&text, "'/></interface></devices></domain>");
	parse_text(&text, EINVAL, "\"bridge\" is longer than");
}

static void refuses_deep_nesting(void **state)
{
	struct vmp_buf text = {0};

	(void)state;
	vmp_buf_printf(&text, "<domain type='kvm'><name>x</name>");
	add_repeated(&text, "<a>", 100000);
	parse_text(&text, EINVAL, "not XML");
}

static void takes_several_devices_elements(void **state)
{
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	static const char xml[] = "<domain type='kvm'><name>x</name><devices><interface type='bridge'><target dev='a'/></interface>"
				  "</devices><interface type='bridge'><target dev='decoy'/></interface>"
				  "<devices><interface type='bridge'><target dev='b'/></interface></devices></domain>";

	(void)state;
	assert_int_equal(vmp_domain_xml_parse(xml, strlen(xml), &guest, &err), 0);
	assert_int_equal(guest.nics.n, 2);
	assert_string_equal(guest.nics.v[0].target, "a");
	assert_string_equal(guest.nics.v[1].target, "b");
	vmp_guest_clear(&guest);
}

static void bytes_after_nul_are_no_xml(void **state)
{
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	static const char xml[] = "<domain type='kvm'><name>x</name></domain>\0<domain/>";

	(void)state;
	assert_int_equal(vmp_domain_xml_parse(xml, sizeof(xml) - 1, &guest, &err), -EINVAL);
	assert_int_equal(vmp_domain_xml_parse("", 0, &guest, &err), -EINVAL);
}

static void gives_the_text_back(void **state)
{
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	char *xml = NULL, *text = read_text(TEST_DATA "/domain/bridge.xml");

	(void)state;
	assert_int_equal(vmp_domain_xml_read(TEST_DATA "/domain/bridge.xml", &guest, &xml, &err), 0);
	assert_string_equal(xml, text);
	vmp_guest_clear(&guest);
	free(xml);
	free(text);
}

static void says_which_file_cannot_be_read(void **state)
{
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};

	(void)state;
	assert_int_equal(vmp_domain_xml_read(TEST_DATA "/domain/absent.xml", &guest, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.message, "absent.xml: No such file"));
	assert_int_equal(vmp_domain_xml_read(TEST_DATA "/domain", &guest, NULL, &err), -EISDIR);
	assert_int_equal(vmp_domain_xml_read("-", &guest, NULL, &err), -ENOENT);
	assert_int_equal(vmp_domain_xml_read("/dev/zero", &guest, NULL, &err), -EFBIG);
	assert_int_equal(vmp_domain_xml_read("/dev/null", &guest, NULL, NULL), -EINVAL);
}

static void reads_a_pipe(void **state)
{
	static const char xml[] = "<domain type='kvm'><name>piped</name></domain>\n";
	struct vmp_guest guest = {0};
	struct vmp_err err = {0};
	char path[32];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], xml, strlen(xml)), strlen(xml));
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	assert_int_equal(vmp_domain_xml_read(path, &guest, NULL, &err), 0);
	assert_string_equal(guest.name, "piped");
	vmp_guest_clear(&guest);
	close(ends[0]);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(refuses_a_huge_document),
	cmocka_unit_test(reads_a_document_just_small_enough),
	cmocka_unit_test(bounds_the_interfaces),
	cmocka_unit_test(bounds_the_strings),
	cmocka_unit_test(refuses_deep_nesting),
	cmocka_unit_test(takes_several_devices_elements),
	cmocka_unit_test(bytes_after_nul_are_no_xml),
	cmocka_unit_test(gives_the_text_back),
	cmocka_unit_test(says_which_file_cannot_be_read),
	cmocka_unit_test(reads_a_pipe),
};

enum {
	GOOD = sizeof(good) / sizeof(*good),
	BROKEN = sizeof(broken) / sizeof(*broken),
	OTHERS = sizeof(others) / sizeof(*others),
};

int main(void)
{
	struct CMUnitTest tests[GOOD + BROKEN + OTHERS] = {0};
	size_t n = 0;

	for (size_t i = 0; i < GOOD; i++)
		tests[n++] = (struct CMUnitTest){.name = good[i], .test_func = gives_the_guest,
						 .initial_state = (void *)(uintptr_t)good[i]};
	for (size_t i = 0; i < BROKEN; i++)
		tests[n++] = (struct CMUnitTest){.name = broken[i].name, .test_func = says_what_is_wrong,
						 .initial_state = (void *)(uintptr_t)&broken[i]};
	memcpy(tests + n, others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
