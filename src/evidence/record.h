/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as JSON and back: one table of members serves both ways. Internal to this folder.
 *
 * Every member is written always and must be there to be read, but for those that came later than the schema: a file of an older
 * version lacks them, and what it did not know stays zero, that is, not known. What is
 * read may come from anybody: types, ranges, lengths and depths are checked, and the error names the member.
 */
#ifndef VMP_EVIDENCE_RECORD_H
#define VMP_EVIDENCE_RECORD_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmp_member_type {
	VMP_MEMBER_BOOL,
	VMP_MEMBER_U8,
	VMP_MEMBER_U16,
	VMP_MEMBER_U32,
	VMP_MEMBER_U64,
	VMP_MEMBER_SIZE,        /* size_t */
	VMP_MEMBER_INT,         /* may be negative */
	VMP_MEMBER_ENUM,        /* of the size of an int; `most` is its largest value */
	VMP_MEMBER_STRING,      /* char *, owned; null for NULL */
	VMP_MEMBER_CHARS,       /* char[size] in place */
	VMP_MEMBER_MAC,
	VMP_MEMBER_IP,          /* null for family 0 */
	VMP_MEMBER_RECORD,      /* in place */
	VMP_MEMBER_LIST,        /* VMP_VEC of records of `size` bytes, at most `most` */
	VMP_MEMBER_STRINGS,     /* VMP_VEC(char *), at most `most` */
};

struct vmp_record;

struct vmp_member {
	const char *name;
	enum vmp_member_type type;
	size_t offset, size;
	uint32_t most;
	const struct vmp_record *record; /* of RECORD and LIST */
	bool later;             /* may be missing */
};

struct vmp_record {
	const struct vmp_member *members;
	size_t n;
};

/* The rows of a table: the record's type stands in the macro `T`. */
#define VMP_FIELD(type_, field)            {#field, VMP_MEMBER_##type_, offsetof(T, field), sizeof(((T *)0)->field), 0, NULL, false}
#define VMP_FIELD_ENUM(field, most_)       {#field, VMP_MEMBER_ENUM, offsetof(T, field), sizeof(((T *)0)->field), most_, NULL, false}
#define VMP_FIELD_RECORD(field, record_)   {#field, VMP_MEMBER_RECORD, offsetof(T, field), sizeof(((T *)0)->field), 0, record_, false}
#define VMP_FIELD_LIST(field, most_, record_) \
	{#field, VMP_MEMBER_LIST, offsetof(T, field), sizeof(*((T *)0)->field.v), most_, record_, false}
#define VMP_FIELD_STRINGS(field, most_)    {#field, VMP_MEMBER_STRINGS, offsetof(T, field), sizeof(char *), most_, NULL, false}

/* Of members that came later. */
#define VMP_LATER(type_, field)            {#field, VMP_MEMBER_##type_, offsetof(T, field), sizeof(((T *)0)->field), 0, NULL, true}
#define VMP_LATER_ENUM(field, most_)       {#field, VMP_MEMBER_ENUM, offsetof(T, field), sizeof(((T *)0)->field), most_, NULL, true}
#define VMP_LATER_RECORD(field, record_)   {#field, VMP_MEMBER_RECORD, offsetof(T, field), sizeof(((T *)0)->field), 0, record_, true}
#define VMP_LATER_LIST(field, most_, record_) \
	{#field, VMP_MEMBER_LIST, offsetof(T, field), sizeof(*((T *)0)->field.v), most_, record_, true}

/* Append a record as a JSON document with this schema word. Returns 0 or -ENOMEM. */
int vmp_record_write(const struct vmp_record *record, const void *data, const char *schema, struct vmp_buf *out);

/*
 * Read a document of this schema into zeroed data. name: of the file, for messages. What was read before an error is the
 * caller's to free too. Errors: EINVAL (names the member), EPROTONOSUPPORT (another schema), ENOMEM.
 */
int vmp_record_read(const struct vmp_record *record, const char *text, size_t len, const char *schema, const char *name,
		    void *data, struct vmp_err *err);

#endif
