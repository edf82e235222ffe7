/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/inquiry.h"

#include "base/clock.h"
#include "base/str.h"
#include "cli/trace.h"
#include "domain/domain.h"
#include "domain/reply.h"
#include "guard/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	AGENT_SECONDS = 5,      /* libvirt waits as long for the agent to show that it is there, and again for its answer */
	QUESTION_SECONDS = 12,  /* then the asking process gives up, whatever it waits for */
	ALL_SECONDS = 30,
	PAIRS_MAX = VMP_INSIDE_QUEUES_MAX / 2,
	ANSWERS_MAX = 256,
};

/* In the order in which they are asked. */
enum question { CONNECT, AGENT_INTERFACES, AGENT_ROUTES, RX_FILTER, VIRTIO_STATUS, VIRTIO_QUEUE, END };

static const char *const commands[] = {
	[AGENT_INTERFACES] = "guest-network-get-interfaces", [AGENT_ROUTES] = "guest-network-get-route", [RX_FILTER] = "query-rx-filter",
	[VIRTIO_STATUS] = "x-query-virtio-status", [VIRTIO_QUEUE] = "x-query-virtio-queue-status",
};

/* What goes before the text of each answer. code: 0, -errno with the error's text, or -EINPROGRESS without text: being asked. */
struct header {
	uint32_t question;
	uint32_t index;
	int32_t code;
	uint32_t len;
};

struct answer {
	struct header header;
	bool after;
	char *text;             /* header.len bytes and a NUL; owned */
};

struct vmp_inquiry {
	pid_t pid;
	int fd;
	bool dead;              /* it ended, or was given up */
	bool agent, monitor, has_alias;
	VMP_VEC(struct answer) answers;
	bool hung;              /* while it was asked this */
	struct header asked;
};

/* ---- the asking process ------------------------------------------------------------------------------------------------- */

enum { OWN_SOCKET = VMP_GUARD_FD };

struct asker {
	const struct vmp_inquiry_conf *conf;
	struct vmp_domain *domain;
	char path[160];         /* "path" of the virtio device */
};

