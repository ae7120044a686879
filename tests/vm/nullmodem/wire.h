/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wire - the cable between two ends, and what each end has seen of it.
 *
 * One spinlock guards all cables.  wire_take() locks and first brings the cable up to the
 * present, so that whatever its caller then changes applies from now on and not to frames
 * that have already passed; wire_release() sends what has become possible and unlocks.
 * Functions marked "taken" are for use between these two.
 */
#ifndef NULLMODEM_WIRE_H
#define NULLMODEM_WIRE_H

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/serial.h>
#include <linux/tty.h>
#include <linux/tty_port.h>
#include <linux/wait.h>

struct frame {
	unsigned int baud;
	unsigned char bits;
	char parity; /* N O E M S */
	unsigned char stop;
};

enum {
	FLOW_RTSCTS = 1,
	FLOW_XON = 2,
};

/* What the owner of an end has set. */
struct settings {
	struct frame frame;
	unsigned int flow;
	bool hupcl;
};

enum seen_kind {
	SEEN_OPEN,
	SEEN_CLOSE,
	SEEN_SET,
	SEEN_LINES,
	SEEN_DATA,
	SEEN_BREAK_ON,
	SEEN_BREAK_OFF,
	SEEN_FLUSH,
};

#define SEEN_MAX 256  /* events remembered by an end */
#define SEEN_BYTES 32 /* bytes of a run of data shown */

struct seen {
	enum seen_kind kind;
	ktime_t at, until;
	struct settings set;
	unsigned int lines, changed; /* TIOCM bits */
	s64 lasted_ns;		     /* a break */
	unsigned int n, framing, parity, overrun, lost;
	u8 bytes[SEEN_BYTES];
};

struct end {
	struct tty_port port;
	struct end *peer;
	unsigned int index;
	bool registered, fresh, gone; /* the device: see box.c */

	unsigned int out; /* TIOCM_DTR, _RTS, _OUT1 as set at this end */
	bool throttled;	  /* as a receiver */
	bool stopped;	  /* as a sender, by tcflow() or an XOFF */
	bool breaking;
	ktime_t break_from;
	struct settings set;
	int low_latency; /* ASYNC_LOW_LATENCY or 0 */
	struct async_icount count;
	unsigned int since_overrun;

	u8 *queue; /* head and tail run freely */
	unsigned int head, tail;
	bool sending; /* the byte at the tail is on the wire */
	bool garbled; /* and the settings changed under it */
	ktime_t frame_end;
	struct hrtimer timer;
	wait_queue_head_t idle; /* until the queue is empty */

	bool push, wake; /* to do as the lock is released */

	struct seen *seen; /* a ring of SEEN_MAX */
	unsigned int seen_n;
};

extern unsigned int wire_fifo;

int wire_init(struct end *e, struct end *peer);
void wire_destroy(struct end *e);

unsigned long wire_take(struct end *e, ktime_t *now);
void wire_release(struct end *e, ktime_t now, unsigned long flags);

/* taken */
unsigned int wire_inputs(const struct end *e);
unsigned int wire_room(const struct end *e);
unsigned int wire_waiting(const struct end *e);
void wire_put(struct end *e, const u8 *data, unsigned int n);
void wire_put_ahead(struct end *e, u8 c, ktime_t now);
void wire_flush(struct end *e, ktime_t now);
void wire_set(struct end *e, const struct settings *set, ktime_t now);
void wire_break(struct end *e, bool on, ktime_t now);
void wire_reset(struct end *e, ktime_t now);

/* These take the wire themselves. */
void wire_set_lines(struct end *e, unsigned int set, unsigned int clear);
struct async_icount wire_counts(struct end *e);
bool wire_empty(struct end *e);
u64 wire_fifo_ns(struct end *e);

/* seen.c, taken: an event at this end, and the run of data that the next byte belongs to */
struct seen *see(struct end *e, enum seen_kind kind, ktime_t at);
struct seen *see_data(struct end *e, const struct settings *of, ktime_t at);
extern const struct file_operations seen_ops;

bool same_frame(const struct frame *a, const struct frame *b);

#endif
