/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's errors -> errno and a line that says what to do. */
#include "domain/connection.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <string.h>

static const struct {
	int libvirt, code;
	const char *hint;       /* what the operator can do, NULL: nothing known */
} meanings[] = {
	{VIR_ERR_NO_DOMAIN, ENOENT, "the guest is gone"},
	{VIR_ERR_NO_NETWORK, ENOENT, NULL},
	{VIR_ERR_NO_MEMORY, ENOMEM, NULL},
	{VIR_ERR_NO_SUPPORT, EOPNOTSUPP, NULL},
	{VIR_ERR_NO_CONNECT, ECONNREFUSED, "check the URI: qemu:///system, xen:///system, lxc:///system, test:///FILE"},
	{VIR_ERR_INVALID_CONN, ECONNRESET, "libvirt's daemon went away; run the command again"},
	{VIR_ERR_RPC, ECONNRESET, "libvirt's daemon went away; run the command again"},
	{VIR_ERR_AUTH_FAILED, EACCES, "run as root, or as a member of the group libvirt"},
	{VIR_ERR_AUTH_CANCELLED, EACCES, "run as root, or as a member of the group libvirt"},
	{VIR_ERR_AUTH_UNAVAILABLE, EACCES, "run as root, or as a member of the group libvirt"},
	{VIR_ERR_ACCESS_DENIED, EACCES, "run as root, or as a member of the group libvirt"},
	{VIR_ERR_OPERATION_DENIED, EACCES, "run as root, or as a member of the group libvirt"},
	{VIR_ERR_OPERATION_TIMEOUT, ETIMEDOUT, "libvirt is busy; run the command again"},
	{VIR_ERR_SYSTEM_ERROR, 0, NULL}, /* has an errno of its own */
	{VIR_ERR_INVALID_ARG, EINVAL, NULL},
	{VIR_ERR_XML_ERROR, EINVAL, NULL},
};

int vmp_libvirt_error(struct vmp_err *err, const char *object, const char *doing, const char *hint)
{
	const virError *error = virGetLastError();
	const char *text = error && error->message ? error->message : "libvirt does not say why";
	int code = EIO;

	for (size_t i = 0; error && i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (meanings[i].libvirt != error->code)
			continue;
		code = meanings[i].code ? meanings[i].code : error->int1 > 0 ? error->int1 : EIO;
		hint = meanings[i].hint ? meanings[i].hint : hint;
	}
	return vmp_err_set(err, code, "domain", object, "%s: %.*s%s%s", doing, (int)strcspn(text, "\n"), text,
			   hint ? "; " : "", hint ? hint : "");
}

bool vmp_libvirt_is_absent(void)
{
	const virError *error = virGetLastError();

	return error && (error->code == VIR_ERR_NO_DOMAIN || error->code == VIR_ERR_NO_NETWORK ||
			 error->code == VIR_ERR_INVALID_ARG);
}