static int write_all(const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t sent = send(OWN_SOCKET, at, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return -EPIPE;
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

static int say(enum question question, uint32_t index, int code, const char *text)
{
	struct header header = {.question = question, .index = index, .code = code, .len = text ? (uint32_t)strnlen(text, VMP_REPLY_MAX + 1) : 0};

	/* Longer than can be read: what is wrong with it is all that is told. */
	if (header.len > VMP_REPLY_MAX) {
		text = "the answer is longer than can be read";
		header.code = -EFBIG;
		header.len = (uint32_t)strlen(text);
	}
	return write_all(&header, sizeof(header)) < 0 || write_all(text, header.len) < 0 ? -EPIPE : 0;
}

/* Returns the code of the answer; -EPIPE when nobody listens any more. */
static int ask(const struct asker *asker, enum question question, uint32_t index, const char *arguments)
{
	struct vmp_err why = {0};
	char *text = NULL;
	int code = say(question, index, -EINPROGRESS, NULL), sent;

	if (code < 0)
		return code;
	alarm(QUESTION_SECONDS);
	code = arguments ? vmp_domain_ask_monitor(asker->domain, asker->conf->uuid, commands[question], arguments, &text, &why)
			 : vmp_domain_ask_agent(asker->domain, asker->conf->uuid, commands[question], AGENT_SECONDS, &text, &why);
	alarm(0);
	sent = say(question, index, code, code < 0 ? why.message : text);
	free(text);
	return sent < 0 ? sent : code;
}

static int ask_agent(const struct asker *asker, bool after)
{
	int code = ask(asker, AGENT_INTERFACES, 0, NULL);

	/* One that does not answer to the first is not asked again. */
	if (code == 0 && !after)
		code = ask(asker, AGENT_ROUTES, 0, NULL);
	return code == -EPIPE ? code : 0;
}

static int ask_monitor(const struct asker *asker)
{
	const struct vmp_inquiry_conf *conf = asker->conf;
	char arguments[256];
	int code;

	snprintf(arguments, sizeof(arguments), "\"name\":\"%.100s\"", conf->alias);
	code = ask(asker, RX_FILTER, 0, arguments);
	if (code == -EPIPE)
		return code;
	snprintf(arguments, sizeof(arguments), "\"path\":\"%s\"", asker->path);
	code = ask(asker, VIRTIO_STATUS, 0, arguments);
	for (unsigned int i = 0; code == 0 && conf->queues && i < conf->pairs && i < PAIRS_MAX; i++)
		for (unsigned int queue = 2 * i; code == 0 && queue <= 2 * i + 1; queue++) {
			snprintf(arguments, sizeof(arguments), "\"path\":\"%s\",\"queue\":%u", asker->path, queue);
			code = ask(asker, VIRTIO_QUEUE, queue, arguments);
		}
	return code == -EPIPE ? code : 0;
}

static void serve(const struct asker *asker)
{
	char request;

	for (;;) {
		ssize_t len = recv(OWN_SOCKET, &request, 1, 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len != 1 || (request != 'B' && request != 'A'))
			return;
		if (asker->conf->agent && ask_agent(asker, request == 'A') < 0)
			return;
		if (asker->conf->monitor && asker->conf->alias && ask_monitor(asker) < 0)
			return;
		if (say(END, 0, 0, NULL) < 0)
			return;
	}
}

static void run_asker(const struct vmp_inquiry_conf *conf, int fd) __attribute__((noreturn));

/* Ctrl-C goes to both from the terminal: the tracer ends it, by closing its end. */
static void run_asker(const struct vmp_inquiry_conf *conf, int fd)
{
	struct asker asker = {.conf = conf};
	struct vmp_err err = {0};
	int code;

	if (vmp_guard_child(fd) < 0)
		_exit(1);
	/* What ends it when the one that it asks hangs. */
	signal(SIGALRM, SIG_DFL);
	alarm(QUESTION_SECONDS);
	code = vmp_domain_open_writable(conf->uri, &asker.domain, &err);
	alarm(0);
	if (code == 0)
		code = vmp_guard_drop(&err);
	snprintf(asker.path, sizeof(asker.path), "/machine/peripheral/%.100s/virtio-backend", conf->alias ? conf->alias : "");
	if (say(CONNECT, 0, code, code < 0 ? err.message : NULL) == 0 && code == 0)
		serve(&asker);
	_exit(0);
}

/* ---- the tracer's side -------------------------------------------------------------------------------------------------- */

/* Read len bytes before the time is over. Returns 0; -EPIPE at its end, -ETIMEDOUT, or -EINTR when the operator wants to wait no longer. */
static int read_all(int fd, void *data, size_t len, uint64_t until_ns)
{
	char *at = data;

	while (len > 0) {
		uint64_t now_ns = vmp_clock_monotonic_ns();
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (now_ns >= until_ns)
			return -ETIMEDOUT;
		if (vmp_trace_signals() > 1)
			return -EINTR;
		if (poll(&poll_fd, 1, (int)((until_ns - now_ns) / VMP_NS_PER_MS) + 1) <= 0)
			continue;
		got = recv(fd, at, len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EPIPE;
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

/* Take what comes until END, or until `question` has its answer. */
static int take_answers(struct vmp_inquiry *inquiry, enum question last, bool after)
{
	uint64_t until_ns = vmp_clock_monotonic_ns() + ALL_SECONDS * VMP_NS_PER_S;

	for (;;) {
		struct header header;
		struct answer *answer;
		char *text;
		int code = read_all(inquiry->fd, &header, sizeof(header), until_ns);

		if (code == 0 && (header.question > END || header.len > VMP_REPLY_MAX || inquiry->answers.n >= ANSWERS_MAX))
			code = -EPROTO;
		if (code < 0) {
			inquiry->dead = inquiry->hung = true;
			return 0;
		}
		if (header.code == -EINPROGRESS) {
			inquiry->asked = header;
			continue;
		}
		if (header.question == END)
			return 0;
		text = calloc(1, header.len + 1);
		answer = text ? vmp_vec_add(&inquiry->answers) : NULL;
		if (!answer) {
			free(text);
			return -ENOMEM;
		}
		*answer = (struct answer){.header = header, .after = after, .text = text};
		if (read_all(inquiry->fd, text, header.len, until_ns) < 0) {
			inquiry->answers.n--;
			free(text);
			inquiry->dead = inquiry->hung = true;
			return 0;
		}
		if (header.question == last)
			return 0;
	}
}

int vmp_inquiry_start(const struct vmp_inquiry_conf *conf, struct vmp_inquiry **ret_inquiry, struct vmp_err *err)
{
	struct vmp_inquiry *inquiry = calloc(1, sizeof(*inquiry));
	int pair[2], code;

	if (!inquiry)
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	*inquiry = (struct vmp_inquiry){.agent = conf->agent, .monitor = conf->monitor, .has_alias = conf->alias != NULL};
	inquiry->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		code = errno;
		free(inquiry);
		return vmp_err_set(err, code, "cli", NULL, "starting the process that asks the guest: %s", strerror(code));
	}
	inquiry->pid = fork();
	if (inquiry->pid == 0)
		run_asker(conf, pair[1]);
	code = errno;
	close(pair[1]);
	if (inquiry->pid < 0) {
		close(pair[0]);
		free(inquiry);
		return vmp_err_set(err, code, "cli", NULL, "starting the process that asks the guest: %s", strerror(code));
	}
	inquiry->fd = pair[0];
	inquiry->asked.question = CONNECT;
	if (take_answers(inquiry, CONNECT, false) < 0) {
		vmp_inquiry_end(inquiry);
		return vmp_err_set(err, ENOMEM, "cli", NULL, "out of memory");
	}
	if (inquiry->answers.n && inquiry->answers.v[0].header.code < 0)
		inquiry->dead = true;
	*ret_inquiry = inquiry;
	return 0;
}

int vmp_inquiry_ask(struct vmp_inquiry *inquiry, bool after)
{
	char request = after ? 'A' : 'B';

	if (inquiry->dead)
		return 0;
	if (send(inquiry->fd, &request, 1, MSG_NOSIGNAL) != 1) {
		inquiry->dead = inquiry->hung = true;
		return 0;
	}
	return take_answers(inquiry, END, after);
}

void vmp_inquiry_end(struct vmp_inquiry *inquiry)
{
	if (!inquiry)
		return;
	close(inquiry->fd);
	/* One that still waits for an answer ends by its own alarm: nobody waits for it. */
	while (!inquiry->hung && waitpid(inquiry->pid, NULL, 0) < 0 && errno == EINTR)
		;
	vmp_vec_foreach (answer, &inquiry->answers)
		free(answer->text);
	vmp_vec_free(&inquiry->answers);
	free(inquiry);
}

/* ---- what they say ------------------------------------------------------------------------------------------------------ */

static int read_answer(const struct answer *answer, struct vmp_run *run, struct vmp_err *why)
{
	const struct vmp_mac *mac = &vmp_run_nic(run)->mac;
	size_t len = answer->header.len;

	if (answer->header.code < 0)
		return vmp_err_set(why, -answer->header.code, "cli", NULL, "%.*s", (int)strcspn(answer->text, "\r\n"), answer->text);
	switch ((enum question)answer->header.question) {
	case AGENT_INTERFACES:
		return vmp_reply_interfaces(answer->text, len, mac, answer->after, &run->inside.agent, &run->gauges, why);
	case AGENT_ROUTES: return vmp_reply_routes(answer->text, len, &run->inside.agent, why);
	case RX_FILTER: return vmp_reply_rx_filter(answer->text, len, &run->inside.driver, why);
	case VIRTIO_STATUS: return vmp_reply_virtio_status(answer->text, len, &run->inside.driver, why);
	case VIRTIO_QUEUE: return vmp_reply_virtio_queue(answer->text, len, answer->header.index, answer->after, &run->inside.driver, why);
	case CONNECT:
	case END: break;
	}
	return 0;
}

static bool is_agents(uint32_t question)
{
	return question == AGENT_INTERFACES || question == AGENT_ROUTES;
}

/* The first thing that could not be asked is the reason; what follows from it adds nothing. */
static int keep_why(char **slot, const char *why)
{
	return *slot ? 0 : vmp_str_set(slot, why);
}

static int tell_hung(const struct vmp_inquiry *inquiry, struct vmp_run *run)
{
	bool agent = is_agents(inquiry->asked.question);
	const char *command = commands[inquiry->asked.question < END ? inquiry->asked.question : 0];
	const char *who = inquiry->asked.question == CONNECT ? "libvirt" : agent ? "the guest's agent" : "QEMU";
	char why[200];

	snprintf(why, sizeof(why), "%s did not answer%s%s within %d s", who, command ? " to " : "", command ? command : "", QUESTION_SECONDS);
	if (inquiry->agent && (agent || inquiry->asked.question == CONNECT) && keep_why(&run->inside.agent.why_not, why) < 0)
		return -ENOMEM;
	return inquiry->monitor ? keep_why(&run->inside.driver.why_not, why) : 0;
}

static int tell_answers(const struct vmp_inquiry *inquiry, struct vmp_run *run)
{
	vmp_vec_foreach (answer, &inquiry->answers) {
		struct vmp_err why = {0};
		int code = read_answer(answer, run, &why);

		if (code == -ENOMEM)
			return code;
		if (code == 0)
			continue;
		/* Routes are told by a new agent only: that is no failure worth a word. */
		if (answer->header.question == AGENT_ROUTES)
			continue;
		if (inquiry->agent && !(answer->header.question > AGENT_ROUTES) && keep_why(&run->inside.agent.why_not, why.message) < 0)
			return -ENOMEM;
		if (inquiry->monitor && !is_agents(answer->header.question) && keep_why(&run->inside.driver.why_not, why.message) < 0)
			return -ENOMEM;
	}
	return 0;
}

int vmp_inquiry_tell(const struct vmp_inquiry *inquiry, struct vmp_run *run)
{
	run->inside.agent.asked = inquiry->agent;
	run->inside.driver.asked = inquiry->monitor;
	if (tell_answers(inquiry, run) < 0 || (inquiry->hung && tell_hung(inquiry, run) < 0))
		return -ENOMEM;
	if (inquiry->monitor && !inquiry->has_alias && keep_why(&run->inside.driver.why_not, "the interface has no alias in the domain XML") < 0)
		return -ENOMEM;
	if (run->inside.agent.why_not)
		vmp_run_note(run, "the guest's agent: %s", run->inside.agent.why_not);
	if (run->inside.driver.why_not)
		vmp_run_note(run, "QEMU's monitor: %s", run->inside.driver.why_not);
	return 0;
}
