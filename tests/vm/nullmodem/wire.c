// SPDX-License-Identifier: GPL-2.0
/*
 * wire - bytes, breaks and modem lines from one end of the cable to the other.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tty_flip.h>

#include "wire.h"

#define TICK_NS (NSEC_PER_SEC / 1000) /* how often a timer tends the wire */

static unsigned int queue = 4096;
module_param(queue, uint, 0444);
MODULE_PARM_DESC(queue, "bytes that an end queues for sending");

static bool pace;
module_param(pace, bool, 0644);
MODULE_PARM_DESC(pace, "frames take their time");

unsigned int wire_fifo = 16;
module_param_named(fifo, wire_fifo, uint, 0644);
MODULE_PARM_DESC(fifo, "bytes of the queue that count as sent, with pace");

static bool strict;
module_param(strict, bool, 0644);
MODULE_PARM_DESC(strict, "settings that differ between the ends make errors");

static unsigned int overrun;
module_param(overrun, uint, 0644);
MODULE_PARM_DESC(overrun, "lose every N-th byte received as an overrun");

static DEFINE_SPINLOCK(wires_lock);

/* --- the transmitter ------------------------------------------------------------- */

unsigned int wire_inputs(const struct end *e)
{
	unsigned int out = e->peer->out;

	return (out & TIOCM_RTS ? TIOCM_CTS : 0) | (out & TIOCM_DTR ? TIOCM_DSR | TIOCM_CAR : 0) |
	       (out & TIOCM_OUT1 ? TIOCM_RI : 0);
}

bool same_frame(const struct frame *a, const struct frame *b)
{
	return a->baud == b->baud && a->bits == b->bits && a->parity == b->parity &&
	       a->stop == b->stop;
}

static u64 frame_ns(const struct frame *f)
{
	/* in halves of a bit: two stop bits are one and a half with five data bits */
	unsigned int halves = 2 * (1 + f->bits + (f->parity != 'N'));

	halves += f->stop == 1 ? 2 : f->bits == 5 ? 3 : 4;
	return div_u64((u64)halves * NSEC_PER_SEC / 2, f->baud);
}

static unsigned int queued(const struct end *e)
{
	return e->head - e->tail;
}

/* Of these, the bytes that the transmitter already has. */
static unsigned int in_transmitter(const struct end *e)
{
	return pace ? min(queued(e), max(wire_fifo, 1u)) : 0;
}

static bool may_send(const struct end *e)
{
	if (!queued(e) || e->stopped)
		return false;
	if (e->set.flow & FLOW_RTSCTS && !(wire_inputs(e) & TIOCM_CTS))
		return false;
	/* where sending takes no time, nothing else keeps a sender from a slow receiver */
	return pace || !e->peer->throttled;
}

static bool speeds_differ(unsigned int a, unsigned int b)
{
	return 20ULL * (a > b ? a - b : b - a) > b;
}

/* How the other end takes a byte that is sent now. */
static char judge(const struct end *e)
{
	const struct frame *a = &e->set.frame, *b = &e->peer->set.frame;

	if (!strict)
		return TTY_NORMAL;
	if (e->garbled || a->bits != b->bits || speeds_differ(a->baud, b->baud))
		return TTY_FRAME;
	return a->parity != b->parity ? TTY_PARITY : TTY_NORMAL;
}

