/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of subcommands, and nothing else of substance. */
#include "base/log.h"
#include "base/str.h"
#include "cli/cmd.h"
#include "guard/guard.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct vmp_command commands[] = {
	{"trace", "GUEST [ADDRESS] [options]", "find where a guest's packets vanish, and why",
	 VMP_OPT_INTERFACE | VMP_OPT_DURATION | VMP_OPT_FILTER | VMP_OPT_WRITE | VMP_OPT_PROMISC | VMP_OPT_PAYLOAD |
		 VMP_OPT_BUFFER | VMP_OPT_SLOW | VMP_OPT_ASK | VMP_OPT_DOMAIN_XML, 0, 2, vmp_cmd_trace},
	{"analyze", "EVIDENCE | HOP=FILE ...", "judge again what was captured: a trace's evidence, or anybody's files",
	 VMP_OPT_GUEST | VMP_OPT_INTERFACE | VMP_OPT_SLOW | VMP_OPT_DOMAIN_XML, 1, INT_MAX, vmp_cmd_analyze},
	{"path", "GUEST [options]", "show a guest's path through this host and what is already wrong with it",
	 VMP_OPT_INTERFACE | VMP_OPT_DOMAIN_XML, 0, 1, vmp_cmd_path},
	{"list", "[options]", "show the guests, their interfaces, backends and addresses", 0, 0, 0, vmp_cmd_list},
	{"doctor", "[options]", "show what this host lets be seen, and what is missing for which answers", 0, 0, 0, vmp_cmd_doctor},
	{"explain", "[CODE]", "what the code of a finding means, and what to do; without CODE all of them", 0, 0, INT_MAX, vmp_cmd_explain},
	{"__complete", "WHAT", NULL, 0, 1, 2, vmp_cmd_complete},
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void print_usage(const struct vmp_command *command)
{
	if (command) {
		printf("usage: vmpath %s %s\n%s\n\n", command->name, command->synopsis, command->summary ? command->summary : "");
		vmp_options_help(command->options, stdout);
		return;
	}
	printf("usage: vmpath [options] COMMAND ...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].summary)
			printf("  %-7s %-28s %s\n", commands[i].name, commands[i].synopsis, commands[i].summary);
	printf("\n");
	vmp_options_help(0, stdout);
	printf("\nExit status: 0 no loss found, 1 something is wrong, 2 loss found and located, 3 cannot say. See vmpath(8).\n");
}

static const struct vmp_command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool be_verbose;

static void print_log(enum vmp_log_level level, const char *line)
{
	if (level == VMP_LOG_WARN || be_verbose)
		fprintf(stderr, "vmpath: %s%s\n", level == VMP_LOG_WARN ? "warning: " : "", line);
}

static int unknown_command(const char *name)
{
	const char *near = NULL;
	unsigned int least = 3;
	struct vmp_err err = {0};

	for (size_t i = 0; i < COMMANDS; i++) {
		unsigned int distance = vmp_str_distance(name, commands[i].name);

		if (commands[i].summary && distance < least) {
			least = distance;
			near = commands[i].name;
		}
	}
	vmp_err_set(&err, EINVAL, "cli", name, "there is no command \"%s\"%s%s%s; see vmpath --help", name,
		    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return vmp_cmd_fail(&err);
}

int main(int argc, char **argv)
{
	struct vmp_options options;
	struct vmp_err err = {0};
	const struct vmp_command *command = NULL;
	int used;

	setlocale(LC_CTYPE, "");
	if (vmp_guard_begin(&err) < 0)
		return vmp_cmd_fail(&err);
	vmp_options_init(&options);
	used = vmp_options_parse(argc, argv, NULL, 0, &options, &err);
	if (used < 0)
		return vmp_cmd_fail(&err);
	if (used < argc) {
		command = find_command(argv[used]);
		if (!command)
			return unknown_command(argv[used]);
		if (vmp_options_parse(argc - used, argv + used, command->name, command->options, &options, &err) < 0)
			return vmp_cmd_fail(&err);
	}
	if (options.version) {
		printf("vmpath %s\n", PACKAGE_VERSION);
		return VMP_EXIT_OK;
	}
	if (options.help) {
		print_usage(command);
		return VMP_EXIT_OK;
	}
	if (!command) {
		vmp_err_set(&err, EINVAL, "cli", NULL, "no command was given; try: vmpath trace GUEST, or vmpath --help");
		return vmp_cmd_fail(&err);
	}
	if (options.n_args > command->max_args) {
		vmp_err_set(&err, EINVAL, "cli", command->name, "\"%s\" is one word too many; usage: vmpath %s %s",
			    options.args[command->max_args], command->name, command->synopsis);
		return vmp_cmd_fail(&err);
	}
	if (options.n_args < command->min_args) {
		vmp_err_set(&err, EINVAL, "cli", command->name, "a word is missing; usage: vmpath %s %s", command->name,
			    command->synopsis);
		return vmp_cmd_fail(&err);
	}
	be_verbose = options.verbose > 0;
	vmp_log_set_sink(print_log);
	return command->run(&options);
}
