/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's numbers for the reason of a state and for a job, in its own words. */
#include "domain/connection.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Those that tell something: "unknown", and that a guest simply was booted or shut down, are left out. */
static const struct {
	int state, reason;
	const char *word;
} reasons[] = {
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, "migrated"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED, "restored"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_FROM_SNAPSHOT, "from snapshot"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED, "unpaused"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATION_CANCELED, "migration canceled"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_SAVE_CANCELED, "save canceled"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_WAKEUP, "event wakeup"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_CRASHED, "crashed"},
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY, "post-copy migration"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, "user"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, "migrating"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE, "saving"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_DUMP, "dumping"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, "I/O error"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_WATCHDOG, "watchdog"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_FROM_SNAPSHOT, "from snapshot"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SHUTTING_DOWN, "shutting down"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SNAPSHOT, "creating snapshot"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_CRASHED, "crashed"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP, "starting up"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY, "post-copy migration"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED, "post-copy migration failed"},
	{VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED, "destroyed"},
	{VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED, "crashed"},
	{VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_MIGRATED, "migrated"},
	{VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SAVED, "saved"},
	{VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED, "failed"},
	{VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED, "panicked"},
};

static const struct {
	int operation;
	const char *word;
} jobs[] = {
	{VIR_DOMAIN_JOB_OPERATION_START, "start"},
	{VIR_DOMAIN_JOB_OPERATION_SAVE, "save"},
	{VIR_DOMAIN_JOB_OPERATION_RESTORE, "restore"},
	{VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN, "incoming migration"},
	{VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT, "outgoing migration"},
	{VIR_DOMAIN_JOB_OPERATION_SNAPSHOT, "snapshot"},
	{VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT, "snapshot revert"},
	{VIR_DOMAIN_JOB_OPERATION_DUMP, "dump"},
};

const char *vmp_libvirt_reason(int state, int reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].state == state && reasons[i].reason == reason)
			return reasons[i].word;
	return NULL;
}

static const char *job_name(int operation)
{
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		if (jobs[i].operation == operation)
			return jobs[i].word;
	return NULL;
}

int vmp_libvirt_job(virDomainPtr libvirt_domain, struct vmp_guest *guest)
{
	virDomainJobInfo job = {0};
	virTypedParameterPtr params = NULL;
	int type = VIR_DOMAIN_JOB_NONE, n = 0, operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

	if (virDomainGetJobInfo(libvirt_domain, &job) != 0 || job.type == VIR_DOMAIN_JOB_NONE) {
		guest->job_active = false;
		return vmp_str_set(&guest->job, NULL);
	}
	guest->job_active = true;
	if (virDomainGetJobStats(libvirt_domain, &type, &params, &n, 0) == 0)
		virTypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
	virTypedParamsFree(params, n);
	return vmp_str_set(&guest->job, job_name(operation));
}