/* A byte of @e's arrives at the other end. */
static void arrive(struct end *e, u8 c, ktime_t at)
{
	struct end *peer = e->peer;
	struct seen *s = see_data(peer, &e->set, at);
	char flag = judge(e);

	c &= GENMASK(e->set.frame.bits - 1, 0);
	if (s->n < SEEN_BYTES)
		s->bytes[s->n] = c;
	s->n++;
	e->count.tx++;
	if (!tty_port_initialized(&peer->port) || (strict && e->breaking)) {
		s->lost++;
		return;
	}
	peer->push = true;
	if (overrun && ++peer->since_overrun >= overrun) {
		peer->since_overrun = 0;
		peer->count.overrun++;
		s->overrun++;
		tty_insert_flip_char(&peer->port, 0, TTY_OVERRUN);
		return;
	}
	peer->count.rx++;
	peer->count.frame += flag == TTY_FRAME;
	peer->count.parity += flag == TTY_PARITY;
	s->framing += flag == TTY_FRAME;
	s->parity += flag == TTY_PARITY;
	if (!tty_insert_flip_char(&peer->port, c, flag)) {
		peer->count.buf_overrun++;
		s->overrun++;
	}
}

/* Sends what @e has had time for by @now, with the settings that it has had so far. */
static void transmit(struct end *e, ktime_t now)
{
	bool sent = false;

	if (!e->sending && may_send(e)) {
		e->sending = true;
		e->frame_end = ktime_add_ns(now, frame_ns(&e->set.frame));
	}
	while (e->sending && (!pace || ktime_compare(e->frame_end, now) <= 0)) {
		arrive(e, e->queue[e->tail++ % queue], pace ? e->frame_end : now);
		e->garbled = false;
		e->frame_end = ktime_add_ns(e->frame_end, frame_ns(&e->set.frame));
		e->sending = may_send(e);
		sent = true;
	}
	if (e->sending && !hrtimer_is_queued(&e->timer)) {
		ktime_t tick = ktime_add_ns(now, TICK_NS);

		if (ktime_compare(e->frame_end, tick) > 0)
			tick = e->frame_end;
		hrtimer_start(&e->timer, tick, HRTIMER_MODE_ABS_SOFT);
	}
	if (sent && queued(e) < queue / 4)
		e->wake = true;
	if (sent && !queued(e))
		wake_up(&e->idle);
}

/* --- taking and releasing ----------------------------------------------------------- */

unsigned long wire_take(struct end *e, ktime_t *now)
{
	unsigned long flags;

	spin_lock_irqsave(&wires_lock, flags);
	*now = ktime_get();
	transmit(e, *now);
	transmit(e->peer, *now);
	return flags;
}

void wire_release(struct end *e, ktime_t now, unsigned long flags)
{
	struct end *both[] = {e, e->peer};
	bool wake[2];
	int i;

	for (i = 0; i < 2; i++)
		transmit(both[i], now);
	for (i = 0; i < 2; i++) {
		if (both[i]->push)
			tty_flip_buffer_push(&both[i]->port);
		wake[i] = both[i]->wake;
		both[i]->push = both[i]->wake = false;
	}
	spin_unlock_irqrestore(&wires_lock, flags);
	/* outside the lock: a line discipline may write at once */
	for (i = 0; i < 2; i++)
		if (wake[i])
			tty_port_tty_wakeup(&both[i]->port);
}

static enum hrtimer_restart tend(struct hrtimer *timer)
{
	struct end *e = container_of(timer, struct end, timer);
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	wire_release(e, now, flags);
	return HRTIMER_NORESTART;
}

/* --- bytes and breaks ------------------------------------------------------------------ */

unsigned int wire_room(const struct end *e)
{
	return queue - queued(e);
}

unsigned int wire_waiting(const struct end *e)
{
	return queued(e) - in_transmitter(e);
}

void wire_put(struct end *e, const u8 *data, unsigned int n)
{
	while (n--)
		e->queue[e->head++ % queue] = *data++;
}

void wire_put_ahead(struct end *e, u8 c, ktime_t now)
{
	arrive(e, c, now);
}

void wire_flush(struct end *e, ktime_t now)
{
	unsigned int n = wire_waiting(e);

	if (n) {
		e->head -= n;
		see(e, SEEN_FLUSH, now)->n = n;
	}
	e->wake = true;
}

void wire_break(struct end *e, bool on, ktime_t now)
{
	struct end *peer = e->peer;

	if (on == e->breaking)
		return;
	e->breaking = on;
	if (!on) {
		see(peer, SEEN_BREAK_OFF, now)->lasted_ns = ktime_sub(now, e->break_from);
		return;
	}
	e->break_from = now;
	see(peer, SEEN_BREAK_ON, now);
	if (tty_port_initialized(&peer->port)) {
		peer->count.brk++;
		tty_insert_flip_char(&peer->port, 0, TTY_BREAK);
		peer->push = true;
	}
}

void wire_set(struct end *e, const struct settings *set, ktime_t now)
{
	bool same = same_frame(&set->frame, &e->set.frame);

	if (same && set->flow == e->set.flow && set->hupcl == e->set.hupcl)
		return;
	e->garbled |= e->sending && !same;
	e->set = *set;
	see(e, SEEN_SET, now)->set = *set;
}

/* The port is switched off. */
void wire_reset(struct end *e, ktime_t now)
{
	wire_break(e, false, now);
	e->tail = e->head;
	e->sending = e->garbled = e->stopped = e->throttled = false;
	wake_up(&e->idle);
}

/* --- lines and counts -------------------------------------------------------------------- */

void wire_set_lines(struct end *e, unsigned int set, unsigned int clear)
{
	struct end *peer = e->peer;
	unsigned int before, after, changed;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	before = wire_inputs(peer);
	e->out = (e->out & ~clear) | set;
	after = wire_inputs(peer);
	changed = before ^ after;
	peer->count.cts += !!(changed & TIOCM_CTS);
	peer->count.dsr += !!(changed & TIOCM_DSR);
	peer->count.dcd += !!(changed & TIOCM_CAR);
	peer->count.rng += !!(before & ~after & TIOCM_RI); /* a ring counts as it ends */
	if (changed) {
		struct seen *s = see(peer, SEEN_LINES, now);

		s->lines = after;
		s->changed = changed;
	}
	wire_release(e, now, flags);

	if (!changed)
		return;
	wake_up_interruptible(&peer->port.delta_msr_wait);
	if (changed & TIOCM_CAR) {
		if (after & TIOCM_CAR)
			wake_up_interruptible(&peer->port.open_wait);
		else
			tty_port_tty_hangup(&peer->port, true);
	}
}

struct async_icount wire_counts(struct end *e)
{
	ktime_t now;
	unsigned long flags = wire_take(e, &now);
	struct async_icount count = e->count;

	wire_release(e, now, flags);
	return count;
}

bool wire_empty(struct end *e)
{
	ktime_t now;
	unsigned long flags = wire_take(e, &now);
	bool empty = !queued(e);

	wire_release(e, now, flags);
	return empty;
}

/* The time that the transmitter needs for all it can hold. */
u64 wire_fifo_ns(struct end *e)
{
	ktime_t now;
	unsigned long flags = wire_take(e, &now);
	u64 ns = max(wire_fifo, 1u) * frame_ns(&e->set.frame);

	wire_release(e, now, flags);
	return ns;
}

/* --- birth and death ------------------------------------------------------------------------ */

int wire_init(struct end *e, struct end *peer)
{
	if (!is_power_of_2(queue) || queue > 1 << 20)
		return -EINVAL;
	e->peer = peer;
	e->set.frame = (struct frame){.baud = 9600, .bits = 8, .parity = 'N', .stop = 1};
	init_waitqueue_head(&e->idle);
	hrtimer_init(&e->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	e->timer.function = tend;
	e->queue = kmalloc(queue, GFP_KERNEL);
	e->seen = kcalloc(SEEN_MAX, sizeof(*e->seen), GFP_KERNEL);
	if (e->queue && e->seen)
		return 0;
	kfree(e->queue);
	kfree(e->seen);
	return -ENOMEM;
}

/* The port must have been switched off. */
void wire_destroy(struct end *e)
{
	hrtimer_cancel(&e->timer);
	kfree(e->queue);
	kfree(e->seen);
}
